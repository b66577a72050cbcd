// The feed of whole pictures: the JPEG that viewers without tiles share.

import { expect, test } from "bun:test";
import { JpegBlocks } from "../../../src/capture/jpeg-blocks.ts";
import { Arena } from "../../../src/codec/memory/arena.ts";
import { PictureFeed } from "../../../src/server/renditions/feed.ts";

test("PictureFeed: viewers share one copy of the JPEG, which stays as it is when its block is reused", () => {
  const blocks = new JpegBlocks(Arena.create());
  const feed = new PictureFeed({ source: { framesPerSecond: 30 }, codec: "jsquash", quality: 80 });
  const publish = (frameNumber: number) => {
    const block = blocks.acquire(4);
    block.bytes.fill(frameNumber);
    const stamps = { capturedAt: 1000 * frameNumber, encodedAt: 1000 * frameNumber + 1 };
    feed.publish({ width: 32, height: 16, frameNumber, ...stamps, block, jpegBytes: 4, isPassedOn: false });
    block.release();
  };
  expect(feed.jpeg()).toBeNull();
  publish(1);
  const first = feed.jpeg();
  expect(first).toMatchObject({ width: 32, height: 16, frameNumber: 1, capturedAt: 1000, encodedAt: 1001 });
  expect(feed.jpeg()).toBe(first);
  publish(2);
  publish(3); // in the block of the first picture
  expect(first?.bytes).toEqual(new Uint8Array([1, 1, 1, 1]));
  expect(feed.jpeg()?.bytes).toEqual(new Uint8Array([3, 3, 3, 3]));
  feed.clear();
  expect(feed.jpeg()).toBeNull();
});
