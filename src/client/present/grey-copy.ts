// The greyed copy of the picture on the screen, for the time of a trouble. A copy: the picture's own pixels are still decoded into,
// or shown again as a frame in which nothing has changed.

import type { Arena } from "../../codec/memory/arena.ts";
import { GrowingBlock } from "../../codec/memory/growing-block.ts";
import type { CodecPool } from "../../codec/threads/pool.ts";
import { CodecError } from "../../core/errors.ts";
import type { DecodedPicture } from "../picture.ts";
import type { ShownPicture } from "../screens/screen.ts";

/** Makes a grey copy of a picture, or says false where no thread or memory is free for that now; `done` hears null where it failed. */
export type Greyer = (picture: DecodedPicture, done: (grey: ShownPicture | null) => void) => boolean;

/** One copy at a time, and one in all: each takes the memory of the one before. */
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
      if (error instanceof CodecError) return false; // the arena is full: the picture stays as it is, with the red line over it
      throw error;
    }
    isBusy = pool.tryRun({ kind: "grey", address: slot.address, target, pixels }, ({ ok }) => {
      isBusy = false;
      done(ok ? { width, height, received, jpeg, pixels: arena.bytes(target, 4 * pixels) } : null);
    });
    return isBusy;
  };
}
