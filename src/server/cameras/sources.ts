// Opens the sources of the server's cameras. Each camera gets a unique name, and a failed source is restarted.

import { nodeOf } from "../../capture/camera/find.ts";
import { nameOf, openSource } from "../../capture/open.ts";
import type { Source } from "../../capture/source.ts";
import { openLazily } from "../../capture/supervise/lazy-source.ts";
import { supervise } from "../../capture/supervise/supervise.ts";
import { tryOpen } from "../../capture/supervise/try-open.ts";
import { isLink } from "../../connect/address.ts";
import { MissingError, SourceError, UsageError } from "../../core/errors.ts";
import { type Log, lateLog } from "../../core/log.ts";
import { openRelay } from "../relay/open-relay.ts";
import type { ResolvedCameraOptions } from "../settings/options.ts";
import { nameAfterSource } from "./names.ts";

/** A camera whose source is ready to run. */
export interface OpenedCamera {
  /** The camera's name for viewers. */
  name: string;
  source: Source;
  camera: ResolvedCameraOptions;
}

/** The names and sources of cameras that already run. */
export interface TakenPlaces {
  names: readonly string[];
  sources: readonly Source[];
}

/** A camera whose source is given as text. The server opens such a source. */
type NamedCamera = ResolvedCameraOptions & { source: string };

/**
 * Opens the source of each camera. With a single camera, a source that cannot be opened throws. With several cameras the other
 * cameras go on: a source that may open later is tried again, and the error of any other source is reported when its camera is
 * started. If every camera has a UsageError, the first one is thrown. A source that is an object needs no opening. `logOf`
 * returns the log for the camera with this name.
 *
 * In a server that already runs, `running` has the cameras that go on. Then only two cameras with one name throw.
 */
export function openSources(
  cameras: readonly ResolvedCameraOptions[],
  logOf: (name: string) => Log,
  running: TakenPlaces | null = null,
): OpenedCamera[] {
  checkNames(cameras);
  const taken = [...(running?.names ?? []), ...cameras.flatMap(({ name }) => (name === null ? [] : [name]))];
  const wrongUses: UsageError[] = [];
  const devices = new Set<string>();
  for (const source of running?.sources ?? []) refuseTwice(source, devices);
  const openNamed = (camera: NamedCamera, log: Log): Source => {
    const open = () => {
      const opened = isLink(camera.source) ? openRelay(camera, log) : openSource(camera, log);
      refuseTwice(opened, devices);
      return opened;
    };
    if (cameras.length === 1 && running === null) return supervise(open(), { log });
    return openOneOfSeveral({ camera, log, open, onWrongUse: (error) => wrongUses.push(error) });
  };
  const sources = cameras.map((camera): OpenedCamera => {
    let name = camera.name;
    const source = isNamed(camera)
      ? openNamed(
          camera,
          lateLog(() => logOf(name ?? nameOf(camera.source))),
        )
      : (camera.source as Source);
    name ??= nameAfterSource(source.name, taken);
    taken.push(name);
    return { name, source, camera };
  });
  const [first] = wrongUses;
  if (first !== undefined && wrongUses.length === cameras.length && running === null) throw first;
  return sources;
}

/** Throws UsageError if two cameras have the same given name. */
export function checkNames(cameras: readonly Pick<ResolvedCameraOptions, "name">[]): void {
  const names = cameras.flatMap(({ name }) => (name === null ? [] : [name]));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new UsageError(`two cameras are called '${twice}': give each its own name`);
}

function isNamed(camera: ResolvedCameraOptions): camera is NamedCamera {
  return typeof camera.source === "string";
}

interface OneOfSeveral {
  camera: NamedCamera;
  log: Log;
  open: () => Source;
  onWrongUse: (error: UsageError) => void;
}

function openOneOfSeveral({ camera, log, open, onWrongUse }: OneOfSeveral): Source {
  const name = nameOf(camera.source);
  try {
    return supervise(open(), { fromTheStart: true, log });
  } catch (error) {
    if (!(error instanceof SourceError || error instanceof MissingError || error instanceof UsageError)) throw error;
    if (error instanceof UsageError && !error.retry) onWrongUse(error);
    const mayPass = !(error instanceof MissingError) && error.retry;
    if (!mayPass) return { name, framesPerSecond: 0, run: () => Promise.reject(error) };
    const late = openLazily(name, open, (signal) => tryOpen(camera, signal));
    return supervise(late, { fromTheStart: true, log });
  }
}

/** Adds a device to `devices`. Throws UsageError when it is already there, because a device can be opened only once. */
function refuseTwice({ name }: Source, devices: Set<string>): void {
  if (!name.startsWith("/dev/")) return;
  const device = nodeOf(name);
  if (devices.has(device)) throw new UsageError(`${name} is already another camera of this server: name it only once`);
  devices.add(device);
}
