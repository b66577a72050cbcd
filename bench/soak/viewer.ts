// A viewer of a soak run. Twice a second, and for each grey copy, it decodes the JPEG of the shown picture as a whole and compares the
// result with the pixels.
//
// Usage: bun bench/soak/viewer.ts PORT SLOW_MS [WIDTHxHEIGHT]

import { crc32 } from "node:zlib";
import type { ShownPicture } from "../../src/client/screens/screen.ts";
import { createNoScreen } from "../../src/client/screens/none.ts";
import { view } from "../../src/client/view.ts";
import { Arena } from "../../src/codec/memory/arena.ts";
import { GrowingBlock } from "../../src/codec/memory/growing-block.ts";
import { instantiateDecoder, JpegPicture } from "../../src/codec/simd/decoder.ts";
import { WASM } from "../../src/codec/bun/wasm.ts";
import { parseSize } from "../../src/core/pixel-format.ts";
import type { Finding } from "./findings.ts";
import { measureOwnDelay } from "./own-delay.ts";
import { areEqual, areGreyOf } from "./shown-pixels.ts";

const CHECK_EVERY_MS = 500;

const [port, slowMs, size] = process.argv.slice(2);
const arena = Arena.create();
const kernel = instantiateDecoder(await WASM.kernel("decoder"), arena.memory);
const whole = new JpegPicture(kernel, arena.memory, (bytes) => arena.take(bytes));
const input = new GrowingBlock(arena);
const output = new GrowingBlock(arena);
let checkedAt = 0;
let frames = 0;
let greyFrame = 0;
let seenFrame = 0;
let seenAt: number | null = null;
let longestGapMs = 0;
let connections = 0;

function say(finding: Finding): void {
  console.log(JSON.stringify(finding));
}

function check(picture: ShownPicture): void {
  const { width, height, pixels, received, isGrey = false } = picture;
  if (received === undefined || picture.jpeg === undefined || !isDue(received.frameNumber, isGrey)) return;
  checkedAt = performance.now();
  const jpeg = picture.jpeg();
  const address = input.reserve(jpeg.length);
  arena.bytes(address, jpeg.length).set(jpeg);
  const target = output.reserve(width * height * 4);
  whole.decode(address, jpeg.length, target, width * 4);
  const expected = arena.bytes(target, width * height * 4);
  const isEqual = isGrey ? areGreyOf(pixels, expected) : areEqual(pixels, expected);
  say({ kind: "frame", frameNumber: received.frameNumber, width, height, crc: crc32(jpeg), isEqual, isGrey });
}

/** A grey copy is shown again with each second of the trouble, and checked once. */
function isDue(frameNumber: number, isGrey: boolean): boolean {
  if (!isGrey) return performance.now() - checkedAt >= CHECK_EVERY_MS;
  const isNew = frameNumber !== greyFrame;
  greyFrame = frameNumber;
  return isNew;
}

/** Notes the time between two pictures. A picture that is shown again, for example with another text over it, is not a new one. */
function noteNew(frameNumber: number): void {
  if (frameNumber === seenFrame) return;
  seenFrame = frameNumber;
  const now = performance.now();
  if (seenAt !== null) longestGapMs = Math.max(longestGapMs, now - seenAt);
  seenAt = now;
}

const delays = measureOwnDelay();
const stopping = new AbortController();
process.on("SIGTERM", () => stopping.abort());
await view(
  {
    address: { host: "127.0.0.1", port: Number(port), camera: "" },
    display: "none",
    renderer: "auto",
    workers: 2,
    size: size === undefined ? null : parseSize(size),
    output: null,
    frames: null,
    seconds: null,
    once: false,
    async createScreen() {
      return {
        ...createNoScreen(),
        async show(picture: ShownPicture) {
          if (Number(slowMs) > 0) await Bun.sleep(Number(slowMs));
          if (picture.received === undefined) return;
          noteNew(picture.received.frameNumber);
          check(picture);
        },
      };
    },
  },
  stopping.signal,
  (report) => {
    if (report.frames > frames) connections = report.reconnects + 1;
    frames = report.frames;
    say({ kind: "viewer", frames, longestGapMs, connections });
    say(delays());
  },
);
process.exit(0);
