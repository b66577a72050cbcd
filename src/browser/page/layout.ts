// Computes the grid of cameras that uses the window best, and the size of a picture in it.

import type { Size } from "../../core/pixel-format.ts";

/** The aspect ratio of a camera whose size is not known yet. */
const USUAL: Size = { width: 16, height: 9 };

/** Returns the largest size with the picture's aspect ratio that fits into the space. */
export function fit(picture: Size | null, space: Size): Size {
  const { width, height } = picture ?? USUAL;
  const scale = Math.min(space.width / width, space.height / height);
  return { width: width * scale, height: height * scale };
}

/** Returns the number of columns that makes the pictures largest. `picture` is the size of one of them. */
export function columnsFor(count: number, picture: Size | null, space: Size): number {
  let best = 1;
  let largest = 0;
  for (let columns = 1; columns <= count; columns++) {
    const cell = { width: space.width / columns, height: space.height / Math.ceil(count / columns) };
    const { width } = fit(picture, cell);
    if (width <= largest + 0.5) continue;
    largest = width;
    best = columns;
  }
  return best;
}
