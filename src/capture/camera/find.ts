// Which cameras there are, what they offer, and which of them is meant by an index, a name or a part of it.

import { readdirSync, readFileSync, realpathSync } from "node:fs";
import { basename } from "node:path";
import { codeOf, SourceError, UsageError } from "../../core/errors.ts";
import { printable } from "../../core/printable.ts";
import type { SourceControl } from "../source.ts";
import { listControls } from "../v4l2/controls.ts";
import { Device, type Identity } from "../v4l2/device.ts";
import { explainSystemCall } from "../v4l2/explain.ts";
import { type CameraFormat, readFormats } from "../v4l2/formats.ts";

export interface FoundCamera extends Identity {
  /** Of the list, from 0 on. */
  index: number;
  path: string;
  /** It is there, and cannot be read: `explainMultiPlanar` says why. */
  isMultiPlanar: boolean;
}

/** Where the kernel has a folder for each node, with its index and its name (ABI/testing/sysfs-class-video4linux). */
const NODES = "/sys/class/video4linux";

/**
 * All nodes that deliver pictures, in the order of their numbers, with their names. One that cannot be opened is called by what
 * sysfs says of it. Only Linux can list them without help; elsewhere none is found.
 */
export function listCameras(folder = NODES): FoundCamera[] {
  return nodesIn(folder)
    .flatMap((name) => {
      const found = lookAt(folder, name);
      return found === null ? [] : [found];
    })
    .map((camera, index) => ({ index, ...camera }));
}

function nodesIn(folder: string): string[] {
  try {
    const nodes = readdirSync(folder).filter((name) => /^video\d+$/.test(name));
    return nodes.toSorted((a, b) => Number(a.slice(5)) - Number(b.slice(5)));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return []; // no camera has been plugged in since boot, or this is not Linux
    throw error;
  }
}

/** Null for a node that delivers no pictures, or is being pulled out at this moment. */
function lookAt(folder: string, name: string): Omit<FoundCamera, "index"> | null {
  const nodeIndex = indexInSysfs(folder, name);
  if (nodeIndex === null) return null;
  const path = `/dev/${name}`;
  try {
    using device = new Device(path);
    const { card, bus, isCamera, isMultiPlanar } = device.capability();
    return isCamera || isMultiPlanar ? { path, card, bus, nodeIndex, isMultiPlanar } : null;
  } catch {
    // Not allowed, or dead: it is there all the same, and opening it will say what is wrong. Which of its device's nodes have
    // pictures nobody can say then; the first has.
    const card = nodeIndex === 0 ? nameInSysfs(folder, name) : null;
    return card === null ? null : { path, card, bus: "", nodeIndex, isMultiPlanar: false };
  }
}

/** Null where the node is not there any more: its files may go between listing and reading, and reading fails then (ENODEV). */
function indexInSysfs(folder: string, name: string): number | null {
  const text = readNodeFile(folder, name, "index");
  return text === null || !/^\d+$/.test(text) ? null : Number(text);
}

function nameInSysfs(folder: string, name: string): string | null {
  return readNodeFile(folder, name, "name");
}

function readNodeFile(folder: string, name: string, file: "index" | "name"): string | null {
  try {
    return printable(readFileSync(`${folder}/${name}/${file}`, "utf8")).trim();
  } catch {
    return null;
  }
}

/** udev names cameras by links too: `/dev/v4l/by-id/...`. */
export function nodeOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path; // gone at this moment, which opening it says
  }
}

/** Of a device by its path, links to it included. 0 where the kernel does not say. */
export function nodeIndexOf(path: string, folder = NODES): number {
  return indexInSysfs(folder, basename(nodeOf(path))) ?? 0;
}

/** ffmpeg knows of no such devices (libavdevice/v4l2.c: "Not a video capture device"), up to its version 7 at least. */
export function explainMultiPlanar(path: string): string {
  return `${path} is multi-planar, which is read neither here nor by ffmpeg: GStreamer reads it, into --source - (docs/cameras.md)`;
}

export interface CameraOffer {
  formats: CameraFormat[];
  controls: SourceControl[];
}

/** What a camera offers; `controls` is empty where they are not wanted. Throws SourceError where it cannot be asked. */
export function queryCamera(path: string, withControls: boolean): CameraOffer {
  try {
    using device = new Device(path);
    if (device.capability().isMultiPlanar) throw new SourceError(explainMultiPlanar(path), { retry: false });
    return { formats: readFormats(device, null), controls: withControls ? listControls(device) : [] };
  } catch (cause) {
    if (cause instanceof SourceError) throw cause;
    throw new SourceError(explainSystemCall(cause, path), { retry: false, cause });
  }
}

/**
 * The one that `text` means: its index, its name, or a part of the name that no other has; upper or lower case does not
 * matter. Of one device's nodes its name means the first. Throws UsageError, with a list, where there is more than one, or
 * none, which may pass.
 */
export function chooseCamera<Camera extends FoundCamera>(cameras: readonly Camera[], text: string): Camera {
  const listed = cameras.map(({ index, card, path }) => `${index} ${card} (${path})`).join(", ");
  const there = cameras.length === 0 ? "no camera is there" : `there are: ${listed}`;
  if (/^\d+$/.test(text)) {
    const camera = cameras[Number(text)];
    if (camera === undefined) throw new UsageError(`there is no camera ${text}; ${there}`, { retry: true });
    return camera;
  }
  const wanted = text.toLowerCase();
  const same = cameras.filter(({ card }) => card.toLowerCase() === wanted);
  const matching = same.length > 0 ? same : cameras.filter(({ card }) => card.toLowerCase().includes(wanted));
  const [first, ...rest] = matching;
  if (first === undefined) throw new UsageError(`there is no camera '${text}'; ${there}`, { retry: true });
  const isOneDevice = rest.every(({ card, bus }) => card === first.card && bus === first.bus && bus !== "");
  if (!isOneDevice) throw new UsageError(`'${text}' may be more than one camera; ${there}`);
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
  const alike = cameras.filter(
    ({ card, bus, nodeIndex }) => card === identity.card && nodeIndex === identity.nodeIndex && !others.includes(bus),
  );
  const inItsSocket = alike.filter(({ bus }) => bus === identity.bus);
  const likely = inItsSocket.length > 0 ? inItsSocket : alike;
  return likely.find((camera) => camera.path === path) ?? likely[0] ?? null;
}

/** Whether the device at `path`, which says that of itself, is the very one, in the same socket. */
export function isSame(path: string, { card, bus }: Pick<Identity, "card" | "bus">, identity: Identity): boolean {
  return card === identity.card && bus === identity.bus && nodeIndexOf(path) === identity.nodeIndex;
}

/**
 * Whether the camera at `path`, which says of itself that it is `here`, is the one that was at `path` before; another may have come
 * there meanwhile. `others` as for findAgain; `all` is asked for the cameras that are there only where the socket is another.
 */
export function isStillAt(
  path: string,
  here: Pick<Identity, "card" | "bus">,
  { identity, others, all = listCameras }: { identity: Identity; others: readonly string[]; all?: () => FoundCamera[] },
): boolean {
  if (isSame(path, here, identity)) return true;
  return here.card === identity.card && findAgain(all(), identity, path, others)?.path === path;
}
