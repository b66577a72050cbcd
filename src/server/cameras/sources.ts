// The sources of the server's cameras: opened, called by names that no other has, and kept going.

import { MissingError, SourceError, UsageError } from "../../core/errors.ts";
import { MAX_CAMERAS } from "../../protocol/wire.ts";
import type { ResolvedCameraOptions } from "../settings/options.ts";
import { nameAfterSource } from "./names.ts";
import { openLazily } from "../../capture/supervise/lazy-source.ts";
import { nameOf, openSource } from "../../capture/open.ts";
import { tryOpen } from "../../capture/supervise/try-open.ts";
import type { Source } from "../../capture/source.ts";
import { supervise } from "../../capture/supervise/supervise.ts";
import { nodeOf } from "../../capture/camera/find.ts";

export interface CameraSource {
  name: string;
  source: Source;
  camera: ResolvedCameraOptions;
}

/**
 * Each camera's source. A single one that cannot be opened throws. Of several it does not keep the others from working: it is
 * tried again and again where that may help, and else ends at once; only where all of them are wrong use, this throws that.
 * `say` hears lines for the operator, with the camera's name where there are several; `create` may make another source than
 * the camera's options say.
 */
export function openSources(
  cameras: readonly ResolvedCameraOptions[],
  say: (text: string) => void,
  create: (camera: ResolvedCameraOptions) => Source | null,
): CameraSource[] {
  if (cameras.length > MAX_CAMERAS)
    throw new UsageError(`${cameras.length} cameras are too many: ${MAX_CAMERAS} are the limit`);
  const taken = cameras.flatMap(({ name }) => (name === null ? [] : [name]));
  const twice = taken.find((name, index) => taken.indexOf(name) !== index);
  if (twice !== undefined) throw new UsageError(`two cameras are called '${twice}': give each its own name`);
  const wrongUses: UsageError[] = [];
  const devices = new Set<string>();
  const sources = cameras.map((camera) => {
    let called = camera.name ?? nameOf(camera.source); // until its source has said how it is called
    const sayOfIt = (text: string) => say(cameras.length > 1 ? `${called}: ${text}` : text);
    const open = () => {
      const opened = openSource(camera, sayOfIt);
      refuseTwice(opened, devices);
      return opened;
    };
    const source =
      create(camera) ??
      (cameras.length > 1 ? openOneOfSeveral(camera, open, (error) => wrongUses.push(error)) : supervise(open()));
    called = camera.name ?? nameAfterSource(source.name, taken);
    taken.push(called);
    return { name: called, source, camera };
  });
  const [first] = wrongUses;
  if (first !== undefined && wrongUses.length === cameras.length) throw first;
  return sources;
}

function openOneOfSeveral(
  camera: ResolvedCameraOptions,
  open: () => Source,
  onWrongUse: (error: UsageError) => void,
): Source {
  const name = nameOf(camera.source);
  try {
    return supervise(open(), { fromTheStart: true });
  } catch (error) {
    if (!(error instanceof SourceError || error instanceof MissingError || error instanceof UsageError)) throw error;
    if (error instanceof UsageError && !error.retry) onWrongUse(error);
    const mayPass = !(error instanceof MissingError) && error.retry;
    if (!mayPass) return { name, framesPerSecond: 0, run: () => Promise.reject(error) };
    const late = openLazily(name, open, (signal) => tryOpen(camera, signal));
    return supervise(late, { fromTheStart: true });
  }
}

/** A device has its pictures once. Throws UsageError where it is another camera's here; `devices` are those that are. */
function refuseTwice({ name }: Source, devices: Set<string>): void {
  if (!name.startsWith("/dev/")) return;
  const device = nodeOf(name);
  if (devices.has(device)) throw new UsageError(`${name} is another camera of this server already: name it once`);
  devices.add(device);
}
