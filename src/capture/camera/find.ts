// Lists the cameras with their formats and controls, and finds the camera for an index, a name or a part of a name.

import { readdirSync, readFileSync, realpathSync } from "node:fs";
import { basename } from "node:path";
import { codeOf, SourceError, UsageError } from "../../core/errors.ts";
import { printable } from "../../core/printable.ts";
import type { SourceControl } from "../source.ts";
import { listControls } from "../v4l2/controls.ts";
import { Device, type Identity } from "../../system/v4l2/device.ts";
import { explainSystemCall } from "../../system/v4l2/explain.ts";
import { type CameraFormat, readFormats } from "../v4l2/formats.ts";

export interface FoundCamera extends Identity {
  /** The camera's index in the list. The first one is 0. */
  index: number;
  path: string;
  /** True if the camera cannot be read. `explainMultiPlanar` returns the reason. */
  isMultiPlanar: boolean;
}

/** The identity and the last path of a camera that was open before. */
export interface KnownCamera {
  /** The last known path of the camera. */
  path: string;
  identity: Identity;
  /** The `bus` of each other camera with the same name, which must not be confused with this camera. */
  others: readonly string[];
}

/**
 * The kernel's folder with one entry for each node, which has the node's index and name (ABI/testing/sysfs-class-video4linux).
 */
const NODES = "/sys/class/video4linux";

/**
 * Lists all nodes that deliver pictures, ordered by number. A node that cannot be opened is listed with its name from sysfs. On
 * systems other than Linux the list is empty.
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
    if (codeOf(error) === "ENOENT") return []; // No camera has been plugged in since boot, or this is not Linux.
    throw error;
  }
}

/** Describes a node. Returns null for a node that delivers no pictures or is just being unplugged. */
function lookAt(folder: string, name: string): Omit<FoundCamera, "index"> | null {
  const nodeIndex = indexInSysfs(folder, name);
  if (nodeIndex === null) return null;
  const path = `/dev/${name}`;
  try {
    using device = new Device(path);
    const { card, bus, isCamera, isMultiPlanar } = device.capability();
    return isCamera || isMultiPlanar ? { path, card, bus, nodeIndex, isMultiPlanar } : null;
  } catch {
    // The device cannot be opened, for example without permission. It is listed anyway, and opening it will report the reason.
    // Without opening it, nobody knows which of its nodes deliver pictures. The first node does, so only that one is listed.
    const card = nodeIndex === 0 ? nameInSysfs(folder, name) : null;
    return card === null ? null : { path, card, bus: "", nodeIndex, isMultiPlanar: false };
  }
}

/** Returns the index of the node among the nodes of its device, or null when the kernel does not tell it. */
function indexInSysfs(folder: string, name: string): number | null {
  const text = readNodeFile(folder, name, "index");
  return text === null || !/^\d+$/.test(text) ? null : Number(text);
}

function nameInSysfs(folder: string, name: string): string | null {
  return readNodeFile(folder, name, "name");
}

/** Reads a file of the node. Returns null when the node has disappeared after it was listed (ENODEV). */
function readNodeFile(folder: string, name: string, file: "index" | "name"): string | null {
  try {
    return printable(readFileSync(`${folder}/${name}/${file}`, "utf8")).trim();
  } catch {
    return null;
  }
}

/** Returns the path of the node for `path`, which may be one of udev's links (`/dev/v4l/by-id/...`). */
export function nodeOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path; // The device has disappeared. Opening it will report this.
  }
}

/** Returns the index of a node among the nodes of its device, or 0 if the kernel does not tell it. `path` may be a link. */
export function nodeIndexOf(path: string, folder = NODES): number {
  return indexInSysfs(folder, basename(nodeOf(path))) ?? 0;
}

/**
 * Explains that a multi-planar device cannot be read. ffmpeg does not support these devices either, at least up to version 7
 * (libavdevice/v4l2.c: "Not a video capture device").
 */
export function explainMultiPlanar(path: string): string {
  return `${path} is multi-planar, which neither Slipstream nor ffmpeg supports: use GStreamer with --source - (docs/cameras.md)`;
}

/** The formats and controls of a camera. */
export interface CameraOffer {
  formats: CameraFormat[];
  controls: SourceControl[];
}

/** Reads the formats and, with `withControls`, the controls of a camera. Throws SourceError when the camera cannot be asked. */
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
 * Chooses a camera by `text`: an index, a name, or a part of the name that no other camera has, ignoring case. For a device with
 * several nodes, the name means the first node. If several cameras match, the function throws a UsageError that lists them. If no
 * camera matches, it throws a UsageError with `retry`.
 */
export function chooseCamera<Camera extends FoundCamera>(cameras: readonly Camera[], text: string): Camera {
  const listed = cameras.map(({ index, card, path }) => `${index} ${card} (${path})`).join(", ");
  const there = cameras.length === 0 ? "no camera is connected" : `the cameras are ${listed}`;
  if (/^\d+$/.test(text)) {
    const camera = cameras[Number(text)];
    if (camera === undefined) throw new UsageError(`there is no camera ${text}: ${there}`, { retry: true });
    return camera;
  }
  const wanted = text.toLowerCase();
  const same = cameras.filter(({ card }) => card.toLowerCase() === wanted);
  const matching = same.length > 0 ? same : cameras.filter(({ card }) => card.toLowerCase().includes(wanted));
  const [first, ...rest] = matching;
  if (first === undefined) throw new UsageError(`there is no camera '${text}': ${there}`, { retry: true });
  const isOneDevice = rest.every(({ card, bus }) => card === first.card && bus === first.bus && bus !== "");
  if (!isOneDevice) throw new UsageError(`'${text}' matches more than one camera: ${there}`);
  return first;
}

/**
 * Finds a camera that was unplugged and is back: the camera with the same name in the same USB socket, or else a camera with the
 * same name. If two cameras match, the one at the old path is returned. If no camera matches, the result is null.
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

/** Returns whether the device at `path`, which reports `here`, is the camera `identity` in the same socket. */
export function isSameCamera(path: string, here: Pick<Identity, "card" | "bus">, identity: Identity): boolean {
  return here.card === identity.card && here.bus === identity.bus && nodeIndexOf(path) === identity.nodeIndex;
}

/**
 * Returns whether the device at the path of a known camera, which reports `here`, is still that camera. `all` lists the cameras,
 * and the function calls it only when the socket has changed.
 */
export function isStillAt(
  known: KnownCamera,
  here: Pick<Identity, "card" | "bus">,
  all: () => FoundCamera[] = listCameras,
): boolean {
  if (isSameCamera(known.path, here, known.identity)) return true;
  return here.card === known.identity.card && findAgain(all(), known)?.path === known.path;
}
