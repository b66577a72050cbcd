// Makes a codec fast before it is needed: the engine compiles WebAssembly well only after it has run for a while.

import { type Arena, GrowingArea } from "./arena.ts";
import type { Codec } from "./codec.ts";

/** Calls after which the first live frames are as fast as the later ones; measured, see docs/codec.md. */
const CALLS = 12;
const WIDTH = 320;
const HEIGHT = 240;

/** Encodes and decodes a small picture some times. */
export async function warmUp(codec: Codec, arena: Arena): Promise<void> {
  const bytes = WIDTH * HEIGHT * 4;
  const address = new GrowingArea(arena).reserve(2 * bytes);
  const pixels = arena.bytes(address, bytes);
  for (let at = 0; at < bytes; at++) pixels[at] = (at * 7 + (at >> 9) * 31) & 255;
  for (let call = 0; call < CALLS; call++) {
    const jpeg = await codec.encode({ width: WIDTH, height: HEIGHT, format: "rgba", address }, 75);
    await codec.decode(jpeg, { address: address + bytes, bytes });
  }
}
