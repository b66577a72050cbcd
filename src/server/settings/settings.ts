// Which setting holds: the command line, the settings file or neither. The result is what serve() takes.

import { mayTakePixelFormat } from "../../capture/open.ts";
import { UsageError } from "../../core/errors.ts";
import type { ValuesOf } from "../../core/setting-table.ts";
import type { CameraOptions, ServeOptions } from "./options.ts";
import { DEFAULTS } from "./resolve.ts";
import type { SERVE_SETTINGS } from "./table.ts";

type Entry = (typeof SERVE_SETTINGS)[number];
type EntriesOf<Scope> = Extract<Entry, { scope: Scope }>;

/** What the command line says. */
export type Flags = ValuesOf<Exclude<Entry, { isFileOnly: true }>>;

/** What a settings file says of one camera. */
export interface CameraSettings extends Omit<ValuesOf<EntriesOf<"camera" | "cameras">>, "source"> {
  source: string;
  /** The folder of the file, from which paths count. */
  folder?: string;
  /** The place of `source` in the file, for errors: `slipstream.toml:3: cameras[0].source`. */
  writtenAt?: string;
}

/** What a settings file says. */
export interface FileSettings extends ValuesOf<EntriesOf<"server" | "cameras">> {
  cameras?: CameraSettings[] | undefined;
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
