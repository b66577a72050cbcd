// RefusalLog: a flood of refused connections writes a few lines.

import { expect, test } from "bun:test";
import { lineLog } from "../../../src/core/log.ts";
import { RefusalLog } from "../../../src/server/access/refusal-log.ts";

test("RefusalLog: logs the first refusal of an address at once, and the others as one count every 10 s", () => {
  const lines: string[] = [];
  const refusals = new RefusalLog(lineLog((text) => lines.push(text)));
  for (let now = 0; now < 25e6; now += 10_000) {
    refusals.refused("192.0.2.7", `192.0.2.7:${now}`, "the server is full: the limit is 256 viewers", now);
    if (now === 1e6) refusals.refused("192.0.2.8", "192.0.2.8:5", "it is late", now);
    refusals.tick(now);
  }
  expect(lines).toEqual([
    "connection from 192.0.2.7:0 refused: the server is full: the limit is 256 viewers",
    "connection from 192.0.2.8:5 refused: it is late",
    "1000 more connections from 192.0.2.7 were refused within 10 s",
    "1000 more connections from 192.0.2.7 were refused within 10 s",
  ]);
});

test("RefusalLog: counts addresses beyond 256 together", () => {
  const lines: string[] = [];
  const refusals = new RefusalLog(lineLog((text) => lines.push(text)));
  for (let host = 0; host < 5_000; host++) {
    refusals.refused(`10.0.${host >> 8}.${host & 255}`, `10.0.${host >> 8}.${host & 255}:1`, "no", 0);
  }
  expect(lines.length).toBe(257);
  refusals.tick(10e6);
  expect(lines.at(-1)).toBe("4743 more connections from other addresses were refused within 10 s");
});
