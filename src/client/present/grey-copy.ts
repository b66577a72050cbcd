// Makes the grey copy of the picture on the screen, which is shown during trouble. The picture's own pixels must stay unchanged,
// because tiles are still decoded into them, or because they are shown again for an unchanged frame.

import type { Arena } from "../../codec/memory/arena.ts";
import { GrowingBlock } from "../../codec/memory/growing-block.ts";
import type { CodecPool } from "../../codec/threads/pool.ts";
import { CodecError } from "../../core/errors.ts";
import type { DecodedPicture } from "../picture.ts";
import type { ShownPicture } from "../screens/screen.ts";

/**
 * Makes a grey copy of a picture. Returns false if no thread or no memory is free. `done` gets the copy, or null if the thread
 * failed.
 */
export type Greyer = (picture: DecodedPicture, done: (grey: ShownPicture | null) => void) => boolean;

/** Makes one copy at a time. Each copy uses the memory of the previous copy. */
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
      // The arena (the shared memory) is full. The picture keeps its colours. Only the red text over it shows the trouble.
      if (error instanceof CodecError) return false;
      throw error;
    }
    isBusy = pool.tryRun({ kind: "grey", address: slot.address, target, pixels }, ({ ok }) => {
      isBusy = false;
      done(ok ? { width, height, received, jpeg, pixels: arena.bytes(target, 4 * pixels), isGrey: true } : null);
    });
    return isBusy;
  };
}
