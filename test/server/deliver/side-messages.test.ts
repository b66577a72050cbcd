// What waits for a viewer beside its pictures: the newest message of each kind, while bytes wait for the connection.

import { expect, test } from "bun:test";
import type { MotionNow } from "../../../src/core/motion.ts";
import { FakeViewer } from "../../support/fake-viewer.ts";
import { picture } from "../../support/picture-camera.ts";

const MOTION: MotionNow = {
  ...{ phase: "update", number: 1, startedAt: 1, movedAt: 2, area: 0.1, height: { area: 0.2, at: 2 } },
  ...{ box: { x: 0, y: 0, width: 1, height: 1 }, moving: null, zones: ["path"] },
};

test("SideMessages: of motion, only the newest message waits for a viewer that reads nothing", () => {
  const far = new FakeViewer().greet();
  far.capacity = 0;
  far.offer(picture(1, 1000));
  const { bytes } = far.viewer.waiting;
  for (let number = 1; number <= 500; number++) {
    far.viewer.tellMotion({ ...MOTION, number });
    far.viewer.tick();
  }
  expect(far.viewer.waiting.bytes).toBe(bytes);
  far.drain(Number.POSITIVE_INFINITY);
  expect(far.pictures).toEqual([1]);
  expect(far.ofType("motion")).toMatchObject([{ number: 500, phase: "update", zones: ["path"] }]);
  far.viewer.tellMotion({ ...MOTION, number: 501 });
  expect(far.heard.at(-1)).toMatchObject({ type: "motion", number: 501 });
});

test("SideMessages: the newest Notice, Route and Motion wait beside each other, and each is sent once", () => {
  const far = new FakeViewer().greet();
  far.capacity = 0;
  far.offer(picture(1, 1000));
  const relaysOf = (number: number) => ["0102030405060708", number.toString(16).padStart(16, "0")];
  for (let number = 1; number <= 500; number++) {
    far.viewer.tellMotion({ ...MOTION, number });
    far.viewer.tellRoute(relaysOf(number));
    far.viewer.notify({ trouble: true, text: `trouble ${number}`, lastedMicros: 0 });
    far.viewer.tick();
  }
  for (let drains = 0; drains < 10; drains++) far.drain(Number.POSITIVE_INFINITY);
  const side = far.heard.filter(({ type }) => type === "notice" || type === "route" || type === "motion");
  expect(side).toMatchObject([
    { type: "notice", text: "trouble 500" },
    { type: "route", relays: relaysOf(500) },
    { type: "motion", number: 500 },
  ]);
  far.viewer.tellRoute(relaysOf(501));
  expect(far.heard.at(-1)).toEqual({ type: "route", relays: relaysOf(501) });
});
