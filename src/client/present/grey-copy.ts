// Makes the grey copy of the picture on the screen that is shown while something is wrong. It is a copy because tiles are still decoded
// into the picture's own pixels, or those are shown again for a frame in which nothing has changed.

import type { Arena } from "../../codec/memory/arena.ts";
import { GrowingBlock } from "../../codec/memory/growing-block.ts";
import type { CodecPool } from "../../codec/threads/pool.ts";
import { CodecError } from "../../core/errors.ts";
import type { DecodedPicture } from "../picture.ts";
import type { ShownPicture } from "../screens/screen.ts";

/**
 * Makes a grey copy of a picture. Returns false if no thread or memory is free for it now. `done` gets the copy, or null if it
 * failed.
 */
export type Greyer = (picture: DecodedPicture, done: (grey: ShownPicture | null) => void) => boolean;

/** Makes one copy at a time: each takes the memory of the one before. */
export function createGreyer(arena: Arena, pool: CodecPool): Greyer {
  const area = new GrowingBlock(arena);
  let isBusy = false;
  return (picture, done) => {
    if (isBusy) return false;
    const { width, height, slot, received, jpeg } = picture;
    const pixels = width * height;
    let target: number;
    try {
      target = area.reserve(4 * pixels);
    } catch (error) {
      if (error instanceof CodecError) return false; // the arena is full: the picture keeps its colours, with the red line over it
      throw error;
    }
    isBusy = pool.tryRun({ kind: "grey", address: slot.address, target, pixels }, ({ ok }) => {
      isBusy = false;
      done(ok ? { width, height, received, jpeg, pixels: arena.bytes(target, 4 * pixels) } : null);
    });
    return isBusy;
  };
}
