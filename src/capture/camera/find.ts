// Lists the cameras and what they offer, and finds the camera that an index, a name or a part of a name means.

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
  /** Its place in the list, from 0 on. */
  index: number;
  path: string;
  /** The camera cannot be read; `explainMultiPlanar` says why. */
  isMultiPlanar: boolean;
}

/** A camera that was open before: who it is and where it was. */
export interface KnownCamera {
  /** Its last known path. */
  path: string;
  identity: Identity;
  /** The `bus` of each other camera with the same name. Those are not this camera. */
  others: readonly string[];
}

/** The kernel has a folder here for each node, with the node's index and name (ABI/testing/sysfs-class-video4linux). */
const NODES = "/sys/class/video4linux";

/**
 * Lists all nodes that deliver pictures, ordered by number. A node that cannot be opened is listed with its name from sysfs. Only
 * Linux has such a list; on other systems it is empty.
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

/** Null for a node that delivers no pictures, or that is being unplugged at this moment. */
function lookAt(folder: string, name: string): Omit<FoundCamera, "index"> | null {
  const nodeIndex = indexInSysfs(folder, name);
  if (nodeIndex === null) return null;
  const path = `/dev/${name}`;
  try {
    using device = new Device(path);
    const { card, bus, isCamera, isMultiPlanar } = device.capability();
    return isCamera || isMultiPlanar ? { path, card, bus, nodeIndex, isMultiPlanar } : null;
  } catch {
    // There is no permission, or the device is dead. It is listed all the same, and opening it will say what is wrong. Which of a
    // device's nodes have pictures is not known in that case, but the first one has.
    const card = nodeIndex === 0 ? nameInSysfs(folder, name) : null;
    return card === null ? null : { path, card, bus: "", nodeIndex, isMultiPlanar: false };
  }
}

/** Null when the node is gone: its files may vanish after the listing, and reading them then fails (ENODEV). */
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

/** The path of the node behind `path`, which may be one of udev's links: `/dev/v4l/by-id/...`. */
export function nodeOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path; // the device is gone at this moment, and opening it will say so
  }
}

/** The index of a node among those of its device. `path` may be a link. 0 when the kernel does not say. */
export function nodeIndexOf(path: string, folder = NODES): number {
  return indexInSysfs(folder, basename(nodeOf(path))) ?? 0;
}

/** ffmpeg does not know such devices (libavdevice/v4l2.c: "Not a video capture device"), up to version 7 at least. */
export function explainMultiPlanar(path: string): string {
  return `${path} is multi-planar, which neither Slipstream nor ffmpeg reads; GStreamer can pipe it into --source - (docs/cameras.md)`;
}

/** What a camera offers. */
export interface CameraOffer {
  formats: CameraFormat[];
  controls: SourceControl[];
}

/** Asks a camera what it offers; `controls` stays empty without `withControls`. Throws SourceError when it cannot be asked. */
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
 * Chooses a camera by `text`: an index, a name, or a part of the name that no other camera has, in upper or lower case. For a
 * device with several nodes, the name means the first node. Throws a UsageError with a list when there is more than one match, or
 * none; in the latter case with `retry`.
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
 * Finds a camera that was unplugged and is back: the one with the same name and socket, otherwise one with the same name; null
 * when there is none. Of two that match, the one at the old path is taken.
 */
export function findAgain<Camera extends FoundCamera>(
  cameras: readonly Camera[],
  { identity, path, others }: KnownCamera,
): Camera | null {
  const alike = cameras.filter(
    ({ card, bus, nodeIndex }) => card === identity.card && nodeIndex === identity.nodeIndex && !others.includes(bus),
  );
  const inItsSocket = alike.filter(({ bus }) => bus === identity.bus);
  const likely = inItsSocket.length > 0 ? inItsSocket : alike;
  return likely.find((camera) => camera.path === path) ?? likely[0] ?? null;
}

/** Whether the device at `path`, which reports `here`, is the camera `identity`, in the same socket. */
export function isSameCamera(path: string, here: Pick<Identity, "card" | "bus">, identity: Identity): boolean {
  return here.card === identity.card && here.bus === identity.bus && nodeIndexOf(path) === identity.nodeIndex;
}

/**
 * Whether the device that is now at the path of a known camera, and reports `here`, is that camera. `all` lists the cameras; it is
 * called only when the socket has changed.
 */
export function isStillAt(
  known: KnownCamera,
  here: Pick<Identity, "card" | "bus">,
  all: () => FoundCamera[] = listCameras,
): boolean {
  if (isSameCamera(known.path, here, known.identity)) return true;
  return here.card === known.identity.card && findAgain(all(), known)?.path === known.path;
}
