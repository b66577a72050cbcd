// The controls of another server's camera: answers belong to their questions, and a server that never answers is not asked for ever.

import { expect, test } from "bun:test";
import type { Connection } from "../../../src/connect/connection.ts";
import { OriginControls } from "../../../src/server/relay/origin-controls.ts";

/** Counts the questions instead of sending them. */
function openControls() {
  const sent = { lists: 0, sets: 0 };
  const controls = new OriginControls("slip://origin/door");
  const connection = { askForControls: () => void sent.lists++, setControl: () => void sent.sets++ };
  controls.connection = connection as unknown as Connection;
  return { sent, controls };
}

const errorOf = (work: Promise<unknown>) => work.then(() => "", String);

test("OriginControls: answers go to the questions in their order", async () => {
  const { controls } = openControls();
  const sets = [controls.set("gain", "1"), controls.set("gain", "2")].map(errorOf);
  controls.wasSet({ isDone: true, text: "" });
  controls.wasSet({ isDone: false, text: "gain is at most 1" });
  const [first, second] = await Promise.all(sets);
  expect(first).toBe("");
  expect(second).toContain("slip://origin/door: gain is at most 1");
});

test("OriginControls: a server that does not answer gets a few questions only, until it has answered", async () => {
  const { sent, controls } = openControls();
  const asked = Array.from({ length: 8 }, () => errorOf(controls.list()));
  expect(await errorOf(controls.list())).toContain("slip://origin/door has not answered");
  expect(sent.lists).toBe(8);
  controls.listed({ areSettable: true, trouble: "", controls: [] });
  asked.push(errorOf(controls.list()));
  expect(sent.lists).toBe(9);
  controls.connection = null;
  expect((await Promise.all(asked)).filter((text) => text.includes("is not connected"))).toHaveLength(8);
});
