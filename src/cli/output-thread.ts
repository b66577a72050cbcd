// The thread that writes to standard output or standard error, so that only it waits for a reader. Started by output-stream.ts.

import { writeSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { codeOf, messageOf } from "../core/errors.ts";
import type { OutputOrder, OutputResult } from "./output-stream.ts";

/** A pipe or terminal that another program has made non-blocking does not let a write wait. Then it is tried again after this time. */
const RETRY_MS = 5;

if (parentPort === null) throw new Error("output-thread.ts must run as a worker thread");
const port = parentPort;
const { descriptor, isWriting } = workerData as OutputOrder;
const never = new Int32Array(new SharedArrayBuffer(4));
/** Whether the last write ended within a line. */
let isLineCut = false;

port.on("message", (text: string) => {
  Atomics.store(isWriting, 0, 1);
  const failure = writeAll(Buffer.from(isLineCut ? `\n${text}` : text));
  Atomics.store(isWriting, 0, 0);
  port.postMessage({ failure } satisfies OutputResult);
});

function writeAll(bytes: Buffer): OutputResult["failure"] {
  let written = 0;
  while (written < bytes.length) {
    try {
      written += writeSync(descriptor, bytes, written);
      isLineCut = bytes[written - 1] !== 0x0a;
    } catch (error) {
      const code = codeOf(error);
      if (code === "EAGAIN") Atomics.wait(never, 0, 0, RETRY_MS);
      else return { code: code ?? "", message: messageOf(error) };
    }
  }
  return null;
}
