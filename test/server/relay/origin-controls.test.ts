// The controls of another server's camera: answers belong to their questions, and a server that does not answer is not asked too often.

import { expect, test } from "bun:test";
import type { Connection } from "../../../src/connect/connection.ts";
import { MAX_OPEN_QUESTIONS } from "../../../src/protocol/wire.ts";
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

test("OriginControls: a server that does not answer gets fewer questions than would end the connection", async () => {
  const { sent, controls } = openControls();
  const ask = () => [errorOf(controls.list()), errorOf(controls.set("gain", "1"))];
  const asked = Array.from({ length: MAX_OPEN_QUESTIONS }, ask).flat();
  expect(sent.lists).toBe(sent.sets);
  expect(sent.lists + sent.sets).toBeLessThan(MAX_OPEN_QUESTIONS);
  expect(await asked.at(-1)).toContain("slip://origin/door has not answered");

  const before = sent.lists;
  controls.listed({ areSettable: true, trouble: "", controls: [] });
  asked.push(...ask());
  expect(sent.lists).toBe(before + 1);
  controls.connection = null;
  const lost = (await Promise.all(asked)).filter((text) => text.includes("is not connected"));
  expect(lost).toHaveLength(sent.lists + sent.sets - 1); // one question has an answer
});
