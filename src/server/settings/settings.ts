// What the server can be told, on the command line or in a file: names, ranges, and which of the two holds.

import { availableParallelism } from "node:os";
import { type CodecName, DEFAULT_CODEC } from "../../codec/codecs.ts";
import { UsageError } from "../../core/errors.ts";
import type { Sampling, Size } from "../../core/pixel-format.ts";
import { DEFAULT_PORT } from "../../protocol/wire.ts";
import type { ResolvedCameraOptions, ResolvedServeOptions } from "./options.ts";
import { DEFAULT_MAX_LATENCY_MS, presetFor } from "./preset.ts";
import type { Setting } from "../../capture/control-values.ts";
import { mayTakePixelFormat } from "../../capture/open.ts";
import type { FrameFormat } from "../../capture/source.ts";

/** Least and most of what is a number. */
export const RANGES = {
  fps: [0, 1000],
  quality: [1, 100],
  noise: [0, 64],
  maxLatency: [0, 60_000],
  idleRelease: [0, 1e6],
  workers: [1, 64],
  port: [0, 65535],
  frames: [1, 2 ** 32 - 1],
} as const;

/** For all cameras, or for one. */
export interface PictureSettings {
  size?: Size | undefined;
  fps?: number | undefined;
  quality?: number | undefined;
  sampling?: Sampling | undefined;
  noise?: number | "off" | undefined;
  /** 0 = never. */
  idleRelease?: number | undefined;
}

/** One camera. */
export interface CameraSettings extends PictureSettings {
  name?: string | undefined;
  source: string;
  device?: string | undefined;
  pixelFormat?: FrameFormat | undefined;
  /** Settings of the camera itself. */
  set?: Setting[] | undefined;
  /** Of a camera in a file: that file's folder, from which its paths count, and where `source` is written. */
  folder?: string;
  writtenAt?: string;
}

export interface ServerSettings {
  /** 0 = any. */
  maxLatency?: number | undefined;
  maxBitrate?: number | undefined;
  codec?: CodecName | undefined;
  workers?: number | undefined;
  host?: string | undefined;
  port?: number | undefined;
  announce?: boolean | undefined;
  preview?: boolean | undefined;
  allowControls?: boolean | undefined;
}

/** What a settings file says. */
export interface FileSettings extends PictureSettings, ServerSettings {
  cameras?: CameraSettings[] | undefined;
}

/** What the command line says; what it does not is left out. */
export interface Flags extends PictureSettings, ServerSettings, Pick<CameraSettings, "device" | "pixelFormat" | "set"> {
  /** Each makes a camera. */
  source?: string[];
  frames?: number;
}

export const DEFAULTS = {
  sources: ["auto"],
  idleRelease: 0,
  maxLatency: DEFAULT_MAX_LATENCY_MS,
  codec: DEFAULT_CODEC,
  workers: Math.min(8, availableParallelism()),
  host: "127.0.0.1",
  port: DEFAULT_PORT,
} as const;

/** Everything that the command line and a settings file decide together. */
export interface ProgramSettings extends ResolvedServeOptions {
  /** Open a window on the serving side as well. */
  preview: boolean;
}

/**
 * The command line wins over the file, and there a camera's own settings over those for all. Throws UsageError for what cannot be
 * together.
 */
export function combine(flags: Flags, file: FileSettings): ProgramSettings {
  const fromFlags = flags.source?.map((source): CameraSettings => ({ source }));
  const cameras = fromFlags ?? file.cameras ?? DEFAULTS.sources.map((source): CameraSettings => ({ source }));
  const [, second] = cameras.filter(({ source }) => source === "-");
  if (second !== undefined) {
    const where = second.writtenAt === undefined ? "" : `${second.writtenAt}: `;
    throw new UsageError(`${where}standard input can be one camera only`);
  }
  const { pixelFormat: _, ...others } = flags;
  // Of several cameras it is for those that have one; where none has, it is refused when the first is opened.
  const takers = cameras.filter(mayTakePixelFormat);
  const flagsFor = (camera: CameraSettings) => (takers.length === 0 || takers.includes(camera) ? flags : others);
  return {
    cameras: cameras.map((camera) => combineCamera(flagsFor(camera), camera, file)),
    codec: flags.codec ?? file.codec ?? DEFAULTS.codec,
    workers: flags.workers ?? file.workers ?? DEFAULTS.workers,
    host: flags.host ?? file.host ?? DEFAULTS.host,
    port: flags.port ?? file.port ?? DEFAULTS.port,
    announce: flags.announce ?? file.announce ?? true,
    preview: flags.preview ?? file.preview ?? false,
    allowControls: flags.allowControls ?? file.allowControls ?? false,
    maxLatencyMs: (flags.maxLatency ?? file.maxLatency ?? DEFAULTS.maxLatency) || null,
    maxBitsPerSecond: flags.maxBitrate ?? file.maxBitrate ?? null,
    frames: flags.frames ?? null,
  };
}

function combineCamera(flags: Flags, camera: CameraSettings, file: FileSettings): ResolvedCameraOptions {
  const preset = presetFor(camera.source);
  const noise = flags.noise ?? camera.noise ?? file.noise ?? preset.noise;
  return {
    name: camera.name ?? null,
    source: camera.source,
    ...(camera.folder === undefined ? {} : { folder: camera.folder }),
    ...(camera.writtenAt === undefined ? {} : { writtenAt: camera.writtenAt }),
    device: flags.device ?? camera.device ?? null,
    pixelFormat: flags.pixelFormat ?? camera.pixelFormat ?? null,
    settings: [...(camera.set ?? []), ...(flags.set ?? [])], // of two for the same, the last holds
    size: flags.size ?? camera.size ?? file.size ?? null,
    framesPerSecond: flags.fps ?? camera.fps ?? file.fps ?? null,
    quality: flags.quality ?? camera.quality ?? file.quality ?? preset.quality,
    sampling: flags.sampling ?? camera.sampling ?? file.sampling ?? preset.sampling,
    noise: noise === "off" ? null : noise,
    idleReleaseSeconds: (flags.idleRelease ?? camera.idleRelease ?? file.idleRelease ?? DEFAULTS.idleRelease) || null,
  };
}

/** Reads `500k`, `2M`, `2500000`. Throws UsageError for anything else. */
export function parseBitrate(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([kM]?)$/.exec(text);
  const bits = Number(match?.[1]) * { "": 1, k: 1e3, M: 1e6 }[match?.[2] as "" | "k" | "M"];
  if (!match || !(bits >= 10_000)) {
    throw new UsageError(`'${text}' is no bit rate: write bits a second from 10k on, as 500k or 2M`);
  }
  return bits;
}
