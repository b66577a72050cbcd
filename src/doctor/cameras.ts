// Examines the cameras of this machine: whether each can be opened, and whether the user may open cameras at all.

import { readFileSync } from "node:fs";
import { explainMultiPlanar, type FoundCamera, listCameras } from "../capture/camera/find.ts";
import { Device, refuseBusy } from "../system/v4l2/device.ts";
import { explainSystemCall } from "../system/v4l2/explain.ts";
import { hasLibc, SystemCallError } from "../system/v4l2/libc.ts";
import { readFormats } from "../capture/v4l2/formats.ts";
import { asRoot, type Finding, good, limited, missing } from "./finding.ts";

/** The group to which Debian's udev rules give the nodes of cameras. */
const CAMERA_GROUP = "video";

/** Examines the cameras. */
export function examineCameras(): Finding[] {
  if (!hasLibc()) {
    return [
      limited("camera", "cameras are read by ffmpeg, because V4L2 is supported only on Linux with x86-64 or arm64"),
    ];
  }
  const cameras = listCameras();
  if (cameras.length === 0) {
    const others = "serve also takes pattern, screen, a file, a URL, or - for standard input";
    return [limited("camera", `no camera is connected: ${others}`)];
  }
  return cameras.map(examineCamera);
}

function examineCamera(camera: FoundCamera): Finding {
  const { path, card, isMultiPlanar } = camera;
  const name = `${card} (${path})`;
  if (isMultiPlanar) return limited("camera", explainMultiPlanar(path));
  try {
    using device = new Device(path);
    refuseBusy(device);
    const formats = readFormats(device, null).map(({ fourcc }) => fourcc);
    if (formats.length === 0) return limited("camera", `${name} has no format that can be read`);
    return good("camera", `${name} can be opened: ${formats.join(", ")}`);
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
    const text = explainSystemCall(error, path);
    if (error.code === "EACCES" || error.code === "EPERM") return missing("camera", text, joinGroupCommand());
    return limited("camera", text);
  }
}

/** Examines whether this user belongs to the group that may open cameras. */
export function examineGroups(groupFile = "/etc/group", userFile = USER_FILE): Finding[] {
  if (process.platform !== "linux") return [];
  const uid = process.getuid?.();
  if (uid === 0) return [good("groups", "root may open every camera")];
  const group = groupIn(groupFile);
  const name = ownName(userFile);
  const username = name ?? "this user";
  if (group === null) return [limited("groups", `this system has no group '${CAMERA_GROUP}'`)];
  if ((process.getgroups?.() ?? []).includes(group.id))
    return [good("groups", `${username} is in the group '${CAMERA_GROUP}'`)];
  if (name !== null && group.members.includes(name)) {
    const text = `${username} has joined the group '${CAMERA_GROUP}' since the login`;
    return [limited("groups", text, "log out and in again")];
  }
  const text = `${username} is not in the group '${CAMERA_GROUP}', which may open cameras`;
  return [limited("groups", text, joinGroupCommand(userFile))];
}

function joinGroupCommand(userFile = USER_FILE): string {
  const name = ownName(userFile) ?? "$(id -un)";
  return `${asRoot(`usermod -a -G ${CAMERA_GROUP} ${name}`)}, then log out and in again`;
}

const USER_FILE = "/etc/passwd";

/**
 * Returns the name of the user from /etc/passwd (passwd(5)), or null if it comes from elsewhere. Bun 1.4.5's userInfo() takes it from
 * the variable USER, which may be missing or that of another user.
 */
function ownName(file: string): string | null {
  const [name] = entryOf(file, ([, , uid]) => Number(uid) === process.getuid?.()) ?? [];
  return name ?? null;
}

/** Reads a group from /etc/group (group(5)): name, password, number and members. */
function groupIn(file: string): { id: number; members: string[] } | null {
  const entry = entryOf(file, ([name]) => name === CAMERA_GROUP);
  if (entry === null) return null;
  const [, , id, members = ""] = entry;
  return { id: Number(id), members: members.split(",") };
}

/** Returns the fields of the first line that fits, or null. The file is /etc/group or one like it, with fields between colons. */
function entryOf(file: string, fits: (fields: string[]) => boolean): string[] | null {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return null; // users and groups may come from elsewhere
  }
  return (
    text
      .split("\n")
      .map((line) => line.split(":"))
      .find(fits) ?? null
  );
}
