// Health: the cause that is reported, its start, and the moments at which a change is reported.

import { expect, test } from "bun:test";
import { Health } from "../../src/core/health.ts";

function start(): { health: Health; reported: (string | null)[] } {
  const reported: (string | null)[] = [];
  return { health: new Health((text) => reported.push(text)), reported };
}

test("Health: reports the cause that began last; when that ends, the older one again", () => {
  const { health, reported } = start();
  expect(health.begin("source", "unplugged")).toBe(true);
  health.begin("memory", "full");
  health.end("memory");
  health.end("source");
  expect(reported).toEqual(["unplugged", "full", "unplugged", null]);
});

test("Health: reports a new text of the newest cause, and the same text once", () => {
  const { health, reported } = start();
  health.begin("source", "unplugged");
  expect(health.begin("source", "unplugged")).toBe(false);
  health.begin("source", "unplugged; trying again");
  expect(reported).toEqual(["unplugged", "unplugged; trying again"]);
});

test("Health: the end of an older cause changes nothing, and the reported start is that of the first cause", () => {
  const { health, reported } = start();
  health.begin("source", "unplugged", 1_000);
  health.begin("memory", "full", 2_000);
  expect(health.end("source")).toBe(false);
  expect([health.text, health.since]).toEqual(["full", 1_000]);
  expect(health.end("memory")).toBe(true);
  expect([health.text, health.since]).toEqual([null, null]);
  expect(reported).toEqual(["unplugged", "full", null]);
});

test("Health: the end of a cause that never began is ignored", () => {
  const { health, reported } = start();
  expect(health.end("source")).toBe(false);
  expect(reported).toEqual([]);
});
