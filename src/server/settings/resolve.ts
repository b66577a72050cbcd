// Checks the options of serve() and fills in defaults. All defaults and ranges are in this file.

import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { CODEC_NAMES, CODECS, DEFAULT_CODEC } from "../../codec/codecs.ts";
import { isLink } from "../../connect/address.ts";
import { UsageError } from "../../core/errors.ts";
import { isLoopbackHost } from "../../core/host-port.ts";
import { isUsableSize, MAX_SIDE_PIXELS, PIXEL_FORMATS, SAMPLINGS } from "../../core/pixel-format.ts";
import { DEFAULT_PORT, MAX_CAMERAS } from "../../protocol/wire.ts";
import { stateFolder } from "../../state/folder.ts";
import { resolveKey } from "../access/given-keys.ts";
import { KEY_STORE_FILE } from "../access/key-store.ts";
import { type AccessLimits, DEFAULT_ACCESS_LIMITS } from "../access/limits.ts";
import type { WatchSettings } from "../motion/motion-watch.ts";
import type { KeepSettings } from "../past/recent-frames.ts";
import type { GateSettings } from "../record/motion-gate.ts";
import type { RecordSettings } from "../record/recordings.ts";
import { checkCameraName } from "./camera-name.ts";
import { checkHttpName, checkOrigin, checkProxy } from "./http-values.ts";
import type {
  CameraOptions,
  HttpOptions,
  MotionOptions,
  PastOptions,
  RecordOptions,
  ResolvedCameraOptions,
  ResolvedHttpOptions,
  ResolvedServeOptions,
  ServeOptions,
} from "./options.ts";
import { resolveZones } from "./zone-values.ts";
import { checkWebhook, resolveCommand, resolveMqtt } from "./output-values.ts";
import { CAMERA_PRESET, DEFAULT_MAX_LATENCY_MS, presetFor } from "./preset.ts";

/** The smallest and largest value of each number. */
export const RANGES = {
  framesPerSecond: [0, 1000],
  quality: [1, 100],
  noise: [0, 64],
  maxLatencyMs: [0, 60_000],
  maxBitsPerSecond: [10_000, Number.MAX_SAFE_INTEGER],
  maxTotalBitsPerSecond: [10_000, Number.MAX_SAFE_INTEGER],
  idleReleaseSeconds: [0, 1e6],
  workers: [1, 64],
  port: [0, 65535],
  httpPort: [0, 65535],
  frames: [1, 2 ** 32 - 1],
  maxViewers: [1, 100_000],
  maxViewersPerAddress: [1, 100_000],
  maxGreetings: [1, 10_000],
  maxGreetingsPerAddress: [1, 10_000],
  connectsPerSecond: [1, 10_000],
  requestsPerSecond: [1, 100_000],
  messagesPerSecond: [10, 100_000],
  maxWaitingMiB: [1, 65_536],
  stallSeconds: [1, 3600],
  segmentSeconds: [10, 86_400], // each segment is a file, so at least one file begins each day
  keepSeconds: [1, Number.MAX_SAFE_INTEGER],
  keepBytes: [1, Number.MAX_SAFE_INTEGER],
  pastSeconds: [1, 3600],
  pastBytes: [1e6, 4e9],
  recordBeforeSeconds: [0, 300],
  recordAfterSeconds: [0, 3600],
  motionArea: [0.0001, 1],
  motionAreaPercent: [0.01, 100],
  motionForMs: [0, 60_000],
  motionQuietSeconds: [0.5, 3600],
} as const;

/** What a recording may have. */
export const WHENS = ["always", "motion"] as const;

/** The codecs of finished recordings. */
export const RECORD_CODECS = ["mjpeg", "h264"] as const;

/** The default values. preset.ts has those of quality, sampling and noise, which depend on the source. */
export const DEFAULTS = {
  source: "auto",
  codec: DEFAULT_CODEC,
  workers: Math.min(8, availableParallelism()),
  host: "127.0.0.1",
  port: DEFAULT_PORT,
  httpPort: 10080,
  announce: true,
  allowControls: false,
  relayIdleReleaseSeconds: 10,
  segmentSeconds: 600,
  pastBytes: 64e6,
  recordBeforeSeconds: 10,
  recordAfterSeconds: 10,
  motionArea: 0.005,
  motionForMs: 300,
  motionQuietSeconds: 5,
  ...DEFAULT_ACCESS_LIMITS,
  maxLatencyMs: DEFAULT_MAX_LATENCY_MS,
} as const;

/** Checks the options. Throws UsageError with the name of the option for a value that is not allowed. */
export function resolveServeOptions(options: ServeOptions): ResolvedServeOptions {
  const cameras = options.cameras ?? [{ source: DEFAULTS.source }];
  if (cameras.length < 1) throw new UsageError("cameras must not be empty: a server has at least one camera");
  if (cameras.length > MAX_CAMERAS)
    throw new UsageError(`there are ${cameras.length} cameras, and the limit is ${MAX_CAMERAS}`);
  const codec = oneOf("codec", options.codec ?? DEFAULTS.codec, CODEC_NAMES);
  if (!CODECS[codec].encodesTiles && cameras.some(({ motion }) => motion != null))
    throw new UsageError(`motion cannot be detected with the codec ${codec}: use simd`);
  return {
    cameras: cameras.map(resolveCameraOptions),
    codec,
    workers: wholeNumber("workers", options.workers ?? DEFAULTS.workers),
    host: options.host ?? DEFAULTS.host,
    port: wholeNumber("port", options.port ?? DEFAULTS.port),
    tls: resolveTls(options),
    announce: options.announce ?? DEFAULTS.announce,
    keys: resolveKeys(options),
    http: resolveHttp(options.http ?? null),
    allowControls: options.allowControls ?? DEFAULTS.allowControls,
    mqtt: options.mqtt == null ? null : resolveMqtt(options.mqtt),
    maxLatencyMs:
      options.maxLatencyMs === undefined ? DEFAULTS.maxLatencyMs : number("maxLatencyMs", options.maxLatencyMs) || null,
    maxBitsPerSecond: number("maxBitsPerSecond", options.maxBitsPerSecond ?? null),
    access: resolveAccess(options.access ?? {}),
    frames: options.frames == null ? null : wholeNumber("frames", options.frames),
  };
}

function resolveKeys({
  keys = [],
  keyStore,
  open = false,
  host = DEFAULTS.host,
}: ServeOptions): ResolvedServeOptions["keys"] {
  if (open && keys.length > 0)
    throw new UsageError("open and keys cannot be used together: an open server asks for no key");
  if (open || (keys.length === 0 && isLoopbackHost(host))) return null;
  const given = keys.map(resolveKey);
  const store = keyStore === undefined ? join(stateFolder(), KEY_STORE_FILE) : keyStore;
  if (given.length === 0 && store === null) {
    throw new UsageError(`a server on ${host} needs keys, a key store, or the option open`);
  }
  return { given, store };
}

function resolveTls({ tls, tlsCert, tlsKey, host = DEFAULTS.host }: ServeOptions): ResolvedServeOptions["tls"] {
  if (tlsKey !== undefined && tlsCert === undefined)
    throw new UsageError("a key for TLS needs its certificate: add --tls-cert FILE");
  if (tls === false && tlsCert !== undefined)
    throw new UsageError("a certificate cannot be used without TLS: leave out --tls-cert, or allow TLS");
  if (!(tls ?? (tlsCert !== undefined || !isLoopbackHost(host)))) return null;
  return { files: tlsCert === undefined ? null : { certificate: tlsCert, key: tlsKey ?? tlsCert } };
}

function resolveHttp(http: HttpOptions | null): ResolvedHttpOptions | null {
  if (http === null) return null;
  const { port, names = [], allowedOrigins = [], trustedProxies = [] } = http;
  return {
    port: wholeNumber("httpPort", port ?? DEFAULTS.httpPort),
    isDefaultPort: port === undefined,
    names: names.map(checkHttpName),
    allowedOrigins: allowedOrigins.map(checkOrigin),
    trustedProxies: trustedProxies.map(checkProxy),
  };
}

function resolveAccess(given: NonNullable<ServeOptions["access"]>): AccessLimits {
  const limit = (name: Exclude<keyof AccessLimits, "maxTotalBitsPerSecond">) =>
    wholeNumber(name, given[name] ?? DEFAULT_ACCESS_LIMITS[name]);
  return {
    maxViewers: limit("maxViewers"),
    maxViewersPerAddress: limit("maxViewersPerAddress"),
    maxGreetings: limit("maxGreetings"),
    maxGreetingsPerAddress: limit("maxGreetingsPerAddress"),
    connectsPerSecond: limit("connectsPerSecond"),
    requestsPerSecond: limit("requestsPerSecond"),
    messagesPerSecond: limit("messagesPerSecond"),
    maxTotalBitsPerSecond: number("maxTotalBitsPerSecond", given.maxTotalBitsPerSecond ?? null),
    maxWaitingMiB: limit("maxWaitingMiB"),
    stallSeconds: limit("stallSeconds"),
  };
}

function resolveCameraOptions(camera: CameraOptions): ResolvedCameraOptions {
  const { source, name, folder, writtenAt, size = null } = camera;
  if (typeof source !== "string" && typeof source?.run !== "function") {
    throw new UsageError("source must be text, a camera of createCamera(), or an object with a function run");
  }
  const preset = typeof source === "string" ? presetFor(source) : CAMERA_PRESET;
  if (size !== null && !(Number.isInteger(size.width * size.height) && isUsableSize(size.width, size.height))) {
    throw new UsageError(`size must be { width, height }, each from 1 to ${MAX_SIDE_PIXELS}`);
  }
  const noise = number("noise", camera.noise === undefined ? preset.noise : camera.noise);
  const motion = camera.motion == null ? null : resolveMotion(camera.motion, noise, resolve(folder ?? "."));
  return {
    source,
    name: name === undefined ? null : checkCameraName(name),
    ...(folder === undefined ? {} : { folder }),
    ...(writtenAt === undefined ? {} : { writtenAt }),
    device: camera.device ?? null,
    certificate: camera.certificate ?? null,
    pixelFormat:
      camera.pixelFormat == null
        ? null
        : oneOf("pixelFormat", camera.pixelFormat, [...PIXEL_FORMATS, "mjpeg"] as const),
    settings: camera.settings ?? [],
    size,
    framesPerSecond: number("framesPerSecond", camera.framesPerSecond ?? null),
    quality: wholeNumber("quality", camera.quality ?? preset.quality),
    sampling: oneOf("sampling", camera.sampling ?? preset.sampling, SAMPLINGS),
    noise,
    idleReleaseSeconds: number("idleReleaseSeconds", resolveIdle(camera)) || null,
    record: camera.record == null ? null : resolveRecord(camera.record, motion),
    past: camera.past == null ? null : resolvePast(camera.past),
    motion,
  };
}

/** A relay without viewers must not load the network and the other server, so it leaves that server by default. */
function resolveIdle({ source, idleReleaseSeconds }: CameraOptions): number | null {
  const isRelay = typeof source === "string" && isLink(source);
  return idleReleaseSeconds === undefined && isRelay ? DEFAULTS.relayIdleReleaseSeconds : (idleReleaseSeconds ?? null);
}

function resolvePast({ seconds, bytes }: PastOptions): KeepSettings {
  return {
    micros: (number("pastSeconds", seconds) as number) * 1e6,
    bytes: number("pastBytes", bytes ?? DEFAULTS.pastBytes) as number,
  };
}

function resolveRecord(options: RecordOptions, motion: WatchSettings | null): RecordSettings {
  const { folder, segmentSeconds, keep = {}, when = "always", codec = "mjpeg" } = options;
  if (typeof folder !== "string" || folder === "") throw new UsageError("record needs a folder: name one");
  return {
    folder: resolve(folder),
    segmentSeconds: wholeNumber("segmentSeconds", segmentSeconds ?? DEFAULTS.segmentSeconds),
    codec: oneOf("recordCodec", codec, RECORD_CODECS),
    aroundMotion: oneOf("when", when, WHENS) === "motion" ? resolveAround(options, motion) : null,
    keep: { seconds: number("keepSeconds", keep.seconds ?? null), bytes: number("keepBytes", keep.bytes ?? null) },
  };
}

/** An event is known later than `for` after its beginning if its motion has breaks, or if not all JPEGs are compared. */
const LATE_MICROS = 2_000_000;

function resolveAround({ beforeSeconds, afterSeconds }: RecordOptions, motion: WatchSettings | null): GateSettings {
  if (motion === null) throw new UsageError("a recording of motion needs its detection: add --motion");
  const before = number("recordBeforeSeconds", beforeSeconds ?? DEFAULTS.recordBeforeSeconds) as number;
  const after = number("recordAfterSeconds", afterSeconds ?? DEFAULTS.recordAfterSeconds) as number;
  return { beforeMicros: before * 1e6, afterMicros: after * 1e6, lateMicros: 2 * motion.forMicros + LATE_MICROS };
}

function resolveMotion(
  { area, forMs, quietSeconds, zones = [], command, webhook }: MotionOptions,
  noise: number | null,
  folder: string,
): WatchSettings {
  if (noise === null)
    throw new UsageError("motion cannot be detected with noise off: what changes in each frame is not compared");
  return {
    area: number("motionArea", area ?? DEFAULTS.motionArea) as number,
    forMicros: (number("motionForMs", forMs ?? DEFAULTS.motionForMs) as number) * 1000,
    quietMicros: (number("motionQuietSeconds", quietSeconds ?? DEFAULTS.motionQuietSeconds) as number) * 1e6,
    zones: resolveZones(zones),
    command: command == null ? null : resolveCommand(command, folder),
    webhook: webhook == null ? null : checkWebhook(webhook),
  };
}

function number(name: keyof typeof RANGES, value: number | null): number | null {
  const [from, to] = RANGES[name];
  if (value !== null && !(typeof value === "number" && value >= from && value <= to)) {
    throw new UsageError(`${name} must be a number from ${from} to ${to}, not ${String(value)}`);
  }
  return value;
}

function wholeNumber(name: keyof typeof RANGES, value: number): number {
  const [from, to] = RANGES[name];
  if (!(Number.isInteger(value) && value >= from && value <= to)) {
    throw new UsageError(`${name} must be a whole number from ${from} to ${to}, not ${String(value)}`);
  }
  return value;
}

function oneOf<Value extends string>(name: string, value: Value, allowed: readonly Value[]): Value {
  if (allowed.includes(value)) return value;
  throw new UsageError(`${name} must be one of ${allowed.join(", ")}, not ${String(value)}`);
}
