// Which cameras there are, what they offer, and which of them is meant by an index, a name or a part of it.

import { readdirSync, readFileSync } from "node:fs";
import { codeOf, SourceError, UsageError } from "../../../core/errors.ts";
import { printable } from "../../../core/printable.ts";
import type { Control } from "../source.ts";
import { readControls } from "./controls.ts";
import { Device, type Identity } from "./device.ts";
import { explainSystemCall } from "./explain.ts";
import { type CameraFormat, readFormats } from "./formats.ts";

export interface FoundCamera extends Identity {
  /** Of the list, from 0 on. */
  index: number;
  path: string;
}

/** Capture devices, first one first. Only Linux can list them without help; elsewhere none is found. */
export function listCameras(): string[] {
  const root = "/sys/class/video4linux";
  try {
    return (
      readdirSync(root)
        .filter((name) => /^video\d+$/.test(name))
        // A camera has a second node for its metadata; the kernel gives the picture's index 0.
        .filter((name) => readFileSync(`${root}/${name}/index`, "utf8").trim() === "0")
        .toSorted((a, b) => Number(a.slice(5)) - Number(b.slice(5)))
        .map((name) => `/dev/${name}`)
    );
  } catch (error) {
    if (codeOf(error) === "ENOENT") return []; // no camera has been plugged in since boot, or this is not Linux
    throw error;
  }
}

/** With their names. One that cannot be opened is called by what sysfs says of it. */
export function findCameras(): FoundCamera[] {
  return listCameras()
    .flatMap((path) => {
      try {
        using device = new Device(path);
        const { card, bus, isCamera } = device.capability();
        return isCamera ? [{ path, card, bus }] : [];
      } catch {
        // In use or not allowed: it is there all the same, and opening it will say what is wrong.
        return [{ path, card: nameInSysfs(path), bus: "" }];
      }
    })
    .map((camera, index) => ({ index, ...camera }));
}

function nameInSysfs(path: string): string {
  try {
    return printable(readFileSync(`/sys/class/video4linux/${path.slice("/dev/".length)}/name`, "utf8")).trim();
  } catch {
    return path; // pulled out at this moment
  }
}

export interface CameraDescription {
  formats: CameraFormat[];
  controls: Control[];
}

/** What a camera offers; `controls` is empty where they are not wanted. Throws SourceError where it cannot be asked. */
export function describeCamera(path: string, withControls: boolean): CameraDescription {
  try {
    using device = new Device(path);
    return { formats: readFormats(device), controls: withControls ? readControls(device) : [] };
  } catch (cause) {
    throw new SourceError(explainSystemCall(cause, path), { retry: false, cause });
  }
}

/**
 * The one that `text` means: its index, its name, or a part of the name that no other has; upper or lower case does not
 * matter. Throws UsageError, with a list, where there is none or more than one.
 */
export function chooseCamera<Camera extends FoundCamera>(cameras: readonly Camera[], text: string): Camera {
  const listed = cameras.map(({ index, card, path }) => `${index} ${card} (${path})`).join(", ");
  const there = cameras.length === 0 ? "no camera is there" : `there are: ${listed}`;
  if (/^\d+$/.test(text)) {
    const camera = cameras[Number(text)];
    if (camera === undefined) throw new UsageError(`there is no camera ${text}; ${there}`);
    return camera;
  }
  const wanted = text.toLowerCase();
  const same = cameras.filter(({ card }) => card.toLowerCase() === wanted);
  const matching = same.length > 0 ? same : cameras.filter(({ card }) => card.toLowerCase().includes(wanted));
  const [first, second] = matching;
  if (first === undefined) throw new UsageError(`'${text}' is neither a file nor a camera; ${there}`);
  if (second !== undefined) throw new UsageError(`'${text}' may be more than one camera; ${there}`);
  return first;
}

/**
 * Where a camera is that was at `path` before: where its name and its socket are the same, else where its name is; null
 * where it is not. Of two alike the one at the old path counts. `others` are sockets in which cameras of the same name
 * were from the beginning: those are not it.
 */
export function findAgain<Camera extends FoundCamera>(
  cameras: readonly Camera[],
  identity: Identity,
  path: string,
  others: readonly string[],
): Camera | null {
  const alike = cameras.filter(({ card, bus }) => card === identity.card && !others.includes(bus));
  return (
    alike.find(({ bus }) => bus === identity.bus) ?? alike.find((camera) => camera.path === path) ?? alike[0] ?? null
  );
}

/**
 * Whether the camera at `path`, which says of itself that it is `here`, is the one that was at `path` before; another may have come
 * there meanwhile. `others` as for findAgain; `all` is asked for the cameras that are there only where the socket is another.
 */
export function isStillAt(
  path: string,
  here: Identity,
  { identity, others, all = findCameras }: { identity: Identity; others: readonly string[]; all?: () => FoundCamera[] },
): boolean {
  if (here.card === identity.card && here.bus === identity.bus) return true;
  return here.card === identity.card && findAgain(all(), identity, path, others)?.path === path;
}
