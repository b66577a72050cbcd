// The changed tiles that the encoder tells for motion detection: exactly those that differ, in each size and pixel format.

import { afterAll, beforeAll, expect, test } from "bun:test";
import fc from "fast-check";
import { loadTileEncoder } from "../../../src/codec/simd/tile-encoder.ts";
import { frameBytes, type PixelFormat, planesOf } from "../../../src/core/pixel-format.ts";
import { EncodeFixture, type Frame, Threads } from "../../support/tile-scheduler-fixture.ts";

const FULL = { halvings: 0, quality: 80 };
const HALF = { halvings: 1, quality: 80 };
/** With 4:2:0, 384 × 160 pixels are 3 × 10 tiles of 128 × 16 pixels. */
const SIZE = { width: 384, height: 160 };

let threads: Threads;
let withOwn: Threads;
beforeAll(async () => {
  threads = new Threads(2);
  withOwn = new Threads(2, (arena, pool) => loadTileEncoder(arena, pool.wasm));
  await Promise.all([threads.pool.started, withOwn.pool.started]);
});
afterAll(() => Promise.all([threads.pool.close(), withOwn.pool.close()]));

/** A grey frame in which the luminance of these tiles is another one. */
function frameWith(format: PixelFormat, tiles: readonly number[], level: number): Frame {
  const pixels = new Uint8Array(frameBytes(format, SIZE.width, SIZE.height)).fill(100);
  const [plane] = planesOf(format, SIZE, 0);
  const bytesPerPixel = (plane?.rowBytes ?? 0) / SIZE.width;
  for (const tile of tiles) {
    for (let row = 16 * Math.floor(tile / 3); row < 16 * Math.floor(tile / 3) + 16; row++) {
      const from = (row * SIZE.width + 128 * (tile % 3)) * bytesPerPixel;
      pixels.fill(level, from, from + 128 * bytesPerPixel);
    }
  }
  return { ...SIZE, format, pixels };
}

const anyTiles = fc.uniqueArray(fc.integer({ min: 0, max: 29 }), { minLength: 1, maxLength: 30 });

test("ChangedTiles: tells exactly the tiles that have changed", async () => {
  const anyFormat = fc.constantFrom<PixelFormat>("rgba", "nv12", "yuv420p");
  await fc.assert(
    fc.asyncProperty(anyTiles, anyFormat, fc.boolean(), async (tiles, format, isOwn) => {
      const fixture = new EncodeFixture(isOwn ? withOwn : threads, 2);
      fixture.want(FULL);
      await fixture.encodeForAll(frameWith(format, [], 100));
      fixture.changes.length = 0;
      await fixture.encode(frameWith(format, tiles, 130));
      await fixture.encode(frameWith(format, tiles, 130));
      expect(fixture.changes.map((change) => change.tiles)).toEqual([tiles.toSorted((a, b) => a - b), []]);
      const grid = { ...SIZE, columns: 3, lines: 10, tileWidth: 128, tileHeight: 16 };
      for (const change of fixture.changes) expect(change.grid).toEqual(grid);
    }),
    { numRuns: 20 },
  );
});

test("ChangedTiles: neither refreshed tiles nor a new rendition are changes", async () => {
  const fixture = new EncodeFixture(threads, 2);
  fixture.want(FULL);
  const frame = frameWith("rgba", [], 100);
  await fixture.encodeForAll(frame);
  fixture.changes.length = 0;
  for (let second = 0; second < 20; second++) await fixture.encode(frame, 1);
  fixture.want({ halvings: 0, quality: 30 });
  await fixture.encodeForAll(frame);
  fixture.want(HALF);
  await fixture.encodeForAll(frame);
  expect(fixture.changes.length).toBeGreaterThan(20);
  for (const { tiles } of fixture.changes) expect(tiles).toEqual([]);
  await fixture.encode(frameWith("rgba", [7], 130));
  expect(fixture.changes.at(-1)?.tiles).toEqual([7]);
});

test("ChangedTiles: without a comparison there are no changes to tell", async () => {
  const fixture = new EncodeFixture(threads, null);
  fixture.want(FULL);
  await fixture.encodeForAll(frameWith("rgba", [], 100));
  await fixture.encode(frameWith("rgba", [3], 130));
  expect(fixture.changes).toEqual([]);
});
