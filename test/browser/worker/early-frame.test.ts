// askEarly: when the browser is asked for a frame.

import { expect, test } from "bun:test";
import type { ConnectionEvents } from "../../../src/connect/connection-events.ts";
import { askEarly, createQuestion, LEAST_TILES } from "../../../src/browser/worker/early-frame.ts";

type Call = "asked" | "tiles" | "picture";

function record(use: (events: ConnectionEvents) => void): Call[] {
  const calls: Call[] = [];
  const events = { onTiles: () => calls.push("tiles"), onPicture: () => calls.push("picture") };
  use(askEarly(events as unknown as ConnectionEvents, () => calls.push("asked")));
  return calls;
}

const arrival = { firstByteAt: 0, lastByteAt: 0, messageBytes: 0 };
const part = (count: number, isLast: boolean) =>
  ({ isLast, tiles: { numbers: new Uint32Array(count) } }) as unknown as Parameters<ConnectionEvents["onTiles"]>[0];

test("a browser is asked before the last part of a frame is decoded, and only if much has changed", () => {
  const frames = (...parts: ReturnType<typeof part>[]) =>
    record(({ onTiles }) => {
      for (const each of parts) onTiles(each, arrival);
    });
  const [most, rest] = [LEAST_TILES - 1, 1];
  expect(frames(part(LEAST_TILES, true))).toEqual(["asked", "tiles"]);
  expect(frames(part(most, false), part(rest, true))).toEqual(["tiles", "asked", "tiles"]);
  expect(frames(part(LEAST_TILES, false), part(0, true), part(most, true))).toEqual([
    "tiles",
    "asked",
    "tiles",
    "tiles",
  ]);
  expect(frames(part(most, true), part(rest, true))).toEqual(["tiles", "tiles"]);
  const picture = {} as Parameters<ConnectionEvents["onPicture"]>[0];
  expect(record(({ onPicture }) => onPicture(picture, arrival))).toEqual(["asked", "picture"]);
});

test("there is one question at a time, and none in a browser whose workers cannot ask", () => {
  const answers: (() => void)[] = [];
  const ask = createQuestion((answered) => answers.push(answered));
  ask();
  ask();
  expect(answers.length).toBe(1);
  answers[0]?.();
  ask();
  expect(answers.length).toBe(2);
  createQuestion(undefined)();
});
