// Camera controls: list and set requests of viewers, including a viewer that sends too many.

import { expect, test } from "bun:test";
import { SILENT_LOG } from "../../../src/core/log.ts";
import { writeControlsAsked, writeSetControl } from "../../../src/protocol/controls.ts";
import { writeGoodbye } from "../../../src/protocol/greeting.ts";
import { writePing } from "../../../src/protocol/messages.ts";
import { GoodbyeReason, MAX_OPEN_QUESTIONS } from "../../../src/protocol/wire.ts";
import { EVERYBODY } from "../../../src/server/access/role.ts";
import { CameraControls } from "../../../src/server/deliver/camera-controls.ts";
import { findControl } from "../../../src/capture/control-values.ts";
import type { SourceControl, Source } from "../../../src/capture/source.ts";
import { applySetting, listControls } from "../../../src/capture/v4l2/controls.ts";
import { V4L2 } from "../../../src/system/v4l2/layouts.ts";
import { FakeViewer } from "../../support/fake-viewer.ts";
import { ControlDriver } from "../../support/v4l2-control-driver.ts";

const gain: SourceControl = {
  name: "gain",
  title: "Gain",
  type: "integer",
  minimum: -5,
  maximum: 100,
  step: 1,
  defaultValue: 0,
  value: 3,
  menu: [],
  isReadOnly: false,
  isInactive: false,
};
const auto: SourceControl = { ...gain, name: "auto", type: "boolean", minimum: 0, maximum: 1 };
/** Controls that are not listed to viewers: buttons have no value, and read-only controls cannot be set. */
const hidden: SourceControl[] = [
  { ...gain, name: "reset", type: "button", value: null },
  { ...gain, name: "temperature", isReadOnly: true },
];

/** A camera that answers no request before `answer` is called. `done` lists the requests in the order of their start. */
function createSlow(): { source: Source; done: string[]; answer: () => void } {
  const { promise: turn, resolve: answer } = Promise.withResolvers<void>();
  const done: string[] = [];
  const controls = {
    async list() {
      done.push("list");
      await turn;
      return [gain, auto, ...hidden];
    },
    async set(name: string, text: string) {
      done.push(`${name}=${text}`);
      await turn;
      if (findControl([gain, auto, ...hidden], name) === auto) throw new Error("the cable is out");
    },
    close: () => Promise.resolve(),
  };
  return { source: { name: "slow", framesPerSecond: 0, run: () => Promise.resolve(), controls }, done, answer };
}

const listed = {
  type: "controls",
  areSettable: true,
  trouble: "",
  controls: [
    { name: "gain", kind: "integer", min: -5, max: 100, step: 1, default: 0, value: 3, items: [] },
    { name: "auto", kind: "boolean", min: 0, max: 1, step: 1, default: 0, value: 3, items: [] },
  ],
};

test("CameraControls: answers come in the order of the questions, and delay no other message", async () => {
  const slow = createSlow();
  const far = new FakeViewer(slow.source).greet();
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
  expect(slow.done).toEqual(["gain=9"]); // one request at a time
  slow.answer();
  await Bun.sleep(1);
  expect(slow.done).toEqual(["gain=9", "auto=on", "none=1", "list"]);
  expect<unknown[]>(far.heard.slice(-4)).toEqual([
    { type: "control set", isDone: true, text: "" },
    { type: "control set", isDone: false, text: "the cable is out" },
    {
      type: "control set",
      isDone: false,
      text: "the camera has no control 'none': its controls are gain, auto, reset, temperature",
    },
    listed,
  ]);
  expect(far.calls).toContain("viewer test set gain to 9");
});

test("CameraControls: a viewer with too many unanswered requests is disconnected", async () => {
  const slow = createSlow();
  const far = new FakeViewer(slow.source).greet();
  for (let asked = 0; asked < MAX_OPEN_QUESTIONS; asked++) far.viewer.receive(writeControlsAsked());
  expect(far.ofType("goodbye")).toEqual([]);
  far.viewer.receive(writeControlsAsked());
  expect(far.ofType("goodbye")).toMatchObject([{ reason: GoodbyeReason.protocol }]);
  slow.answer();
  await Bun.sleep(1);
  expect(far.ofType("controls")).toEqual([]);
});

test("CameraControls: the waiting settings of a disconnected viewer are dropped", async () => {
  const slow = createSlow();
  const far = new FakeViewer(slow.source).greet();
  for (let asked = 0; asked <= MAX_OPEN_QUESTIONS; asked++) {
    far.viewer.receive(writeSetControl({ name: "gain", value: String(asked) }));
    await Bun.sleep(0);
  }
  expect(far.ofType("goodbye")).toMatchObject([{ reason: GoodbyeReason.protocol }]);
  slow.answer();
  await Bun.sleep(1);
  expect(slow.done).toEqual(["gain=0"]); // this setting had begun before the viewer was disconnected
});

test("CameraControls: a viewer that reads no answers is disconnected when as many answers wait as it may have open requests", async () => {
  const slow = createSlow();
  slow.answer();
  const far = new FakeViewer(slow.source).greet();
  far.capacity = 0;
  for (let asked = 0; asked < MAX_OPEN_QUESTIONS; asked++) {
    far.viewer.receive(writeControlsAsked());
    await Bun.sleep(1);
  }
  far.drain(Number.POSITIVE_INFINITY);
  expect(far.ofType("controls").length).toBe(MAX_OPEN_QUESTIONS);
  far.capacity = 0;
  for (let asked = 0; asked <= MAX_OPEN_QUESTIONS; asked++) {
    expect(far.calls).not.toContain("end");
    far.viewer.receive(writeControlsAsked());
    await Bun.sleep(1);
  }
  far.drain(Number.POSITIVE_INFINITY);
  expect(far.heard.at(-1)).toMatchObject({ type: "goodbye", reason: GoodbyeReason.protocol });
});

test("CameraControls: any number of requests is answered if they come one after the other", async () => {
  const slow = createSlow();
  slow.answer();
  const far = new FakeViewer(slow.source).greet();
  for (let asked = 0; asked < 3 * MAX_OPEN_QUESTIONS; asked++) {
    far.viewer.receive(writeControlsAsked());
    await Bun.sleep(1);
  }
  expect(far.ofType("controls").length).toBe(3 * MAX_OPEN_QUESTIONS);
});

function shared(slow: { source: Source }): CameraControls {
  return new CameraControls({ source: slow.source, areSettable: true, log: SILENT_LOG });
}

const TESTER = { address: "test", role: EVERYBODY };
const GUEST = { address: "guest", role: { name: "guests", may: new Set(["view"] as const), cameras: null } };
const stays = new AbortController().signal;

test("CameraControls: asks the camera once for all viewers that ask at the same time", async () => {
  const slow = createSlow();
  const controls = shared(slow);
  const lists = Array.from({ length: 100 }, () => controls.list(EVERYBODY));
  expect(new Set(lists).size).toBe(1); // all viewers wait for the same list
  await Bun.sleep(0);
  expect(slow.done).toEqual(["list"]);
  slow.answer();
  for (const list of await Promise.all(lists)) expect(list).toMatchObject({ trouble: "", areSettable: true });
  await controls.list(EVERYBODY); // answered from the same list
  expect(slow.done).toEqual(["list"]);
});

test("CameraControls: asks the camera for a new list after a setting", async () => {
  const slow = createSlow();
  const controls = shared(slow);
  const before = controls.list(EVERYBODY);
  const set = controls.set("gain", "5", TESTER, stays);
  const after = controls.list(EVERYBODY);
  slow.answer();
  await Promise.all([before, set, after]);
  expect(slow.done).toEqual(["list", "gain=5", "list"]);
});

test("CameraControls: drops the waiting settings of viewers that have left", async () => {
  const slow = createSlow();
  const controls = shared(slow);
  const first = controls.list(EVERYBODY);
  const gone = new AbortController();
  const waiting = [1, 2, 3].flatMap((value) => [
    controls.set("gain", String(value), TESTER, gone.signal),
    controls.list(EVERYBODY),
  ]);
  gone.abort();
  slow.answer();
  await Promise.all([first, ...waiting]);
  expect(slow.done).toEqual(["list"]);
});

test("CameraControls: refuses settings when 32 are waiting", async () => {
  const slow = createSlow();
  const controls = shared(slow);
  const sets = Array.from({ length: 40 }, () => controls.set("gain", "1", TESTER, stays));
  slow.answer();
  const outcomes = await Promise.all(sets);
  expect(outcomes.filter(({ isDone }) => isDone).length).toBe(32);
  expect(outcomes.at(-1)).toEqual({
    isDone: false,
    text: "32 requests to set controls of slow already wait: try again later",
  });
  expect(await controls.set("gain", "1", TESTER, stays)).toEqual({ isDone: true, text: "" });
});

test("CameraControls: a viewer whose key may only look is told so, and sets nothing", async () => {
  const slow = createSlow();
  const controls = shared(slow);
  slow.answer();
  expect(await controls.set("gain", "5", GUEST, stays)).toEqual({
    isDone: false,
    text: "the key 'guests' may not set controls, only look",
  });
  expect(await controls.list(GUEST.role)).toMatchObject({ trouble: "", areSettable: false });
  expect(await controls.list(EVERYBODY)).toMatchObject({ trouble: "", areSettable: true });
  expect(slow.done).toEqual(["list"]);
});

test("CameraControls: the answer for a camera without controls says that it has none", async () => {
  const far = new FakeViewer().greet();
  far.viewer.receive(writeControlsAsked());
  far.viewer.receive(writeSetControl({ name: "gain", value: "1" }));
  await Bun.sleep(1);
  expect(far.heard.slice(-2)).toEqual([
    { type: "controls", areSettable: true, trouble: "a source has no controls", controls: [] },
    { type: "control set", isDone: false, text: "a source has no controls" },
  ]);
});

test("CameraControls: text from a viewer cannot add lines to the log", async () => {
  const slow = createSlow();
  slow.answer();
  const far = new FakeViewer(slow.source).greet();
  far.viewer.receive(writeSetControl({ name: "reset", value: "1\n12:00:00 viewer root left\u001b[2J" }));
  await Bun.sleep(1);
  expect(far.calls).toContain("viewer test set reset to 112:00:00 viewer root left[2J");
  far.viewer.receive(writeGoodbye({ reason: 0, text: "bye\r\u0007\u009b2Jbye" }));
  expect(far.calls).toContain("gone: bye2Jbye");
});

test.each([
  ["8", 5n],
  ["5", 4n],
  ["7", 7n],
])("CameraControls: value %s of an integer menu reaches the driver as its index", async (value, index) => {
  const driver = new ControlDriver({
    id: 0x0098f00a,
    title: "Integer Menu",
    type: V4L2.CTRL_TYPE_INTEGER_MENU,
    maximum: 8n,
    value: 0n,
    items: [1, 1, 2, 3, 5, 8, 13, 21, 42],
  });
  const controls = {
    list: async () => listControls(driver),
    set: async (name: string, text: string) => applySetting(driver, { name, value: text }),
    close: () => Promise.resolve(),
  };
  const far = new FakeViewer({
    name: "a camera",
    framesPerSecond: 0,
    run: () => Promise.resolve(),
    controls,
  }).greet();
  far.viewer.receive(writeSetControl({ name: "integer_menu", value }));
  await Bun.sleep(1);
  expect(far.ofType("control set")).toMatchObject([{ isDone: true }]);
  expect(driver.value("Integer Menu")).toBe(index);
});
