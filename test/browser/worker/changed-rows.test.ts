// changedRows against a comparison of all pixels.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { changedRows } from "../../../src/browser/worker/changed-rows.ts";

const size = fc.record({ width: fc.integer({ min: 1, max: 9 }), height: fc.integer({ min: 1, max: 9 }) });
/** A picture, and a part of it. */
const pictures = size.chain(({ width, height }) =>
  fc.record({ x: fc.nat(width - 1), y: fc.nat(height - 1) }).chain(({ x, y }) =>
    fc.record({
      ...{ width: fc.constant(width), height: fc.constant(height) },
      part: fc.record({
        ...{ x: fc.constant(x), y: fc.constant(y) },
        ...{ width: fc.integer({ min: 1, max: width - x }), height: fc.integer({ min: 1, max: height - y }) },
      }),
    }),
  ),
);

test("changedRows: everything in the part outside the rows is equal, and the first and the last row differ", () => {
  fc.assert(
    fc.property(pictures, fc.array(fc.nat(), { maxLength: 4 }), ({ width, height, part }, places) => {
      const before = new Uint8ClampedArray(4 * width * height).fill(7);
      const after = new Uint8Array(before);
      for (const place of places) after[place % after.length] = 8;
      const rows = Array.from({ length: part.height }, (_, row) => part.y + row).filter((row) =>
        after.subarray(4 * (width * row + part.x), 4 * (width * row + part.x + part.width)).includes(8),
      );
      const { first, end } = changedRows(before, after, width, part);
      if (rows.length === 0) expect(first).toBe(end);
      else expect([first, end]).toEqual([rows[0] ?? -1, (rows.at(-1) ?? -1) + 1]);
    }),
  );
});
