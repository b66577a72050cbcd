// Combines the settings of the command line and of the settings file into the options of serve().

import { mayTakePixelFormat } from "../../capture/open.ts";
import { isLink } from "../../connect/address.ts";
import { UsageError } from "../../core/errors.ts";
import type { KeyOptions } from "../access/given-keys.ts";
import { camelCase, type SettingEntry, type ValuesOf } from "../../core/setting-table.ts";
import type { CameraOptions, HttpOptions, MotionOptions, MqttOptions, RecordOptions, ServeOptions } from "./options.ts";
import { DEFAULTS } from "./resolve.ts";
import { SERVE_SETTINGS } from "./table.ts";

type Entry = (typeof SERVE_SETTINGS)[number];
type EntriesOf<Scope> = Extract<Entry, { scope: Scope }>;

/** The settings from the command line. */
export type Flags = ValuesOf<Exclude<Entry, { isFileOnly: true }>>;

/** The settings of one camera from the settings file. */
export interface CameraSettings extends Omit<ValuesOf<EntriesOf<"camera" | "cameras">>, "source"> {
  source: string;
  /** The folder of the settings file, where relative paths start. */
  folder?: string;
  /** The place of `source` in the file for error messages, for example `slipstream.toml:3: cameras[0].source`. */
  writtenAt?: string;
}

/** The settings from a settings file. */
export interface FileSettings extends ValuesOf<EntriesOf<"server" | "cameras">> {
  cameras?: CameraSettings[] | undefined;
  keys?: KeyOptions[] | undefined;
}

/** The combined settings of the command line and the settings file. */
export interface ProgramSettings extends ServeOptions {
  cameras: CameraOptions[];
  /** The file with a key. The caller reads it and adds the key to `keys`. */
  keyFile: string | undefined;
  keys: KeyOptions[];
  /** Whether to open a window on the server's machine as well. */
  preview: boolean;
}

/**
 * Combines the settings. The command line has priority over the file, and a camera's own settings have priority over those for
 * all cameras. Settings that are in neither stay undefined, and serve() uses its defaults. Throws UsageError for settings that
 * exclude each other, and for flags that would do nothing.
 */
export function combine(flags: Flags, file: FileSettings): ProgramSettings {
  const fromFlags = flags.source?.map((source): CameraSettings => ({ source }));
  const cameras = fromFlags ?? file.cameras ?? [{ source: DEFAULTS.source }];
  const [, second] = cameras.filter(({ source }) => source === "-");
  if (second !== undefined) {
    const where = second.writtenAt === undefined ? "" : `${second.writtenAt}: `;
    throw new UsageError(`${where}only one camera can read standard input`);
  }
  const { pixelFormat: _, ...others } = flags;
  // --pixel-format applies only to the cameras that support it. If no camera does, opening the first camera throws an error.
  const takers = cameras.filter(mayTakePixelFormat);
  const flagsFor = (camera: CameraSettings) => (takers.length === 0 || takers.includes(camera) ? flags : others);
  const maxLatency = flags.maxLatency ?? file.maxLatency;
  const open = flags.open ?? (flags.keyFile === undefined && file.open === true);
  const combined = cameras.map((camera) => combineCamera(flagsFor(camera), camera, file));
  const mqtt = combineMqtt(flags, file);
  checkNeeds(flags, combined, mqtt);
  return {
    cameras: combined,
    codec: flags.codec ?? file.codec,
    workers: flags.workers ?? file.workers,
    host: flags.host ?? file.host,
    port: flags.port ?? file.port,
    http: combineHttp(flags, file),
    tls: flags.tls ?? (flags.tlsCert === undefined ? file.tls : undefined),
    // The key belongs to the certificate, so both come from the same place.
    tlsCert: flags.tlsCert ?? (flags.tls === false ? undefined : file.tlsCert),
    tlsKey: flags.tlsKey ?? (flags.tls === false || flags.tlsCert !== undefined ? undefined : file.tlsKey),
    announce: flags.announce ?? file.announce,
    open,
    keyFile: open ? undefined : (flags.keyFile ?? file.keyFile),
    keys: open ? [] : (file.keys ?? []),
    preview: flags.preview ?? file.preview ?? false,
    mqtt,
    allowControls: flags.allowControls ?? file.allowControls,
    maxLatencyMs: maxLatency === 0 ? null : maxLatency,
    maxBitsPerSecond: flags.maxBitrate ?? file.maxBitrate,
    access: {
      maxViewers: flags.maxViewers ?? file.maxViewers,
      maxViewersPerAddress: flags.maxViewersPerAddress ?? file.maxViewersPerAddress,
      maxGreetings: file.maxGreetings,
      maxGreetingsPerAddress: file.maxGreetingsPerAddress,
      connectsPerSecond: file.maxConnectsPerSecond,
      requestsPerSecond: file.maxRequestsPerSecond,
      messagesPerSecond: file.maxMessagesPerSecond,
      maxTotalBitsPerSecond: flags.maxTotalBitrate ?? file.maxTotalBitrate,
      maxWaitingMiB: file.maxWaitingMemory,
      stallSeconds: file.stallTimeout,
    },
    frames: flags.frames,
  };
}

/** Throws UsageError for a flag without the setting that it needs. In a file such a key may wait for the setting to come back. */
function checkNeeds(flags: Flags, cameras: readonly CameraOptions[], mqtt: MqttOptions | null): void {
  const isGiven: Record<string, boolean> = {
    record: cameras.some(({ record }) => record !== null),
    motion: cameras.some(({ motion }) => motion !== null),
    mqtt: mqtt !== null,
  };
  const given: Readonly<Record<string, unknown>> = { ...flags };
  const entries: readonly SettingEntry[] = SERVE_SETTINGS;
  for (const { name, needs } of entries) {
    if (needs === undefined || isGiven[needs] === true || given[camelCase(name)] === undefined) continue;
    throw new UsageError(`--${name} does nothing without --${needs}: add it`);
  }
}

function combineHttp(flags: Flags, file: FileSettings): HttpOptions | null {
  const port = flags.http ?? file.http;
  if (port === false) return null;
  return {
    port,
    names: flags.httpName ?? file.httpName,
    allowedOrigins: flags.allowOrigin ?? file.allowOrigin,
    trustedProxies: flags.trustedProxy ?? file.trustedProxy,
  };
}

function combineMqtt(flags: Flags, file: FileSettings): MqttOptions | null {
  const url = flags.mqtt ?? file.mqtt;
  return url === undefined ? null : { url, topic: flags.mqttTopic ?? file.mqttTopic };
}

function combineRecord(flags: Flags, camera: CameraSettings, file: FileSettings): RecordOptions | null {
  const folder = flags.record ?? camera.record ?? file.record;
  if (folder === undefined) return null;
  return {
    folder,
    when: flags.recordWhen ?? camera.recordWhen ?? file.recordWhen,
    beforeSeconds: flags.recordBefore ?? camera.recordBefore ?? file.recordBefore,
    afterSeconds: flags.recordAfter ?? camera.recordAfter ?? file.recordAfter,
    segmentSeconds: flags.recordSegment ?? camera.recordSegment ?? file.recordSegment,
    codec: flags.recordCodec ?? camera.recordCodec ?? file.recordCodec,
    keep: flags.recordKeep ?? camera.recordKeep ?? file.recordKeep,
  };
}

function combineMotion(flags: Flags, camera: CameraSettings, file: FileSettings): MotionOptions | null {
  if (!(flags.motion ?? camera.motion ?? file.motion ?? false)) return null;
  const percent = flags.motionArea ?? camera.motionArea ?? file.motionArea;
  return {
    area: percent === undefined ? undefined : percent / 100,
    forMs: flags.motionFor ?? camera.motionFor ?? file.motionFor,
    quietSeconds: flags.motionQuiet ?? camera.motionQuiet ?? file.motionQuiet,
    zones: camera.zones,
    command: camera.onEvent ?? file.onEvent,
    webhook: flags.webhook ?? camera.webhook ?? file.webhook,
  };
}

function combineCamera(flags: Flags, camera: CameraSettings, file: FileSettings): CameraOptions {
  const noise = flags.noise ?? camera.noise ?? file.noise;
  // The pictures of another server have its size and rate, so those that the file has for all cameras do not hold for them.
  const ofAll = camera.source !== undefined && isLink(camera.source) ? {} : file;
  const idleRelease = flags.idleRelease ?? camera.idleRelease ?? file.idleRelease;
  return {
    source: camera.source,
    name: camera.name,
    folder: camera.folder,
    writtenAt: camera.writtenAt,
    device: flags.device ?? camera.device,
    certificate: flags.certificate ?? camera.certificate,
    pixelFormat: flags.pixelFormat ?? camera.pixelFormat,
    settings: [...(camera.set ?? []), ...(flags.set ?? [])], // if a control is set twice, the last value holds
    size: flags.size ?? camera.size ?? ofAll.size,
    framesPerSecond: flags.fps ?? camera.fps ?? ofAll.fps,
    quality: flags.quality ?? camera.quality ?? file.quality,
    sampling: flags.sampling ?? camera.sampling ?? file.sampling,
    noise: noise === "off" ? null : noise,
    idleReleaseSeconds: idleRelease === 0 ? null : idleRelease,
    record: combineRecord(flags, camera, file),
    past: flags.past ?? camera.past ?? file.past,
    motion: combineMotion(flags, camera, file),
  };
}
