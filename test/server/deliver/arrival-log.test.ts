// ArrivalLog: a flood of viewers that come and leave does not flood the log.

import { afterEach, expect, test } from "bun:test";
import { lineLog } from "../../../src/core/log.ts";
import { ArrivalLog } from "../../../src/server/deliver/arrival-log.ts";
import { resetClock, stopClock } from "../../support/moved-clock.ts";

afterEach(resetClock);

test("ArrivalLog: logs a hundred lines at once, then two a second, and says how many were left out", () => {
  const advance = stopClock();
  const lines: string[] = [];
  const log = new ArrivalLog(lineLog((text) => lines.push(text)));
  for (let count = 1; count <= 1_000; count++) log.say(`viewer ${count} is watching`);
  expect(lines.length).toBe(100);
  expect(lines.at(-1)).toBe("viewer 100 is watching");
  advance(500);
  log.say("viewer 1 left");
  log.say("viewer 2 left");
  expect(lines.slice(100)).toEqual(["dropped lines about viewers that came or left: 900", "viewer 1 left"]);
  advance(500);
  log.say("viewer 3 left");
  expect(lines.slice(102)).toEqual(["dropped lines about viewers that came or left: 1", "viewer 3 left"]);
});
