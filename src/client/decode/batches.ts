// Divides decoding among threads: tiles into batches, which begin at lines of MCUs if possible, and rectangles into parts.

import type { Rectangle } from "../../core/rectangle.ts";

/**
 * The smallest work for another thread. Waking a thread takes about as long as decoding this many tiles or converting this many
 * pixels.
 */
export const LEAST_TILES = 25;
const LEAST_PIXELS = 100_000;

/** Neighbouring lines of MCUs, from `from` up to but not including `end`. */
interface LineRun {
  first: number;
  end: number;
}

/** Returns the number of tiles of each batch, which is about `share`. */
export function divideTiles(numbers: Uint32Array, tilesPerLine: number, share: number): number[] {
  const batches: number[] = [];
  for (let from = 0; from < numbers.length;) {
    const end = cutAfter(numbers, tilesPerLine, from, Math.max(LEAST_TILES, share));
    batches.push(end - from);
    from = end;
  }
  return batches;
}

/** Returns the end of a batch: the last start of a line near `from + share`, so that lines are not divided. */
function cutAfter(numbers: Uint32Array, tilesPerLine: number, from: number, share: number): number {
  const end = from + share;
  if (end + LEAST_TILES > numbers.length) return numbers.length;
  for (let cut = end; tilesPerLine > 0 && cut > Math.max(from, end - tilesPerLine); cut--) {
    if ((numbers[cut] ?? 0) % tilesPerLine === 0) return cut;
  }
  return end;
}

/**
 * Returns the lines of MCUs that are complete in a batch of ascending tile numbers. The kernel converts them to pixels when it
 * decodes them.
 */
export function wholeLines(numbers: Uint32Array, tilesPerLine: number): LineRun[] {
  const runs: LineRun[] = [];
  if (tilesPerLine === 0) return runs;
  for (let at = 0; at + tilesPerLine <= numbers.length;) {
    const number = numbers[at] ?? 0;
    if (number % tilesPerLine !== 0 || numbers[at + tilesPerLine - 1] !== number + tilesPerLine - 1) {
      at++;
      continue;
    }
    const line = number / tilesPerLine;
    const last = runs.at(-1);
    if (last?.end === line) last.end++;
    else runs.push({ first: line, end: line + 1 });
    at += tilesPerLine;
  }
  return runs;
}

/**
 * Divides rectangles into one list for each thread, with about the same number of pixels. There are fewer lists if waking a
 * thread would cost more.
 */
export function divideRectangles(rectangles: readonly Rectangle[], threads: number): Rectangle[][] {
  const total = rectangles.reduce((sum, { width, height }) => sum + width * height, 0);
  const parts = Math.max(1, Math.min(threads, Math.floor(total / LEAST_PIXELS)));
  const lists: Rectangle[][] = [[]];
  let left = total / parts;
  for (const rectangle of rectangles) {
    let rest = rectangle;
    while (rest.width * rest.height > left && lists.length < parts) {
      const height = Math.min(rest.height, Math.max(1, Math.ceil(left / rest.width)));
      lists.at(-1)?.push({ ...rest, height });
      rest = { ...rest, y: rest.y + height, height: rest.height - height };
      left = total / parts;
      lists.push([]);
    }
    left -= rest.width * rest.height;
    if (rest.height > 0) lists.at(-1)?.push(rest);
  }
  return lists.filter((list) => list.length > 0);
}
