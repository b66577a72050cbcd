// Writes footage with frame codes to standard output: at a rate, or with rate 0 as fast as the reader takes it. It makes one frame
// at a time, and stamps it right before it writes it, so a frame that waits for the reader becomes old.
//
// Usage: bun bench/overload/feeder.ts WIDTHxHEIGHT FPS

import { readFileSync, writeSync } from "node:fs";
import { drawFrameCode } from "../../src/capture/pattern/frame-code.ts";
import { nowMicros } from "../../src/core/clock.ts";
import { codeOf } from "../../src/core/errors.ts";
import { pace } from "../../src/core/pace.ts";
import { frameBytes, parseSize } from "../../src/core/pixel-format.ts";
import { footageFile } from "../footage-file.ts";

const [sizeText = "", rate = "0"] = process.argv.slice(2);
const size = parseSize(sizeText);
const bytes = frameBytes("rgba", size.width, size.height);
const footage = readFileSync(footageFile("moving", size));
const frame = new Uint8Array(bytes);
let frameNumber = 0;

function writeNext(): void {
  const at = (frameNumber % (footage.length / bytes)) * bytes;
  frame.set(footage.subarray(at, at + bytes));
  drawFrameCode(frame, size, { frameNumber: ++frameNumber, bornAt: nowMicros() });
  for (let written = 0; written < bytes;) written += writeSync(1, frame, written, bytes - written);
}

try {
  if (Number(rate) > 0) {
    await pace(Number(rate), new AbortController().signal, () => Promise.resolve(writeNext()));
  } else {
    for (;;) writeNext();
  }
} catch (error) {
  if (codeOf(error) !== "EPIPE") throw error; // the reader has ended
}
