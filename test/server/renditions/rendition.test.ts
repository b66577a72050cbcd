// A rendition: the messages that it composes, viewers that share them, restart and end.

import { expect, test } from "bun:test";
import { readTiles, type Tiles } from "../../../src/protocol/messages.ts";
import { HEADER_BYTES, MessageType } from "../../../src/protocol/wire.ts";
import { Rendition } from "../../../src/server/renditions/rendition.ts";
import { RenditionRegistry } from "../../../src/server/renditions/registry.ts";
import { tilesOf } from "../../support/tile-lists.ts";

const LEVEL = { halvings: 1, quality: 60 };
const STREAM = {
  width: 320,
  height: 180,
  framesPerSecond: 30,
  codec: "simd",
  quality: 60,
  sourceWidth: 640,
  sourceHeight: 360,
};

function start(rendition = new Rendition(LEVEL), tileCount = 4): Rendition {
  const header = new Uint8Array([0xff, 0xd8]);
  const layout = { stateAddress: 0, tilesPerLine: 1, restartIntervalMcus: 20, planeCount: 1 };
  rendition.start({ ...layout, tileCount, header }, STREAM);
  return rendition;
}

/** Commits a frame in which these tiles have changed. */
function commit(rendition: Rendition, frame: number, tiles: number[]): void {
  rendition.open(frame, 1000 * frame);
  for (const tile of tiles) rendition.put([tile], [2], new Uint8Array([frame, tile]));
  rendition.commit(2 * tiles.length);
}

function read(message: Uint8Array | undefined): Tiles {
  if (message?.[4] !== MessageType.tiles) throw new Error("these are no Tiles");
  return readTiles(message.subarray(HEADER_BYTES));
}

const numbers = (message: Uint8Array | undefined) => [...read(message).tiles.numbers];

test("Rendition: composes the newest frame, whole, with its stamps", () => {
  const rendition = start();
  commit(rendition, 3, [0, 1, 2, 3]);
  commit(rendition, 7, [2]);
  const messages = rendition.compose(3);
  expect(messages.length).toBe(1);
  const { tiles, encodedAt, sentAt, ...rest } = read(messages[0]);
  expect(rest).toEqual({ frameNumber: 7, capturedAt: 7000, isLast: true });
  expect(tilesOf(tiles)).toEqual([{ number: 2, bytes: new Uint8Array([7, 2]) }]);
  expect(sentAt).toBeGreaterThanOrEqual(encodedAt);
  expect([rendition.newestFrame, rendition.newestBytes]).toEqual([7, 2]);
  expect([rendition.wholeBytes, rendition.isNew]).toEqual([8, false]);
});

test("Rendition: viewers with the same frame share a message until there is a newer frame", () => {
  const rendition = start();
  commit(rendition, 1, [0, 1, 2, 3]);
  commit(rendition, 2, [1]);
  const [whole] = rendition.compose(0);
  const [change] = rendition.compose(1);
  expect(rendition.compose(0)[0]).toBe(whole as Uint8Array);
  expect(rendition.compose(1)[0]).toBe(change as Uint8Array);
  expect([numbers(whole), numbers(change)]).toEqual([[0, 1, 2, 3], [1]]);
  commit(rendition, 3, [3]);
  expect(numbers(rendition.compose(1)[0])).toEqual([1, 3]);
  expect(numbers(rendition.compose(2)[0])).toEqual([3]);
});

test("Rendition: viewers share the message of a part, and never get that of another part or frame", () => {
  const rendition = start();
  commit(rendition, 1, [0, 1, 2, 3]);
  rendition.open(2, 2000);
  rendition.put([3], [2], new Uint8Array([2, 3]));
  const later = rendition.composePart(1, { first: 2, count: 2, isLast: false });
  expect(rendition.composePart(1, { first: 2, count: 2, isLast: false })).toBe(later);
  expect(numbers(later)).toEqual([3]);
  expect(read(later)).toMatchObject({ frameNumber: 2, capturedAt: 2000, isLast: false });
  expect(numbers(rendition.composePart(0, { first: 2, count: 2, isLast: false }))).toEqual([2, 3]);
  rendition.put([0], [2], new Uint8Array([2, 0]));
  const first = rendition.composePart(1, { first: 0, count: 2, isLast: true });
  expect(numbers(first)).toEqual([0]);
  expect(read(first)).toMatchObject({ frameNumber: 2, capturedAt: 2000, isLast: true });
  rendition.commit(4);
  rendition.open(3, 3000);
  expect(read(rendition.composePart(1, { first: 0, count: 2, isLast: false }))).toMatchObject({
    frameNumber: 3,
    isLast: false,
  });
  expect(numbers(rendition.composePart(1, { first: 0, count: 2, isLast: false }))).toEqual([0]);
  expect(numbers(rendition.composePart(2, { first: 0, count: 2, isLast: false }))).toEqual([]);
});

test("Rendition: after an aborted frame it still has the frame before", () => {
  const rendition = start();
  commit(rendition, 1, [0, 1, 2, 3]);
  const [message] = rendition.compose(0);
  rendition.open(2, 2000);
  rendition.put([0], [1], new Uint8Array([9]));
  rendition.abort();
  expect(rendition.compose(0)[0]).toBe(message as Uint8Array);
  expect(rendition.newestFrame).toBe(1);
});

test("Rendition: makes one JPEG of each frame, which stays as it is when a newer frame comes", () => {
  const rendition = start();
  expect(rendition.jpeg()).toBeNull();
  commit(rendition, 1, [0, 1, 2, 3]);
  const first = rendition.jpeg();
  expect(first).toMatchObject({ width: 320, height: 180, frameNumber: 1, capturedAt: 1000 });
  expect(rendition.jpeg()).toBe(first);
  const bytes = first?.bytes.slice();
  commit(rendition, 2, [0, 1, 2, 3]);
  expect(rendition.jpeg()).toMatchObject({ frameNumber: 2, capturedAt: 2000 });
  expect(rendition.jpeg()?.bytes).not.toEqual(bytes as Uint8Array<ArrayBuffer>);
  expect(first?.bytes).toEqual(bytes as Uint8Array<ArrayBuffer>);
  rendition.stop();
  expect(rendition.jpeg()).toBeNull();
});

test("Rendition: still counts as new after its first frame was aborted", () => {
  const rendition = start();
  rendition.open(1, 1000);
  rendition.abort();
  expect([rendition.isNew, rendition.newestFrame, rendition.stitch()]).toEqual([true, 0, null]);
});

test("Rendition: has another Stream message after a restart, and none after a stop", () => {
  const rendition = start();
  const before = rendition.stream;
  expect(before).toMatchObject({ ...STREAM, jpegHeader: new Uint8Array([0xff, 0xd8]) });
  commit(rendition, 1, [0, 1, 2, 3]);
  rendition.compose(0);
  rendition.stop();
  expect([rendition.stream, rendition.newestFrame, rendition.wholeBytes, rendition.picture]).toEqual([
    null,
    0,
    0,
    null,
  ]);
  start(rendition, 2);
  expect(rendition.stream).not.toBe(before);
  commit(rendition, 2, [0, 1]);
  expect(numbers(rendition.compose(0)[0])).toEqual([0, 1]);
});

test("RenditionRegistry: has one rendition for each level, the largest and best first", () => {
  const renditions = new RenditionRegistry();
  const half = renditions.acquire({ halvings: 1, quality: 60 });
  const thin = renditions.acquire({ halvings: 0, quality: 30 });
  const best = renditions.acquire({ halvings: 0, quality: 75 });
  expect(renditions.acquire({ halvings: 1, quality: 60 })).toBe(half);
  expect(renditions.wanted).toEqual([best, thin, half]);
  expect([half.users, thin.users]).toEqual([2, 1]);
});

test("RenditionRegistry: retires a rendition with its last user, once, if it has tables", () => {
  const renditions = new RenditionRegistry();
  const first = start(renditions.acquire(LEVEL));
  renditions.acquire(LEVEL);
  renditions.release(first);
  expect([renditions.wanted.length, renditions.takeRetired().length]).toEqual([1, 0]);
  renditions.release(first);
  expect(renditions.wanted).toEqual([]);
  const second = renditions.acquire(LEVEL);
  expect(second).not.toBe(first);
  expect(renditions.takeRetired()).toEqual([first]);
  for (let round = 0; round < 100; round++) renditions.release(renditions.acquire({ halvings: 2, quality: round + 1 }));
  expect(renditions.takeRetired()).toEqual([]); // a rendition without tables leaves nothing behind
  expect(renditions.wanted).toEqual([second]);
});
