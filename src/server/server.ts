// A running server, as the caller of serve() sees it.

import type { CameraChanges } from "./cameras/camera-group.ts";
import type { ServeReport } from "./report/report.ts";
import type { ServeOptions } from "./settings/options.ts";

/** A running server. It ends when all its cameras have ended, or when it is closed. */
export interface Server extends AsyncDisposable {
  /** The address on which the server listens, as given in the options. */
  readonly host: string;
  /** The TCP port on which the server listens. */
  readonly port: number;
  /** The HTTP door: its port, and whether it uses TLS. Null if there is none. */
  readonly http: { readonly port: number; readonly tls: boolean } | null;
  /** Whether viewers need a key. */
  readonly needsKey: boolean;
  /**
   * The first key of the key store, for people who may watch. The server has made it, because the key store was empty. Null if
   * there is no such key.
   */
  readonly firstKey: string | null;
  /** The SHA-256 of the server's public key (SPKI) in base64. Viewers recognise the server by it. Null without TLS. */
  readonly publicKey: string | null;
  /**
   * The host names in the server's certificate, if it is from an authority. Viewers have to use one of them. Otherwise the list
   * is empty.
   */
  readonly hostNames: readonly string[];
  /** Returns the current figures: frames, viewers, bytes, and drops by reason. */
  report(): ServeReport;
  /**
   * Takes new options. Cameras whose options have not changed go on, and their viewers stay connected. Viewers of the others are
   * told, and connect again. New keys, and new limits of latency and bit rate for one viewer, hold for viewers that connect from
   * then on; viewers whose key is gone are disconnected. Resolves with what has changed. Rejects with UsageError for options
   * that are not allowed or after the end of the server, and with MissingError for a missing program, and then nothing has changed.
   * Calls while another one runs wait for it.
   */
  change(options: ServeOptions): Promise<OptionChanges>;
  /**
   * Resolves with the last report when the server has ended and all resources are released. Rejects with the first camera's error
   * when all cameras failed, and with CodecError when codec threads fail repeatedly. If no code
   * reads this property, a rejection does not end the process, and the log has the error at level `warning`.
   */
  readonly closed: Promise<ServeReport>;
  /**
   * Sends Goodbye to the viewers and releases all resources. The promise resolves when this is done, at most some seconds later.
   * It never rejects.
   */
  close(): Promise<void>;
}

/** What new options have changed in a running server. */
export interface OptionChanges {
  cameras: CameraChanges;
  /** The names of the options that are different and hold only after a restart of the server. */
  pending: string[];
}
