// What serve() takes: the options of a server and of each of its cameras.

import type { Setting } from "../../capture/control-values.ts";
import type { SourceOptions } from "../../capture/open.ts";
import type { FrameFormat, Source } from "../../capture/source.ts";
import type { CodecName } from "../../codec/codecs.ts";
import type { Log } from "../../core/log.ts";
import type { Sampling, Size } from "../../core/pixel-format.ts";
import type { Trace } from "../../core/trace.ts";
import type { Rendition } from "../renditions/rendition.ts";

/** Options of a server. Each may be left out; docs/options.md lists the flags of the same names. */
export interface ServeOptions {
  /** The cameras, 1 to 64. Viewers that name no camera get the first. Default: the first camera that is plugged in, or the pattern. */
  cameras?: readonly CameraOptions[] | undefined;
  /** `simd` is fast and sends only what changed; `jsquash` makes smaller pictures, slowly. Default: `simd`. */
  codec?: CodecName | undefined;
  /** Encoder threads, 1 to 64. Default: one for each core, up to 8. */
  workers?: number | undefined;
  /** The address to listen on; `0.0.0.0` for all addresses of this machine. Default: `127.0.0.1`. */
  host?: string | undefined;
  /** TCP port; 0 for any free port, which the `port` of the server then names. Default: 10050. */
  port?: number | undefined;
  /** Announce the server on the local network by mDNS. A server on 127.0.0.1 is never announced. Default: true. */
  announce?: boolean | undefined;
  /** Viewers may set brightness, exposure and other controls of a camera. Default: false. */
  allowControls?: boolean | undefined;
  /**
   * Age of a viewer's picture, in milliseconds, from which that viewer is sent less: lower quality first, then a smaller size, then
   * fewer frames. Null = any age. Default: 250.
   */
  maxLatencyMs?: number | null | undefined;
  /** Most bits a second for one viewer, from 10 000 on. Default: no limit. */
  maxBitsPerSecond?: number | null | undefined;
  /** Each camera ends after this number of captured frames. Default: never. */
  frames?: number | null | undefined;
  /** Closes the server when it aborts, as `close()` does. */
  signal?: AbortSignal | undefined;
  /** Hears what an operator wants to know. Subjects: `server`, `capture`, `camera`, `deliver`. Default: silent. */
  log?: Log | undefined;
  /** Hears how long each step of each frame took. Default: none. */
  trace?: Trace | null | undefined;
  /** Called after each frame of each rendition, in the path of the frame. For tests that compare what the server holds. */
  onTiles?: ((rendition: Rendition) => void) | undefined;
}

/** Options of one camera. All but `source` may be left out. */
export interface CameraOptions {
  /**
   * Where frames come from: as after `--source` (`auto`, `pattern`, `screen`, a device, the index or name of a camera, a file, a
   * URL, `-`), a camera of `createCamera()`, or any other object that is a `Source`.
   */
  source: string | Source;
  /** The name for viewers. Default: the name of the source. */
  name?: string | undefined;
  /** The folder from which a path in `source` counts. Default: the working directory. */
  folder?: string | undefined;
  /** Where a settings file says `source`; errors begin with it. */
  writtenAt?: string | undefined;
  /** With the source `webcam`: which device. */
  device?: string | null | undefined;
  /** For `-`: the layout of the frames (default `rgba`). For a camera: the format that it is asked for (default: the best one). */
  pixelFormat?: FrameFormat | null | undefined;
  /** Controls of the camera to set, in this order. */
  settings?: readonly Setting[] | undefined;
  /** Size of the picture in pixels. Default: the source's own; 1280 × 720 for `pattern` and `webcam`. */
  size?: Size | null | undefined;
  /** Frames a second, 0 to 1000. Default: the source's own; 30 for `pattern` and `webcam`. */
  framesPerSecond?: number | null | undefined;
  /** JPEG quality, 1 to 100. Default: 75; 90 for a screen. */
  quality?: number | undefined;
  /** Colour in half the lines and columns (`420`) or in all (`444`). Default: `420`; `444` for a screen. */
  sampling?: Sampling | undefined;
  /** Levels (0 to 64) by which a pixel may differ without being sent again; null = every pixel is always sent. Default: 2; 0 for a screen. */
  noise?: number | null | undefined;
  /** Seconds without a viewer after which the source is released; null = never. Default: never. */
  idleReleaseSeconds?: number | null | undefined;
}

/** The options of one camera, checked and with a value for each. */
export interface ResolvedCameraOptions extends Omit<SourceOptions, "source"> {
  source: string | Source;
  quality: number;
  sampling: Sampling;
  /** Null = the name of the source. */
  name: string | null;
  noise: number | null;
  idleReleaseSeconds: number | null;
}

/** The options of a server, checked and with a value for each. */
export interface ResolvedServeOptions {
  cameras: ResolvedCameraOptions[];
  codec: CodecName;
  workers: number;
  host: string;
  port: number;
  announce: boolean;
  allowControls: boolean;
  maxLatencyMs: number | null;
  maxBitsPerSecond: number | null;
  frames: number | null;
}
