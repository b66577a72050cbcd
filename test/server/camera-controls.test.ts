// What viewers may say to set a control, and what a viewer hears that asks, also one that asks too much.

import { expect, test } from "bun:test";
import { UsageError } from "../../src/core/errors.ts";
import { writeControlsAsked, writeSetControl } from "../../src/protocol/controls.ts";
import { writePing } from "../../src/protocol/messages.ts";
import { GoodbyeReason, MAX_OPEN_QUESTIONS } from "../../src/protocol/wire.ts";
import { readValue } from "../../src/server/camera-controls.ts";
import type { Control, Source } from "../../src/server/sources/source.ts";
import { FarEnd } from "./far-end.ts";

const gain: Control = { name: "gain", kind: "integer", min: -5, max: 100, step: 1, default: 0, value: 3 };
const auto: Control = { ...gain, name: "auto", kind: "boolean", min: 0, max: 1 };
const mode: Control = {
  ...{ ...gain, name: "mode", kind: "menu", min: 1, max: 3 },
  items: [
    { value: 1, label: "Manual Mode" },
    { value: 3, label: "Aperture Priority" },
  ],
};

test.each([
  [gain, "-5", -5],
  [gain, "+7", 7],
  [gain, "100", 100],
  [auto, "on", true],
  [auto, "1", true],
  [auto, "FALSE", false],
  [mode, "3", 3],
  [mode, "manual mode", 1],
] as const)("%p takes '%s'", (control, text, value) => {
  expect(readValue(control, text)).toBe(value);
});

test.each([
  [gain, "101", "gain is a whole number from -5 to 100, not '101'"],
  [gain, "1.5", "not '1.5'"],
  [gain, "", "not ''"],
  [gain, "on", "not 'on'"],
  [auto, "2", "auto is on or off, not '2'"],
  [auto, "constructor", "auto is on or off"],
  [mode, "2", "mode has no '2': it has 1 (Manual Mode), 3 (Aperture Priority)"],
] as const)("%p does not take '%s'", (control, text, message) => {
  expect(() => readValue(control, text)).toThrow(UsageError);
  expect(() => readValue(control, text)).toThrow(message);
});

/** A camera that answers when it is told to. */
function createSlow(): { source: Source; set: unknown[][]; answer: () => void } {
  let answer: () => void = () => undefined;
  const turn = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const set: unknown[][] = [];
  const controls = {
    list: () => turn.then(() => [gain, auto]),
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
    ["auto", true],
  ]);
  expect(far.heard.slice(-4)).toEqual([
    { type: "control set", isDone: true, text: "" },
    { type: "control set", isDone: false, text: "the cable is out" },
    { type: "control set", isDone: false, text: "slow has no control 'none': it has gain, auto" },
    {
      type: "controls",
      areSettable: true,
      trouble: "",
      controls: [
        { ...gain, items: [] },
        { ...auto, items: [] },
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
