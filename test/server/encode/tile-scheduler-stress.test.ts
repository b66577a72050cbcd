// The tile scheduler with a source that is too fast, viewers that come and go, and failing threads: each committed frame is whole.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { frameBytes } from "../../../src/core/pixel-format.ts";
import type { Rendition } from "../../../src/server/renditions/rendition.ts";
import { until } from "../../support/wait-until.ts";
import { randomSequence } from "../../support/generated-pictures.ts";
import { randomPixels } from "../../support/random-pictures.ts";
import {
  type Frame,
  missingTiles,
  EncodeFixture,
  sameBytes,
  Threads,
  WholeEncoder,
} from "../../support/tile-scheduler-fixture.ts";

const LEVELS = [
  { halvings: 0, quality: 80 },
  { halvings: 0, quality: 20 },
  { halvings: 1, quality: 60 },
  { halvings: 2, quality: 95 },
];
const SIZES = [
  { width: 480, height: 270 },
  { width: 480, height: 270 },
  { width: 161, height: 333 },
];
const SLOTS = 5;

let threads: Threads;
let whole: WholeEncoder;
beforeAll(async () => {
  [threads, whole] = [new Threads(3), await WholeEncoder.load()];
  await threads.pool.started;
});
afterAll(() => threads.pool.close());

/** The tiles of the rendition that differ from the frame encoded whole, or null when none differs. */
function fault(rendition: Rendition, frame: Frame | undefined): string | null {
  if (frame === undefined) return `frame ${rendition.newestFrame} was never handed over`;
  const expected = whole.tiles(frame, rendition.level);
  const tiles = missingTiles(rendition, 0);
  const wrong = expected.flatMap((bytes, number) => (sameBytes(tiles[number]?.bytes, bytes) ? [] : [number]));
  return wrong.length === 0 && tiles.length === expected.length
    ? null
    : `frame ${rendition.newestFrame}, quality ${rendition.level.quality}: tiles ${wrong} of ${expected.length}`;
}

test.each([1, 2, 3, 4])(
  "TileScheduler: commits only whole frames in bursts with late viewers and failing threads, seed %p",
  async (seed) => {
    const random = randomSequence(seed);
    const choose = <Each>(list: readonly Each[]): Each => list[Math.floor(random() * list.length)] as Each;
    const fixture = new EncodeFixture(threads, 0);
    const frames = new Map<number, Frame>();
    const faults: string[] = [];
    let commits = 0;
    fixture.onCommitted = (rendition) => {
      commits++;
      const found = fault(rendition, frames.get(rendition.newestFrame));
      if (found !== null) faults.push(found);
    };
    const users = [fixture.want(LEVELS[0] as (typeof LEVELS)[number])];
    let defects = 0;
    threads.pool.spoil = (job) => {
      if (job.kind !== "encode-tiles" || defects >= 6 || random() > 0.05) return job;
      defects++;
      return { ...job, scales: [null] } as unknown as typeof job;
    };
    let format = choose(["yuvj420p", "rgba", "yuyv422"] as const);
    let size = choose(SIZES);
    let pixels = randomPixels(frameBytes(format, size.width, size.height), seed);
    for (let step = 0; step < 120; step++) {
      if (random() < 0.05) {
        format = choose(["yuvj420p", "rgba", "yuyv422"] as const);
        size = choose(SIZES);
        pixels = randomPixels(frameBytes(format, size.width, size.height), seed + step);
      }
      if (random() < 0.15) users.push(fixture.want(choose(LEVELS)));
      if (random() < 0.15 && users.length > 1) fixture.renditions.release(users.shift() as Rendition);
      fixture.hasPartsWanted = random() < 0.7;
      pixels = pixels.slice();
      const from = Math.floor(random() * pixels.length);
      pixels.set(randomPixels(Math.floor((pixels.length - from) * random() ** 3), seed + step), from);
      const frame: Frame = { format, ...size, pixels };
      frames.set(fixture.captures.frames + 1, frame);
      fixture.deliver(frame);
      if (random() < 0.6) await Bun.sleep(random() * 4);
    }
    threads.pool.spoil = (job) => job;
    const last: Frame = { format, ...size, pixels };
    await until(() => fixture.dispatcher.idle, "the last frame");
    fixture.onCommitted = () => undefined;
    await fixture.encodeForAll(last);
    for (const rendition of fixture.renditions.wanted) expect(fault(rendition, last)).toBeNull();
    expect(faults).toEqual([]);
    expect(commits).toBeGreaterThan(20);
    const { stale, encode, source, late } = fixture.figures.drops.byReason;
    expect(fixture.figures.encoded + stale + encode).toBe(fixture.captures.frames);
    expect([source, late]).toEqual([0, 0]);
    expect(encode).toBeLessThanOrEqual(defects);
    expect(fixture.freeSlots(last)).toBe(SLOTS - 1);
  },
);

test("TileScheduler: the tests above did restart threads", () => {
  expect(threads.restarted.length).toBeGreaterThan(1);
});
