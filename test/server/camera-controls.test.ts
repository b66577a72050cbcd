// What viewers may say to set a control, and what a viewer hears that asks, also one that asks too much.

import { expect, test } from "bun:test";
import { writeControlsAsked, writeSetControl } from "../../src/protocol/controls.ts";
import { writePing } from "../../src/protocol/messages.ts";
import { GoodbyeReason, MAX_OPEN_QUESTIONS } from "../../src/protocol/wire.ts";
import type { Control, Source } from "../../src/server/sources/source.ts";
import { FarEnd } from "./far-end.ts";

const gain: Control = {
  ...{ name: "gain", title: "Gain", type: "integer", minimum: -5, maximum: 100, step: 1, defaultValue: 0, value: 3 },
  ...{ menu: [], isReadOnly: false, isInactive: false },
};
const auto: Control = { ...gain, name: "auto", type: "boolean", minimum: 0, maximum: 1 };
/** Nothing that viewers are told of: buttons have no value, and what cannot be set is of no use to them. */
const hidden: Control[] = [
  { ...gain, name: "reset", type: "button", value: null },
  { ...gain, name: "temperature", isReadOnly: true },
];

/** A camera that answers when it is told to. */
function createSlow(): { source: Source; set: unknown[][]; answer: () => void } {
  let answer: () => void = () => undefined;
  const turn = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const set: unknown[][] = [];
  const controls = {
    list: () => turn.then(() => [gain, auto, ...hidden]),
    set: (...what: unknown[]) => {
      set.push(what);
      return what[0] === "auto" ? Promise.reject(new Error("the cable is out")) : Promise.resolve();
    },
  };
  return { source: { name: "slow", framesPerSecond: 0, run: () => Promise.resolve(), controls }, set, answer };
}

test("answers come in the order of the questions, and hold nothing else up", async () => {
  const slow = createSlow();
  const far = new FarEnd(slow.source).greet();
  for (const [name, value] of [
    ["gain", "9"],
    ["auto", "on"],
    ["none", "1"],
  ] as const) {
    far.viewer.receive(writeSetControl({ name, value }));
  }
  far.viewer.receive(writeControlsAsked());
  far.viewer.receive(writePing({ sentAt: 1 }));
  await Bun.sleep(0);
  expect(far.ofType("pong").length).toBe(1);
  expect(far.ofType("control set")).toEqual([]);
  slow.answer();
  await Bun.sleep(1);
  expect(slow.set).toEqual([
    ["gain", 9],
    ["auto", 1],
  ]);
  expect(far.heard.slice(-4)).toEqual([
    { type: "control set", isDone: true, text: "" },
    { type: "control set", isDone: false, text: "the cable is out" },
    {
      type: "control set",
      isDone: false,
      text: "the camera has no control 'none'; it has gain, auto, reset, temperature",
    },
    {
      type: "controls",
      areSettable: true,
      trouble: "",
      controls: [
        { name: "gain", kind: "integer", min: -5, max: 100, step: 1, default: 0, value: 3, items: [] },
        { name: "auto", kind: "boolean", min: 0, max: 1, step: 1, default: 0, value: 3, items: [] },
      ],
    },
  ]);
  expect(far.calls).toContain("viewer test set gain to 9");
});

test("who asks and asks without waiting is sent away, and hears nothing of it afterwards", async () => {
  const slow = createSlow();
  const far = new FarEnd(slow.source).greet();
  for (let asked = 0; asked < MAX_OPEN_QUESTIONS; asked++) far.viewer.receive(writeControlsAsked());
  expect(far.ofType("goodbye")).toEqual([]);
  far.viewer.receive(writeControlsAsked());
  expect(far.ofType("goodbye")).toMatchObject([{ reason: GoodbyeReason.protocol }]);
  slow.answer();
  await Bun.sleep(1);
  expect(far.ofType("controls")).toEqual([]);
});

test("as many questions as one likes, one after the other", async () => {
  const slow = createSlow();
  slow.answer();
  const far = new FarEnd(slow.source).greet();
  for (let asked = 0; asked < 3 * MAX_OPEN_QUESTIONS; asked++) {
    far.viewer.receive(writeControlsAsked());
    await Bun.sleep(1);
  }
  expect(far.ofType("controls").length).toBe(3 * MAX_OPEN_QUESTIONS);
});

test("a camera without controls says so", async () => {
  const far = new FarEnd().greet();
  far.viewer.receive(writeControlsAsked());
  far.viewer.receive(writeSetControl({ name: "gain", value: "1" }));
  await Bun.sleep(1);
  expect(far.heard.slice(-2)).toEqual([
    { type: "controls", areSettable: true, trouble: "a source has no controls", controls: [] },
    { type: "control set", isDone: false, text: "a source has no controls" },
  ]);
});
