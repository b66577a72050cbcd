// What serve() takes: options of the server and of each of its cameras.

import type { SourceOptions } from "../../capture/open.ts";
import type { CodecName } from "../../codec/codecs.ts";

/** The options of one camera, with a value for each. */
export interface ResolvedCameraOptions extends SourceOptions {
  /** The name for viewers; null = the name of the source. */
  name: string | null;
  /** Levels by which a pixel may differ without being sent again; 0 = exact, null = every pixel is always sent. */
  noise: number | null;
  /** Seconds without a viewer after which the source is released; null = never. */
  idleReleaseSeconds: number | null;
}

/** The options of the server, with a value for each. */
export interface ResolvedServeOptions {
  /** At least one; viewers that name no camera get the first. */
  cameras: ResolvedCameraOptions[];
  codec: CodecName;
  /** Encoder threads. */
  workers: number;
  /** The address to listen on. */
  host: string;
  /** TCP port; 0 = any free port. */
  port: number;
  /** Announce the server on the local network, if it listens beyond this machine. */
  announce: boolean;
  /** Viewers may set the controls of cameras. */
  allowControls: boolean;
  /** Age of a viewer's picture from which it is sent less, in milliseconds; null = any age. */
  maxLatencyMs: number | null;
  /** Most bits a second for one viewer; null = no limit. */
  maxBitsPerSecond: number | null;
  /** Each camera ends after this number of captured frames; null = never. */
  frames: number | null;
}
