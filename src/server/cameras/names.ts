// Makes unique names for a server's cameras, and finds the camera for a name that a viewer sends.

import { printable } from "../../core/printable.ts";
import { GoodbyeReason, MAX_CAMERA_NAME_BYTES } from "../../protocol/wire.ts";
import type { Refusal } from "../access/refusal.ts";

/** The number of bytes for camera names in the text of a Goodbye message. The whole text has at most 200 bytes. */
const MAX_LISTED_BYTES = 84;

/** Names a camera after its source. A number is added when the name is in `taken`. */
export function nameAfterSource(sourceName: string, taken: readonly string[]): string {
  const own = [...printable(sourceName)];
  let name = own.join("");
  for (let count = 2; name === "" || taken.includes(name) || Buffer.byteLength(name) > MAX_CAMERA_NAME_BYTES;) {
    if (Buffer.byteLength(own.join("")) > MAX_CAMERA_NAME_BYTES - 4) own.pop();
    else name = `${own.join("")}-${count++}`;
  }
  return name;
}

/**
 * Finds the camera with this name. If no camera has it, finds the only camera whose name contains it, ignoring case. "" means the
 * first camera.
 */
export function findByName<Camera extends { readonly name: string }>(
  cameras: readonly Camera[],
  wanted: string,
): Camera | Refusal {
  const exact = wanted === "" ? cameras[0] : cameras.find(({ name }) => name === wanted);
  if (exact !== undefined) return exact;
  const alike = cameras.filter(({ name }) => name.toLowerCase().includes(wanted.toLowerCase()));
  if (alike.length === 1) return alike[0] as Camera;
  const text =
    alike.length === 0
      ? `there is no camera '${wanted}': the ${cameras.length === 0 ? "server has none" : `cameras are ${listNames(cameras)}`}`
      : `several cameras are called '${wanted}': ${listNames(alike)}`;
  return { reason: GoodbyeReason.noCamera, text };
}

function listNames(cameras: readonly { readonly name: string }[]): string {
  let text = "";
  for (const [index, { name }] of cameras.entries()) {
    const longer = text === "" ? name : `${text}, ${name}`;
    if (Buffer.byteLength(longer) > MAX_LISTED_BYTES) return `${text} and ${cameras.length - index} more`;
    text = longer;
  }
  return text;
}
