// Questions for a secret on a real terminal: the secret is not shown, and the usual keys work.

import { expect, setDefaultTimeout, test } from "bun:test";
import { Terminal } from "../support/terminal.ts";

setDefaultTimeout(30_000);

const PROGRAM = new URL("../support/secret-question.ts", import.meta.url).pathname;

/** A program that asks for a secret and then for a word. It prints the answers as lengths and in reverse. */
const start = () => Terminal.start([process.execPath, PROGRAM]);

test.each([
  ["typed at once", ["hunter2\r"], "hunter2"],
  ["typed letter by letter", [..."hunter2\r"], "hunter2"],
  ["with backspaces", ["hux\u007fntxx\u007f\ber2\r"], "hunter2"],
  ["with a line that is taken back (Ctrl-U)", ["wrong\u0015hunter2\r"], "hunter2"],
  ["with keys that mean nothing here (arrows, tab)", ["hunter\u001b[A\u001b[B2\r"], "hunter2"],
  ["empty", ["\r"], ""],
] as const)("askSecret: the answer is right for %s", async (_, keys, answer) => {
  await using terminal = start();
  await terminal.until("Secret: ");
  for (const each of keys) terminal.type(each);
  await terminal.until("Word: ");
  terminal.type("visible\r");
  expect(await terminal.end()).toBe(0);
  expect(terminal.shown).toContain(`<${[...answer].toReversed().join("")}>`);
  expect(terminal.shown).not.toContain("hunter2");
  expect(terminal.shown).not.toContain("hunter"); // not even a part of it
  expect(terminal.shown).toContain("visible"); // the echo is on again
});

test("askSecret: Ctrl-C ends the program at once", async () => {
  await using terminal = start();
  await terminal.until("Secret: ");
  terminal.type("hun\u0003");
  expect(await terminal.end()).toBe(0);
  expect(terminal.shown).toContain("stopped");
  expect(terminal.shown).not.toContain("hun");
});

test("askSecret: Ctrl-D gives no answer", async () => {
  await using terminal = start();
  await terminal.until("Secret: ");
  terminal.type("\u0004");
  await terminal.until("no answer");
  terminal.type("visible\r");
  expect(await terminal.end()).toBe(0);
});
