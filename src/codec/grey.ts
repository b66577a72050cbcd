// A picture greyed, in a codec thread: without colour and darker, so that it is not taken for what is seen now.

import type { Arena } from "./memory/arena.ts";

/** RGBA pixels in the arena, of which a grey copy is made there. */
export interface GreyJob {
  kind: "grey";
  address: number;
  target: number;
  pixels: number;
}

/** Share of the brightness that is left, in 256ths. */
const DIMMED = 154;

/** Writes the copy; what `address` holds stays as it is. Luma is BT.601's, as JPEG has it (JFIF 1.02). */
export function greyOut(arena: Arena, { address, target, pixels }: GreyJob): void {
  const from = new Uint32Array(arena.memory.buffer, address, pixels);
  const to = new Uint32Array(arena.memory.buffer, target, pixels);
  for (let at = 0; at < pixels; at++) {
    const rgba = from[at] as number; // little-endian: red is lowest
    const luma = (77 * (rgba & 255) + 150 * ((rgba >>> 8) & 255) + 29 * ((rgba >>> 16) & 255)) >>> 8;
    to[at] = (((luma * DIMMED) >>> 8) * 0x010101) | 0xff000000;
  }
}
