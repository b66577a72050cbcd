// What the server can be told, on the command line or in a file: names, ranges, and which of the two holds.

import type { CodecName } from "../../codec/codecs.ts";
import { UsageError } from "../../core/errors.ts";
import type { Sampling, Size } from "../../core/pixel-format.ts";
import type { CameraOptions, ServeOptions } from "./options.ts";
import { DEFAULTS } from "./resolve.ts";
import type { Setting } from "../../capture/control-values.ts";
import { mayTakePixelFormat } from "../../capture/open.ts";
import type { FrameFormat } from "../../capture/source.ts";

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

/** What the command line and a settings file decide together. */
export interface ProgramSettings extends ServeOptions {
  cameras: CameraOptions[];
  /** Open a window on the serving side as well. */
  preview: boolean;
}

/**
 * The command line wins over the file, and the settings of one camera win over those for all cameras. What neither names stays
 * undefined, for serve() to choose. Throws UsageError for settings that exclude each other.
 */
export function combine(flags: Flags, file: FileSettings): ProgramSettings {
  const fromFlags = flags.source?.map((source): CameraSettings => ({ source }));
  const cameras = fromFlags ?? file.cameras ?? [{ source: DEFAULTS.source }];
  const [, second] = cameras.filter(({ source }) => source === "-");
  if (second !== undefined) {
    const where = second.writtenAt === undefined ? "" : `${second.writtenAt}: `;
    throw new UsageError(`${where}standard input can be one camera only`);
  }
  const { pixelFormat: _, ...others } = flags;
  // --pixel-format is for the cameras that take one. When none does, opening the first camera refuses it.
  const takers = cameras.filter(mayTakePixelFormat);
  const flagsFor = (camera: CameraSettings) => (takers.length === 0 || takers.includes(camera) ? flags : others);
  const maxLatency = flags.maxLatency ?? file.maxLatency;
  return {
    cameras: cameras.map((camera) => combineCamera(flagsFor(camera), camera, file)),
    codec: flags.codec ?? file.codec,
    workers: flags.workers ?? file.workers,
    host: flags.host ?? file.host,
    port: flags.port ?? file.port,
    announce: flags.announce ?? file.announce,
    preview: flags.preview ?? file.preview ?? false,
    allowControls: flags.allowControls ?? file.allowControls,
    maxLatencyMs: maxLatency === 0 ? null : maxLatency,
    maxBitsPerSecond: flags.maxBitrate ?? file.maxBitrate,
    frames: flags.frames,
  };
}

function combineCamera(flags: Flags, camera: CameraSettings, file: FileSettings): CameraOptions {
  const noise = flags.noise ?? camera.noise ?? file.noise;
  const idleRelease = flags.idleRelease ?? camera.idleRelease ?? file.idleRelease;
  return {
    source: camera.source,
    name: camera.name,
    folder: camera.folder,
    writtenAt: camera.writtenAt,
    device: flags.device ?? camera.device,
    pixelFormat: flags.pixelFormat ?? camera.pixelFormat,
    settings: [...(camera.set ?? []), ...(flags.set ?? [])], // of two for one control, the last holds
    size: flags.size ?? camera.size ?? file.size,
    framesPerSecond: flags.fps ?? camera.fps ?? file.fps,
    quality: flags.quality ?? camera.quality ?? file.quality,
    sampling: flags.sampling ?? camera.sampling ?? file.sampling,
    noise: noise === "off" ? null : noise,
    idleReleaseSeconds: idleRelease === 0 ? null : idleRelease,
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
