// The audience decides which viewers get the source's own JPEGs and which get tiles: by the size they ask for, by their link, and in order of frames.

import { afterEach, beforeEach, expect, test } from "bun:test";
import { resetClock, stopClock } from "../../support/moved-clock.ts";
import type { ModelViewer } from "../../support/model-viewer.ts";
import { World } from "../../support/tile-delivery-model.ts";

let pass: (milliseconds: number) => void;
beforeEach(() => {
  pass = stopClock();
});
afterEach(resetClock);

function start(maxBitsPerSecond: number | null = null): World {
  return new World({ maxLatencyMicros: 150_000, maxBitsPerSecond });
}

/** Sends JPEGs and, if a viewer needs tiles, their tiles `lag` frames later. Each is shown `transfer` microseconds later. */
function show(world: World, frames: number, transfer: (model: ModelViewer) => number = () => 100, lag = 0): void {
  for (let frame = 0; frame < frames; frame++) {
    pass(33);
    world.jpeg();
    world.openFrame(Array(8).fill(true), 8, true, lag);
    world.commitFrame();
    for (const model of world.models) {
      while (model.acknowledge(0, "shown", { transfer: transfer(model), work: 100 }));
    }
  }
}

const levels = (world: World) => world.renditions.wanted.map(({ level }) => `${level.halvings} q${level.quality}`);

test("Audience: asks for no tiles while all viewers take the JPEGs of the source", () => {
  const world = start();
  const [first, second] = [world.join(), world.join()];
  show(world, 3);
  expect(levels(world)).toEqual([]);
  second.wish(false, 1000, 600); // half the size of the source would be too small
  show(world, 3);
  expect([levels(world).length, world.audience.readyViewers]).toEqual([0, 2]);
  expect([first.lastFrame, second.lastFrame]).toEqual([world.frame, world.frame]);
});

test("Audience: a viewer that asks for a smaller size gets tiles, the others get JPEGs", () => {
  const world = start();
  const [whole, small] = [world.join(), world.join()];
  show(world, 2);
  small.wish(false, 500, 280);
  expect(levels(world)).toEqual(["1 q80"]);
  world.jpeg();
  expect(small.lastFrame).toBe(world.frame); // there are no tiles yet
  small.acknowledge(0, "shown", { transfer: 100, work: 100 });
  show(world, 2);
  expect([whole.takesPictures, small.takesPictures]).toEqual([true, false]);
  expect([whole.lastFrame, small.lastFrame]).toEqual([world.frame, world.frame]);
  small.wish(false, 0, 0);
  show(world, 1);
  expect([levels(world).length, small.takesPictures, small.lastFrame]).toEqual([0, true, world.frame]);
});

test("Audience: never sends a viewer the tiles of a frame that it got as a JPEG", () => {
  const world = start();
  const viewer = world.join();
  viewer.wish(false, 500, 280);
  show(world, 4, undefined, 2);
  const before = viewer.lastFrame;
  viewer.wish(false, 0, 0);
  show(world, 1);
  viewer.wish(false, 500, 280);
  const seen = viewer.lastFrame;
  expect(seen).toBeGreaterThan(before);
  show(world, 4, undefined, 3); // the model throws when a frame is older than the one before it
  expect(viewer.takesPictures).toBe(false);
  expect(viewer.lastFrame).toBeGreaterThan(seen);
});

test("Audience: sends tiles while a link is too slow for the JPEGs, and JPEGs when it is fast enough", () => {
  const world = start();
  const [near, far] = [world.join(), world.join()];
  let thin = true;
  const transfer = (model: ModelViewer) => (thin && model === far ? 120_000 : 100);
  show(world, 12, transfer);
  expect([near.takesPictures, far.takesPictures]).toEqual([true, false]);
  thin = false;
  show(world, 60 * 30, transfer);
  expect([near.takesPictures, far.takesPictures]).toEqual([true, true]);
  expect(levels(world)).toEqual([]);
});

test("Audience: does not mistake the size of tiles for the size of JPEGs", () => {
  const world = start();
  const viewer = world.join();
  let pictures = 0;
  for (let frame = 0; frame < 60 * 30; frame++) {
    pass(33);
    world.jpeg();
    world.openFrame([true], 8, true, 0);
    world.commitFrame();
    // A JPEG of 7.9 kB takes 70 ms on this link. One alone stays within the latency bound, several in a row exceed it.
    while (viewer.acknowledge(0, "shown", { transfer: viewer.lastFrameBytes * 9, work: 100 }));
    if (viewer.takesPictures) pictures++;
  }
  expect(pictures / (60 * 30)).toBeLessThan(0.2);
});

test("Audience: sends tiles when the JPEGs exceed --max-bitrate", () => {
  const world = start(500_000); // JPEGs of 7.9 kB at 30 fps are 1.9 Mbit/s
  const viewer = world.join();
  show(world, 30);
  expect(viewer.takesPictures).toBe(false);
});

test("Audience: a viewer that keeps its size gets a lower quality, not a smaller size", () => {
  const world = start();
  const viewer = world.join();
  viewer.keepSize();
  show(world, 60, () => 400_000);
  expect(viewer.takesPictures).toBe(false);
  expect(levels(world).every((level) => level.startsWith("0"))).toBe(true);
});

test("Audience: sends tiles to all viewers when the source changes from JPEGs to pixels", () => {
  const world = start();
  const viewer = world.join();
  show(world, 3);
  for (let frame = 0; frame < 3; frame++) {
    world.openFrame([true], 8, true);
    world.commitFrame();
    viewer.acknowledge(0, "shown", { transfer: 100, work: 100 });
  }
  expect([viewer.takesPictures, viewer.lastFrame, world.audience.readyViewers]).toEqual([false, world.frame, 0]);
});
