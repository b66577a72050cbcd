// The audience chooses a rendition for each viewer: from the size that the viewer asks for, its link and the source.

import { afterEach, beforeEach, expect, test } from "bun:test";
import { GoodbyeReason } from "../../../src/protocol/wire.ts";
import { resetClock, stopClock } from "../../support/moved-clock.ts";
import { MAX_RENDITIONS } from "../../../src/server/renditions/ladder.ts";
import { InnerMember } from "../../../src/server/deliver/inner-member.ts";
import { World } from "../../support/tile-delivery-model.ts";

let pass: (milliseconds: number) => void;
beforeEach(() => {
  pass = stopClock();
});
afterEach(resetClock);

function start(maxLatencyMicros: number | null = 150_000): World {
  return new World({ maxLatencyMicros, maxBitsPerSecond: null });
}

/** Sends frames in which all tiles change. Each viewer shows each frame `transfer` microseconds after it was sent. */
function show(world: World, frames: number, transfer = 100): void {
  for (let frame = 0; frame < frames; frame++) {
    pass(33);
    world.openFrame(Array(8).fill(true), 8, true);
    world.commitFrame();
    for (const model of world.models) model.acknowledge(0, "shown", { transfer, work: 100 });
  }
}

class Recording extends InnerMember {
  readonly address = "recording";
  frameCame(): void {}
  leave(): void {}
}

const levels = (world: World) => world.renditions.wanted.map(({ level }) => `${level.halvings} q${level.quality}`);

test("Audience: viewers that ask for the same size share a rendition", () => {
  const world = start();
  const [first, second, third] = [world.join(), world.join(), world.join()];
  third.wish(false, 500, 280);
  show(world, 3);
  expect(levels(world)).toEqual(["0 q80", "1 q80"]);
  expect(world.renditions.wanted.map(({ users }) => users)).toEqual([2, 1]);
  first.wish(true, 0, 0);
  second.hangUp();
  expect(levels(world)).toEqual(["1 q80"]);
  third.wish(true, 500, 280);
  expect(levels(world)).toEqual([]);
  first.wish(false, 0, 0);
  show(world, 2);
  expect(levels(world)).toEqual(["0 q80"]);
  expect(first.lastFrame).toBe(world.frame);
});

test("Audience: a hundred viewers with a hundred sizes and any acknowledgements need no more renditions than a few", () => {
  const world = start();
  const viewers = Array.from({ length: 100 }, () => world.join());
  for (const [index, viewer] of viewers.entries()) viewer.wish(false, 13 * index + 1, 7 * index + 1);
  show(world, 5);
  expect(levels(world)).toEqual(["0 q80", "1 q80", "2 q80"]);
  let most = 0;
  for (let frame = 0; frame < 600; frame++) {
    pass(33);
    world.openFrame(Array(8).fill(true), 8, true);
    world.commitFrame();
    // Each viewer tells of another link, and of another one each second.
    for (const [index, viewer] of viewers.entries()) {
      const transfer = 1_000 * (((index * 37 + Math.floor(frame / 30) * 53) % 100) + 1) ** 2;
      viewer.acknowledge(0, "shown", { transfer, work: 100 });
    }
    most = Math.max(most, world.renditions.wanted.length);
  }
  expect(most).toBeGreaterThan(3); // the viewers do get other levels
  expect(most).toBeLessThanOrEqual(MAX_RENDITIONS);
}, 60_000);

test("Audience: a viewer keeps its rendition until the new one has a frame", () => {
  const world = start();
  const viewer = world.join();
  show(world, 2);
  viewer.wish(false, 300, 160);
  expect(levels(world)).toEqual(["0 q80", "2 q80"]);
  world.openFrame([true], 8, false); // the new rendition has no quantisation and Huffman tables yet
  world.commitFrame();
  expect(viewer.lastFrame).toBe(world.frame);
  viewer.acknowledge(0, "shown", { transfer: 100, work: 100 });
  show(world, 2);
  expect(levels(world)).toEqual(["2 q80"]);
  expect(viewer.lastFrame).toBe(world.frame);
});

test("Audience: a slow link lowers the level of its own viewer only, even after the viewer asks for another size", () => {
  const world = start();
  const slow = world.join();
  show(world, 12, 200_000);
  const [spared] = levels(world);
  expect(spared).not.toBe("0 q80");
  const other = world.join();
  expect(levels(world)).toEqual(["0 q80", spared as string]);
  other.hangUp();
  slow.wish(false, 640, 360);
  expect(levels(world)).not.toContain("1 q80");
  slow.wish(false, 0, 0);
  expect(levels(world).some((level) => level.startsWith("0"))).toBe(false);
});

test("Audience: a viewer on a fast link that asks for a larger size gets it at once", () => {
  const world = start();
  const viewer = world.join();
  viewer.wish(false, 300, 160);
  show(world, 4);
  expect(levels(world)).toEqual(["2 q80"]);
  viewer.wish(false, 0, 0);
  show(world, 3);
  expect(levels(world)).toEqual(["0 q80"]);
});

test("Audience: sends tiles again when the source changes from JPEGs to pixels of the same size", () => {
  const world = start();
  const viewer = world.join();
  show(world, 3);
  world.jpeg();
  expect([viewer.lastFrame, levels(world).length]).toEqual([world.frame, 0]);
  viewer.acknowledge(0, "shown", { transfer: 100, work: 100 });
  show(world, 3);
  expect(levels(world)).toEqual(["0 q80"]);
  expect(viewer.lastFrame).toBe(world.frame);
});

test("Audience: a viewer that comes after the end of the camera is told why", () => {
  const world = start();
  world.audience.dismiss({ reason: GoodbyeReason.end, text: "it has ended" });
  expect(() => world.join()).toThrow("the server said goodbye: it has ended");
});

test("Audience: tells later viewers when a trouble began, even if its text has changed since", () => {
  const world = start();
  const first = world.join();
  world.health.begin("source", "it is gone");
  pass(4_000);
  world.health.begin("source", "it is gone; trying again");
  pass(1_000);
  const second = world.join();
  world.health.end("source");
  pass(9_000);
  world.health.begin("source", "it is gone");
  const said = (model: typeof first) => model.notices.map(({ text, lastedMicros }) => [text, lastedMicros / 1000]);
  expect(said(first)).toEqual([
    ["it is gone", 0],
    ["it is gone; trying again", 4_000],
    ["", 0],
    ["it is gone", 0],
  ]);
  expect(said(second)).toEqual([
    ["it is gone; trying again", 5_000],
    ["", 0],
    ["it is gone", 0],
  ]);
});

test("Audience: a frame is sent to viewers before a recording takes it, although the recording has joined first", () => {
  const world = start();
  let viewer: ReturnType<World["join"]> | null = null;
  /** For each frame that the recording got, the newest frame that the viewer had then. */
  const sentBefore: (readonly [taken: number, sent: number])[] = [];
  const recording = new Recording(world.audience);
  recording.frameCame = () => {
    if (viewer !== null) sentBefore.push([world.frame, viewer.lastFrame]);
  };
  recording.begin();
  viewer = world.join();
  show(world, 3);
  expect(sentBefore.length).toBeGreaterThanOrEqual(3);
  for (const [taken, sent] of sentBefore) expect(sent).toBe(taken);
});

test("Audience: recordings and the like do not keep frames from being sent to viewers in parts", () => {
  const world = start();
  for (let viewer = 0; viewer < 4; viewer++) world.join();
  for (let recording = 0; recording < 3; recording++) new Recording(world.audience).begin();
  expect([world.audience.wantsParts(1_000), world.audience.wantsParts(5_000)]).toEqual([false, true]);
  world.join();
  expect(world.audience.wantsParts(5_000)).toBe(false);
});
