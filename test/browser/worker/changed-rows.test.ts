// changedRows against a comparison of all pixels.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { changedRows } from "../../../src/browser/worker/changed-rows.ts";

const picture = fc.record({ width: fc.integer({ min: 1, max: 9 }), height: fc.integer({ min: 1, max: 9 }) });

test("changedRows: everything outside the rows is equal, and the first and the last row differ", () => {
  fc.assert(
    fc.property(picture, fc.array(fc.nat(), { maxLength: 4 }), ({ width, height }, places) => {
      const before = new Uint8ClampedArray(4 * width * height).fill(7);
      const after = new Uint8Array(before);
      for (const place of places) after[place % after.length] = 8;
      const rows = Array.from({ length: height }, (_, row) => row).filter((row) =>
        after.subarray(4 * width * row, 4 * width * (row + 1)).includes(8),
      );
      const { first, end } = changedRows(before, after, width);
      if (rows.length === 0) expect(first).toBe(end);
      else expect([first, end]).toEqual([rows[0] ?? -1, (rows.at(-1) ?? -1) + 1]);
    }),
  );
});
