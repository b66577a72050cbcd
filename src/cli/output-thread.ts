// The thread that writes to standard output or standard error, so that no other thread waits for a reader. output-stream.ts
// starts it.

import { writeSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { codeOf, messageOf } from "../core/errors.ts";
import type { OutputOrder, OutputResult } from "./output-stream.ts";

/**
 * The pause before another try. It is needed if another program has made the pipe or terminal non-blocking, so that a write
 * cannot wait.
 */
const RETRY_MS = 5;

if (parentPort === null) throw new Error("output-thread.ts must run as a worker thread");
const port = parentPort;
const { descriptor, isWriting } = workerData as OutputOrder;
const never = new Int32Array(new SharedArrayBuffer(4));
/** True if the last write ended in the middle of a line. */
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
