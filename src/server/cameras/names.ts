// Makes unique names for a server's cameras, and finds the camera for a name that a viewer sends.

import { printable } from "../../core/printable.ts";
import { MAX_TEXT_BYTES } from "../../protocol/bytes.ts";
import { GoodbyeReason, MAX_CAMERA_NAME_BYTES } from "../../protocol/wire.ts";
import type { Refusal } from "../access/refusal.ts";

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

interface Named {
  readonly name: string;
}

/**
 * Finds the camera with this name. If no camera has it, finds the only camera whose name contains it, ignoring case. "" means the
 * first camera.
 */
export function findByName<Camera extends Named>(cameras: readonly Camera[], wanted: string): Camera | Refusal {
  const exact = wanted === "" ? cameras[0] : cameras.find(({ name }) => name === wanted);
  if (exact !== undefined) return exact;
  const alike = cameras.filter(({ name }) => name.toLowerCase().includes(wanted.toLowerCase()));
  if (alike.length === 1) return alike[0] as Camera;
  return { reason: GoodbyeReason.noCamera, text: explainMissing(cameras, wanted, alike) };
}

function explainMissing(cameras: readonly Named[], wanted: string, alike: readonly Named[]): string {
  if (alike.length > 0) return withNames(`several cameras are called '${wanted}': `, alike);
  const start = `there is no camera '${wanted}': the `;
  return cameras.length === 0 ? `${start}server has none` : withNames(`${start}cameras are `, cameras);
}

/** Adds as many names as fit into the text of a Goodbye, and the number of the others. */
function withNames(start: string, cameras: readonly Named[]): string {
  const maxBytes = MAX_TEXT_BYTES - Buffer.byteLength(` and ${cameras.length} more`);
  let text = start;
  for (const [index, { name }] of cameras.entries()) {
    const longer = index === 0 ? `${start}${name}` : `${text}, ${name}`;
    if (Buffer.byteLength(longer) > maxBytes) return `${text} and ${cameras.length - index} more`;
    text = longer;
  }
  return text;
}
