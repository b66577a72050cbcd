// TileStreams with real codec threads: each frame has the pixels of the JPEG that its tiles form.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { createTileDecoder } from "../../../src/codec/simd/tile-decoder.ts";
import type { DecodedPicture } from "../../../src/client/picture.ts";
import type { NumberedTile } from "../../support/tile-lists.ts";
import { until } from "../../support/wait-until.ts";
import { djpeg, randomFrom } from "../../support/decoder-kernel.ts";
import { footageFormat, splitRandomly, TileFootage } from "../../support/tile-footage.ts";
import { ended, startTileStreams } from "../../support/tile-streams-fixture.ts";

const isEqual = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** Whether a picture is equal to an older one outside of the parts that it says have changed. */
function hasItsChanges(picture: DecodedPicture, older: DecodedPicture): boolean {
  const pixels = older.pixels.slice();
  for (const { x, y, width, height } of picture.changedSince?.(older.slot) ?? []) {
    for (let row = y; row < y + height; row++) {
      const start = 4 * (row * picture.width + x);
      pixels.set(picture.pixels.subarray(start, start + 4 * width), start);
    }
  }
  return isEqual(pixels, picture.pixels);
}

const formats = [
  { format: "rgb24", sampling: "4:2:0" },
  { format: "rgb24", sampling: "4:4:4" },
  { format: "yuyv422", sampling: "4:2:2" },
  { format: "gray", sampling: "gray" },
] as const;

const recipes = fc.record({
  layout: fc.constantFrom(...formats),
  width: fc.integer({ min: 1, max: 500 }),
  height: fc.integer({ min: 1, max: 400 }),
  quality: fc.integer({ min: 10, max: 95 }),
  tileMcus: fc.integer({ min: 1, max: 8 }),
  seed: fc.integer(),
});

describe("TileStreams: frames of one stream", () => {
  test.each([
    [1, "with one thread", null],
    [2, "with two threads", null],
    [3, "with three threads", null],
    [2, "with two threads and the thread that receives them", createTileDecoder],
  ])("TileStreams: decodes frames that arrive in any parts at any pace, %d, %s", async (threads, _, loadOwn) => {
    await using setup = await startTileStreams(threads, loadOwn);
    await fc.assert(
      fc.asyncProperty(recipes, async ({ layout, tileMcus, seed, ...size }) => {
        const random = randomFrom(seed);
        const footage = await TileFootage.create(footageFormat({ ...size, ...layout }, tileMcus), random);
        const expected = new Map<number, Uint8Array>();
        const held: DecodedPicture[] = [];
        setup.decoded.length = 0;
        setup.dropped.length = 0;
        const wrong: string[] = [];
        const check = (picture: DecodedPicture, when: string): void => {
          const jpeg = expected.get(picture.received.frameNumber) ?? new Uint8Array();
          if (!isEqual(picture.jpeg(), jpeg)) wrong.push(`JPEG of frame ${picture.received.frameNumber} ${when}`);
          // The pixels of a repeat are valid as long as the picture that it repeats is held.
          const isHeld = !picture.isRepeat || held.some(({ slot }) => slot === picture.slot);
          if (isHeld && !isEqual(picture.pixels, setup.pixelsOf(jpeg)))
            wrong.push(`frame ${picture.received.frameNumber} ${when}`);
        };
        const letGo = (): void => {
          const [picture] = held.splice(Math.floor(random() * held.length), 1);
          if (picture === undefined) return;
          check(picture, "when it was released");
          picture.slot.release();
          setup.streams.pump();
        };
        setup.onDecoded = (picture) => {
          check(picture, "when it was handed on");
          if (!picture.isRepeat) {
            for (const older of held) if (!hasItsChanges(picture, older)) wrong.push("what has changed");
            held.push(picture);
          }
          while (held.length > 3 || (held.length > 0 && random() < 0.4)) letGo();
        };
        setup.open(footage.stream);
        let unshown: NumberedTile[] = footage.allTiles; // includes the tiles of frames that were given up, because the server sends them again
        for (let frame = 1; frame <= 12; frame++) {
          const share = [0, 0.02, 0.2, 1][Math.floor(random() * 4)] ?? 0;
          const changed = footage.change(share);
          const numbers = new Set([...unshown, ...changed].map(({ number }) => number));
          const tiles = footage.allTiles.filter(({ number }) => numbers.has(number) || random() < 0.05);
          const isGivenUp = frame < 12 && random() < 0.15;
          const parts = splitRandomly(tiles, 1 + Math.floor(random() * 4), random);
          if (!isGivenUp) expected.set(frame, footage.jpeg);
          for (const [index, part] of parts.entries()) {
            const isLast = index === parts.length - 1;
            if (!(isGivenUp && isLast)) setup.send(frame, part, isLast);
            if (random() < 0.3) await Bun.sleep(random() < 0.5 ? 0 : 2);
          }
          unshown = isGivenUp ? tiles : [];
          if (random() < 0.3) letGo();
        }
        await until(() => {
          while (held.length > 0) letGo();
          return ended(setup) === expected.size;
        }, "all frames' end");
        expect(wrong).toEqual([]);
        expect(setup.dropped.filter(({ cause }) => cause !== "stale")).toEqual([]);
        expect(setup.decoded.at(-1)?.received.frameNumber).toBe(12);
        const numbers = setup.decoded.map(({ received }) => received.frameNumber);
        expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
        expect(setup.decoded.some(({ isDamaged }) => isDamaged)).toBe(false);
        expect(
          setup.decoded.at(-1)?.changedSince?.({ address: -1, bytes: new Uint8Array(), release: () => 0 }),
        ).toBeNull();
        while (held.length > 0) letGo();
      }),
      { numRuns: 60 },
    );
  });
});

test("TileStreams: makes the same pixels as djpeg, except for rounding", async () => {
  await using setup = await startTileStreams(2);
  const size = { width: 333, height: 217, quality: 80, format: "rgb24" } as const;
  const footage = await TileFootage.create(footageFormat({ ...size, sampling: "4:2:0" }, 7));
  setup.open(footage.stream);
  setup.send(1, footage.allTiles);
  setup.send(2, footage.change(0.1));
  await until(() => ended(setup) === 2, "two frames");
  const last = setup.decoded.at(-1) as DecodedPicture;
  const theirs = djpeg(footage.jpeg);
  const worst = last.pixels.reduce((most, value, at) => Math.max(most, Math.abs(value - (theirs.data[at] ?? 0))), 0);
  expect(worst).toBeLessThanOrEqual(4);
});

describe("TileStreams: changes of the stream", () => {
  const layout = { format: "rgb24", sampling: "4:2:0", quality: 75 } as const;
  const sized = (width: number, height: number) =>
    TileFootage.create(footageFormat({ ...layout, width, height }, 4), randomFrom(3));

  test("TileStreams: a new stream of the same or a smaller size takes no more memory of the arena", async () => {
    await using setup = await startTileStreams(2);
    const large = await sized(320, 240);
    const small = await sized(200, 150);
    let frame = 0;
    let shown: DecodedPicture | null = null;
    setup.onDecoded = (picture) => {
      if (picture.isRepeat) return;
      shown?.slot.release();
      shown = picture;
    };
    const play = async (footage: TileFootage) => {
      setup.open(footage.stream);
      for (let count = 0; count < 6; count++) {
        setup.send(++frame, footage.allTiles);
        await until(() => ended(setup) === frame, "the frame");
      }
    };
    for (let round = 0; round < 3; round++) await play(large);
    const before = setup.arena.take(64);
    for (let round = 0; round < 10; round++) await play(round % 2 === 0 ? small : large);
    expect(setup.arena.take(64) - before).toBe(64);
  });

  test("TileStreams: when a stream begins during decoding, each older frame ends once", async () => {
    await using setup = await startTileStreams(2);
    const footages = [await sized(320, 240), await sized(161, 99), await sized(320, 240)];
    let newest: DecodedPicture | null = null;
    setup.onDecoded = (picture) => {
      // Two streams may be decoded at the same time. The presenter drops pictures that come late.
      const isLate = newest !== null && newest.received.frameNumber > picture.received.frameNumber;
      (isLate ? picture : newest)?.slot.release();
      if (!isLate) newest = picture;
    };
    const shown = (): DecodedPicture | null => newest;
    for (let frame = 1; frame <= 60; frame++) {
      const footage = footages[frame % 3] as TileFootage;
      footage.change(0.3);
      setup.open(footage.stream);
      setup.send(frame, footage.allTiles.slice(0, 20), false);
      setup.send(frame, footage.allTiles.slice(20));
      if (frame % 7 === 0) await Bun.sleep(1);
    }
    await until(() => ended(setup) === 60, "all frames' end");
    expect(shown()?.received.frameNumber).toBe(60);
    expect(shown()?.pixels).toEqual(setup.pixelsOf((footages[0] as TileFootage).jpeg));
    const numbers = [
      ...setup.decoded.map(({ received }) => received.frameNumber),
      ...setup.dropped.map((each) => each.frameNumber),
    ];
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
  });

  test("TileStreams: of frames that pile up, the one that is being decoded and the newest are shown", async () => {
    await using setup = await startTileStreams(2);
    const footage = await sized(320, 240);
    setup.open(footage.stream);
    for (let frame = 1; frame <= 10; frame++) setup.send(frame, frame === 1 ? footage.allTiles : footage.change(0.2));
    await until(() => ended(setup) === 10, "all frames' end");
    expect(setup.decoded.map(({ received }) => received.frameNumber)).toEqual([1, 10]);
    expect(setup.dropped.every(({ cause }) => cause === "stale")).toBe(true);
    expect(setup.decoded[1]?.pixels).toEqual(setup.pixelsOf(footage.jpeg));
    expect(Buffer.compare(setup.decoded[1]?.jpeg() ?? new Uint8Array(), footage.jpeg)).toBe(0);
  });
});
