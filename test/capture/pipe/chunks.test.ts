// eachChunk: it reads a real pipe to its end, or until the signal aborts.

import { expect, test } from "bun:test";
import { eachChunk } from "../../../src/capture/pipe/chunks.ts";

const run = (script: string) => Bun.spawn(["sh", "-c", script], { stdout: "pipe" });

test("eachChunk: reads all bytes of a stream and resolves at its end", async () => {
  await using child = run("printf one; printf two");
  let text = "";
  await eachChunk(child.stdout, new AbortController().signal, (chunk) => {
    text += Buffer.from(chunk).toString();
  });
  expect(text).toBe("onetwo");
});

test("eachChunk: resolves at an abort, and calls the callback no more", async () => {
  await using child = run("while :; do echo more; done");
  const stopping = new AbortController();
  let callsAfterAbort = 0;
  let calls = 0;
  await eachChunk(child.stdout, stopping.signal, () => {
    if (stopping.signal.aborted) callsAfterAbort++;
    if (++calls === 3) stopping.abort();
  });
  expect([calls, callsAfterAbort]).toEqual([3, 0]);
});

test("eachChunk: resolves at an abort while the stream is silent", async () => {
  await using child = run("echo first; exec sleep 60");
  const stopping = new AbortController();
  const reading = eachChunk(child.stdout, stopping.signal, () => stopping.abort());
  expect(await reading).toBeUndefined();
});

test("eachChunk: rejects with the error that the callback throws", async () => {
  await using child = run("echo first; exec sleep 60");
  const failing = eachChunk(child.stdout, new AbortController().signal, () => {
    throw new RangeError("no");
  });
  expect(await failing.catch((error: unknown) => error)).toBeInstanceOf(RangeError);
});
