// The sources of the server's cameras: opened, called by names that no other has, and kept going.

import { MissingError, SourceError, UsageError } from "../core/errors.ts";
import { MAX_CAMERAS } from "../protocol/wire.ts";
import type { CameraOptions } from "./camera.ts";
import { nameAfterSource } from "./camera-names.ts";
import { openWhenRun } from "./sources/late-source.ts";
import { nameOf, openSource } from "./sources/open.ts";
import type { Source } from "./sources/source.ts";
import { supervise } from "./sources/supervise.ts";

export interface CameraSource {
  name: string;
  source: Source;
  camera: CameraOptions;
}

/**
 * Each camera's source. A single one that cannot be opened throws. Of several it does not keep the others from working: it is
 * tried again and again where that may help, and else ends at once; only where all of them are wrong use, this throws that.
 * `say` hears lines for the operator, with the camera's name where there are several; `create` may make another source than
 * the camera's options say.
 */
export function openSources(
  cameras: readonly CameraOptions[],
  say: (text: string) => void,
  create: (camera: CameraOptions) => Source | null,
): CameraSource[] {
  if (cameras.length > MAX_CAMERAS)
    throw new UsageError(`${cameras.length} cameras are too many: ${MAX_CAMERAS} are the limit`);
  const taken = cameras.flatMap(({ name }) => (name === null ? [] : [name]));
  const twice = taken.find((name, index) => taken.indexOf(name) !== index);
  if (twice !== undefined) throw new UsageError(`two cameras are called '${twice}': give each its own name`);
  const wrongUses: UsageError[] = [];
  const sources = cameras.map((camera) => {
    let called = camera.name ?? nameOf(camera.source); // until its source has said how it is called
    const sayOfIt = (text: string) => say(cameras.length > 1 ? `${called}: ${text}` : text);
    const open = () => openSource(camera, sayOfIt);
    const source =
      create(camera) ??
      (cameras.length > 1
        ? openOneOfSeveral(nameOf(camera.source), open, (error) => wrongUses.push(error))
        : supervise(open()));
    called = camera.name ?? nameAfterSource(source.name, taken);
    taken.push(called);
    return { name: called, source, camera };
  });
  const [first] = wrongUses;
  if (first !== undefined && wrongUses.length === cameras.length) throw first;
  return sources;
}

function openOneOfSeveral(name: string, open: () => Source, onWrongUse: (error: UsageError) => void): Source {
  try {
    return supervise(open(), { fromTheStart: true });
  } catch (error) {
    if (!(error instanceof SourceError || error instanceof MissingError || error instanceof UsageError)) throw error;
    if (error instanceof UsageError) onWrongUse(error);
    const mayPass = !(error instanceof MissingError) && error.retry;
    if (mayPass) return supervise(openWhenRun(name, open), { fromTheStart: true });
    return { name, framesPerSecond: 0, run: () => Promise.reject(error) };
  }
}
