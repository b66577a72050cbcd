// The options of serve(), for a server and for each of its cameras.

import type { Setting } from "../../capture/control-values.ts";
import type { SourceOptions } from "../../capture/open.ts";
import type { FrameFormat, Source } from "../../capture/source.ts";
import type { CodecName } from "../../codec/codecs.ts";
import type { Log } from "../../core/log.ts";
import type { Sampling, Size } from "../../core/pixel-format.ts";
import type { Trace } from "../../core/trace.ts";
import type { KeyOptions } from "../access/given-keys.ts";
import type { RingKey } from "../access/key-ring.ts";
import type { IdentityFiles } from "../access/certificate-files.ts";
import type { AccessLimits } from "../access/limits.ts";
import type { WatchSettings } from "../motion/motion-watch.ts";
import type { MotionReport } from "../../core/motion.ts";
import type { MqttSettings } from "../motion/outputs/mqtt.ts";
import type { KeepSettings } from "../past/recent-frames.ts";
import type { RecordSettings } from "../record/recordings.ts";
import type { Rendition } from "../renditions/rendition.ts";

/** The options of a server. All are optional. docs/options.md describes the flags that have the same names. */
export interface ServeOptions {
  /**
   * The cameras, 1 to 64. Viewers that name no camera get the first. Default: the first camera that is plugged in, or the
   * pattern.
   */
  cameras?: readonly CameraOptions[] | undefined;
  /** The encoder. `simd` is fast and sends only changed tiles. `jsquash` is slow and makes smaller pictures. Default: `simd`. */
  codec?: CodecName | undefined;
  /** Encoder threads, 1 to 64. Default: one for each core, up to 8. */
  workers?: number | undefined;
  /** The address to listen on. `0.0.0.0` means all addresses of this machine. Default: `127.0.0.1`. */
  host?: string | undefined;
  /** The TCP port. With 0 the system chooses a free port, and the server's `port` tells it. Default: 10050. */
  port?: number | undefined;
  /**
   * The HTTP door: the web page, and the addresses for other programs (docs/web.md). It listens on `host`. Null or undefined means
   * no such door.
   */
  http?: HttpOptions | null | undefined;
  /**
   * Whether viewers connect with TLS. Default: true if the server listens beyond this machine or `tlsCert` is given. Without
   * `tlsCert` the server makes a key and a certificate at its first start, and keeps them in the state folder.
   */
  tls?: boolean | undefined;
  /** A file with the server's certificate and those of its issuers (PEM). It is read again when it changes. */
  tlsCert?: string | undefined;
  /** A file with the key of the certificate (PEM). Default: the file of `tlsCert`. */
  tlsKey?: string | undefined;
  /** Whether to announce the server on the local network by mDNS. A server on 127.0.0.1 is never announced. Default: true. */
  announce?: boolean | undefined;
  /**
   * The keys of viewers. If there are any, every viewer needs one. Without this option, a server on 127.0.0.1 needs no keys. Any
   * other server then uses the key store, and adds a first key if the store is empty.
   */
  keys?: readonly KeyOptions[] | undefined;
  /**
   * The file of the key store. Its keys are valid in addition to `keys`. Null means no key store. Default: `keys.json` in the
   * state folder.
   */
  keyStore?: string | null | undefined;
  /** True to serve without keys. Everybody who reaches the port can then watch. Default: false. */
  open?: boolean | undefined;
  /** Whether viewers may set brightness, exposure and other controls of a camera. Default: false. */
  allowControls?: boolean | undefined;
  /**
   * The largest age of a viewer's picture in milliseconds. When its link is too slow for this age, the viewer gets lower quality
   * first, then a smaller size, then fewer frames. Null accepts any age. Default: 250.
   */
  maxLatencyMs?: number | null | undefined;
  /** The largest bit rate for one viewer, in bits a second, at least 10 000. Default: no limit. */
  maxBitsPerSecond?: number | null | undefined;
  /** Limits for viewers and for unknown connections. A limit that is not given has the default in `server/access/limits.ts`. */
  access?: { [Limit in keyof AccessLimits]?: AccessLimits[Limit] | undefined } | undefined;
  /** Each camera ends after this number of captured frames. Default: never. */
  frames?: number | null | undefined;
  /** The server closes when this signal aborts, as with `close()`. */
  signal?: AbortSignal | undefined;
  /** Receives the log. Its subjects are `server`, `capture`, `camera` and `deliver`. Default: no log. */
  log?: Log | undefined;
  /** Receives the duration of each step of each frame. Default: no trace. */
  trace?: Trace | null | undefined;
  /** Publishes motion to an MQTT broker, with descriptions for Home Assistant (docs/motion.md). Default: none. */
  mqtt?: MqttOptions | null | undefined;
  /** The server calls this when motion starts, goes on or ends (`motion` of a camera). */
  onEvent?: ((event: MotionReport) => void) | undefined;
  /**
   * The server calls this after it has encoded a frame in one size and quality. It is for tests that check the server's pictures.
   */
  onTiles?: ((rendition: Rendition) => void) | undefined;
}

/** The options of the HTTP door. All are optional. */
export interface HttpOptions {
  /**
   * The TCP port of HTTP. With 0 the system chooses a free port. The default is 10080. If another program uses the default port, the
   * server runs without HTTP.
   */
  port?: number | undefined;
  /** Further host names of the server, for example that of a proxy in front of it. `*.example.org` stands for all names below. */
  names?: readonly string[] | undefined;
  /** The origins whose pages may use the server, for example `https://example.org`. */
  allowedOrigins?: readonly string[] | undefined;
  /** The IP addresses of proxies whose headers X-Forwarded-For, -Proto and -Host are trusted. */
  trustedProxies?: readonly string[] | undefined;
}

/** The options of the HTTP door after the check, with defaults filled in. */
export interface ResolvedHttpOptions {
  port: number;
  /** Whether the port was not chosen by the operator. */
  isDefaultPort: boolean;
  names: string[];
  allowedOrigins: string[];
  trustedProxies: string[];
}

/** The options of a camera's recording. All options but `folder` are optional. */
export interface RecordOptions {
  /** The folder of the recordings, which may be shared by cameras. Each camera gets a folder of its own in it. */
  folder: string;
  /** The length of a file in seconds, 10 to 86 400. Files begin at round times. Default: 600. */
  segmentSeconds?: number | undefined;
  /**
   * The codec of the files. With `h264`, each finished file is written again, at low priority, and replaced: a fraction of the size,
   * for much processor time. It needs ffmpeg 5.1 or newer with libx264. Default: `mjpeg`.
   */
  codec?: "mjpeg" | "h264" | undefined;
  /** What is recorded: everything, or only motion (`motion` of the camera). Default: `always`. */
  when?: "always" | "motion" | undefined;
  /** With `when: "motion"`, the seconds before an event that are recorded as well, 0 to 300. They are held in memory. Default: 10. */
  beforeSeconds?: number | undefined;
  /** With `when: "motion"`, the seconds after the last motion that are recorded as well, 0 to 3600. Default: 10. */
  afterSeconds?: number | undefined;
  /** The oldest files are deleted when they are older than `seconds`, or when all files have more than `bytes`. Default: never. */
  keep?: { seconds?: number | null | undefined; bytes?: number | null | undefined } | undefined;
}

/** The options of a camera's past, which is kept in memory. */
export interface PastOptions {
  /** How much is kept, 1 to 3600. */
  seconds: number;
  /** The largest memory for it, 1e6 to 4e9. More make the time shorter. Default: 64e6. */
  bytes?: number | undefined;
}

/** The options of a connection to an MQTT broker. */
export interface MqttOptions {
  /** The address, for example `mqtt://user:password@host`. */
  url: string;
  /** The first part of all topics. Servers of one broker need different ones. Default: `slipstream`. */
  topic?: string | undefined;
}

/** The options of a camera's motion detection. All are optional. */
export interface MotionOptions {
  /** The share of the picture, 0.0001 to 1, that has to move. Default: 0.005. */
  area?: number | undefined;
  /** The time in milliseconds, 0 to 60 000, for which it has to move until an event begins. Default: 300. */
  forMs?: number | undefined;
  /** The time in seconds without motion, 0.5 to 3600, after which an event ends. Default: 5. */
  quietSeconds?: number | undefined;
  /** The parts of the picture in which motion is watched or ignored. Default: the whole picture is watched. */
  zones?: readonly ZoneOptions[] | undefined;
  /** A program and its arguments, run without a shell when an event starts (docs/motion.md has the placeholders). */
  command?: readonly string[] | null | undefined;
  /** An http or https address, to which the starts and ends of events are posted as JSON. */
  webhook?: string | null | undefined;
}

/**
 * A zone of the picture. It has a rectangle or a polygon, in shares of the picture: [0, 0] is the upper left corner, and [1, 1] the
 * lower right one. If there is a zone that is not ignored, only such zones are watched.
 */
export interface ZoneOptions {
  name: string;
  /** Whether motion in the zone is ignored. Default: false. */
  ignore?: boolean | undefined;
  rectangle?: readonly [x: number, y: number, width: number, height: number] | undefined;
  /** The corners, in their order along the edge. */
  polygon?: readonly (readonly [x: number, y: number])[] | undefined;
}

/** The options of one camera. All options but `source` are optional. */
export interface CameraOptions {
  /**
   * The source of the frames. It is a text in the form of `--source` (`auto`, `pattern`, `screen`, a device, the index or name of
   * a camera, a file, a URL, the link of another server's camera, `-`), a camera from `createCamera()`, or any other object that implements `Source`.
   */
  source: string | Source;
  /** The name for viewers. Default: the name of the source. */
  name?: string | undefined;
  /** The folder for relative paths in `source`, in which `motion.command` is run as well. Default: the working directory. */
  folder?: string | undefined;
  /** The place of `source` in a settings file. Error messages begin with it. */
  writtenAt?: string | undefined;
  /** The device for the source `webcam`. */
  device?: string | null | undefined;
  /** For an https address, a file with the certificates (PEM) to trust. Default: those of public authorities. */
  certificate?: string | null | undefined;
  /**
   * For `-`, the pixel format of the frames (default: `rgba`). For a camera, the format to request from it (default: the best
   * one).
   */
  pixelFormat?: FrameFormat | null | undefined;
  /** The controls of the camera to set, in this order. */
  settings?: readonly Setting[] | undefined;
  /** The size of the picture in pixels. Default: 1280 × 720 for `pattern` and `webcam`, and the source's own size for others. */
  size?: Size | null | undefined;
  /** Frames a second, 0 to 1000. Default: 30 for `pattern` and `webcam`, and the source's own rate for others. */
  framesPerSecond?: number | null | undefined;
  /** JPEG quality, 1 to 100. Default: 90 for a screen, and 75 for others. */
  quality?: number | undefined;
  /**
   * Chroma sampling: colour in half the lines and columns (`420`) or in all (`444`). Default: `444` for a screen, and `420` for
   * others.
   */
  sampling?: Sampling | undefined;
  /**
   * The largest change of a tile's pixels, as a standard deviation in levels (0 to 64), that is not sent. With null all tiles are
   * always sent. Default: 0 for a screen, and 2 for others.
   */
  noise?: number | null | undefined;
  /**
   * The source is stopped after this many seconds without a viewer, and started for the next viewer. With null it is never
   * stopped. Default: never, and 10 for a camera of another server.
   */
  idleReleaseSeconds?: number | null | undefined;
  /** Records the camera to files. Null or undefined means no recording. It needs ffmpeg. */
  record?: RecordOptions | null | undefined;
  /** Keeps the last seconds in memory. Null or undefined means that nothing is kept. */
  past?: PastOptions | null | undefined;
  /** Detects motion, whether or not somebody watches. Null or undefined means no detection. It needs the codec `simd`. */
  motion?: MotionOptions | null | undefined;
}

/** The options of one camera after the check, with defaults filled in. */
export interface ResolvedCameraOptions extends Omit<SourceOptions, "source"> {
  source: string | Source;
  quality: number;
  sampling: Sampling;
  /** The name for viewers. Null means the name of the source. */
  name: string | null;
  noise: number | null;
  idleReleaseSeconds: number | null;
  record: RecordSettings | null;
  past: KeepSettings | null;
  motion: WatchSettings | null;
}

/** The options of a server after the check, with defaults filled in. */
export interface ResolvedServeOptions {
  cameras: ResolvedCameraOptions[];
  codec: CodecName;
  workers: number;
  host: string;
  port: number;
  /** The settings of TLS, or null for a server without TLS. `files` is null if the server makes its own certificate. */
  tls: { files: IdentityFiles | null } | null;
  http: ResolvedHttpOptions | null;
  announce: boolean;
  /** The sources of keys. Null means that viewers need no key. */
  keys: { given: RingKey[]; store: string | null } | null;
  allowControls: boolean;
  mqtt: MqttSettings | null;
  maxLatencyMs: number | null;
  maxBitsPerSecond: number | null;
  access: AccessLimits;
  frames: number | null;
}
