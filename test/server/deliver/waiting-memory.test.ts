// The memory for pictures that viewers have not acknowledged: who gets a picture when it is used up, and what counts.

import { expect, test } from "bun:test";
import { DEFAULT_ACCESS_LIMITS } from "../../../src/server/access/limits.ts";
import { FakeViewer } from "../../support/fake-viewer.ts";
import { picture } from "../../support/picture-camera.ts";

const MOST = DEFAULT_ACCESS_LIMITS.maxWaitingMiB * 2 ** 20;

test("WaitingMemory: when it is used up, a viewer gets its first picture as soon as there is room", () => {
  const far = new FakeViewer().greet();
  far.waiting.add(MOST);
  far.offer(picture(1));
  far.viewer.tick();
  expect(far.pictures).toEqual([]);
  expect(far.waiting.takeRefused()).toBe(true);
  expect(far.waiting.takeRefused()).toBe(false);
  far.waiting.add(-1);
  far.viewer.tick();
  expect(far.pictures).toEqual([1]);
});

test("WaitingMemory: a viewer that has acknowledged a picture gets further ones, even when it is used up", () => {
  const far = new FakeViewer().greet();
  far.offer(picture(1));
  far.ack(1);
  far.waiting.add(MOST);
  far.offer(picture(2));
  expect(far.pictures).toEqual([1, 2]);
});

test("WaitingMemory: counts pictures until they are acknowledged or their viewer has gone", () => {
  const far = new FakeViewer().greet();
  far.waiting.add(MOST - 1);
  far.offer(picture(1, 1_000));
  expect(far.waiting.hasRoom()).toBe(false);
  far.ack(1);
  expect(far.waiting.hasRoom()).toBe(true);
  far.offer(picture(2, 1_000));
  expect(far.waiting.hasRoom()).toBe(false);
  far.viewer.closed("it hung up");
  expect(far.waiting.hasRoom()).toBe(true);
  far.waiting.add(1);
  expect(far.waiting.hasRoom()).toBe(false); // nothing was counted twice
});
