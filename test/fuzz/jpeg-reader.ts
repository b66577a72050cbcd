// Fuzzes the JpegReader with damaged streams of JPEGs, by count or by time.
//
//   bun test/fuzz/jpeg-reader.ts [--count 1000000] [--seconds 600] [--seed 1]
//
// Each input has some pictures with up to eight edits, in random chunks. Every third input has borders. A finding is an exception, a
// picture that does not begin with SOI, more bytes than the input has, other pictures for other chunks (every third input), or a run of over 50 ms
// (slow inputs run again, because the machine may be busy). At the end the program prints how much memory the process has grown by.

import { parseArgs } from "node:util";
import { JpegReader } from "../../src/capture/jpeg/jpeg-reader.ts";
import { randomFrom } from "../support/decoder-kernel.ts";
import { edited, PICTURES } from "../support/jpeg-streams.ts";

const SLOW_MS = 50;
/** The length of a segment DRI, which the reader may add to a picture. */
const INTERVAL_BYTES = 6;
/** Bytes that change the structure of a JPEG at the right place. */
const STRUCTURE: readonly (readonly number[])[] = [
  [0xff, 0xd8],
  [0xff, 0xd9],
  [0xff, 0xd8, 0xff, 0xe1, 0xff, 0xff],
  [0xff, 0xd8, 0xff, 0xe0],
  [0xff, 0xda, 0, 12, 3],
  [0xff, 0xc0, 0, 17, 8],
  [0xff, 0xc4, 0, 2],
  [0xff, 0xdb, 0, 67, 0],
  [0xff],
  [0xff, 0xe2],
  [0],
];

function makeInput(random: () => number): Uint8Array {
  const below = (n: number): number => Math.floor(random() * n);
  const pictures = Array.from({ length: 1 + below(4) }, () => PICTURES[below(PICTURES.length)] as Uint8Array);
  let bytes: Uint8Array = Buffer.concat(pictures);
  for (let n = below(9); n > 0; n--) {
    const inserted: number[] = [];
    const parts = below(4);
    for (let part = 0; part < parts; part++) {
      if (random() < 0.7) inserted.push(...(STRUCTURE[below(STRUCTURE.length)] as readonly number[]));
      else inserted.push(...Array.from({ length: below(20) }, () => below(256)));
    }
    const removed = random() < 0.5 ? inserted.length : below(random() < 0.1 ? 3000 : 64);
    bytes = edited(bytes, { at: below(bytes.length + 1), removed, inserted: Uint8Array.from(inserted) });
  }
  if (random() < 0.004) bytes = Buffer.concat(Array.from({ length: 40 }, () => bytes.subarray(0, 2000)));
  return bytes;
}

interface Reading {
  /** Hashes of the pictures, and the reasons for the damaged ones, in order. */
  found: string[];
  pictures: number;
  ms: number;
}

function read(bytes: Uint8Array, hasBorders: boolean, chunkBytes: () => number): Reading {
  const found: string[] = [];
  let pictures = 0;
  let total = 0;
  const sink = {
    picture(jpeg: Uint8Array) {
      pictures++;
      total += jpeg.length;
      if (jpeg[0] !== 0xff || jpeg[1] !== 0xd8) throw new Error("a picture does not begin with SOI");
      found.push(`${jpeg.length} ${Bun.hash(jpeg)}`);
    },
    damaged: (reason: string) => void found.push(reason),
  };
  const start = performance.now();
  const reader = new JpegReader(sink, { hasBorders });
  for (let at = 0; at < bytes.length;) {
    const end = at + chunkBytes();
    reader.write(bytes.subarray(at, end));
    if (hasBorders && end % 3 === 0) reader.border();
    at = end;
  }
  reader.end();
  if (total > bytes.length + pictures * INTERVAL_BYTES) throw new Error("the pictures have more bytes than the input");
  if (reader.pendingBytes !== 0) throw new Error("bytes are left after the end");
  return { found, pictures, ms: performance.now() - start };
}

/** Returns the finding for an input, or null. */
function check(
  bytes: Uint8Array,
  run: number,
  random: () => number,
): { finding: string | null; reading: Reading | null } {
  try {
    if (run % 3 === 2) return { finding: null, reading: read(bytes, true, () => 1 + Math.floor(random() * 3000)) };
    const whole = read(bytes, false, () => bytes.length);
    if (run % 3 === 1) return { finding: null, reading: whole };
    const most = random() < 0.1 ? 5 : 2000;
    const cut = read(bytes, false, () => 1 + Math.floor(random() * most));
    const isSame = whole.found.join() === cut.found.join();
    return { finding: isSame ? null : "other chunks give other pictures", reading: whole };
  } catch (error) {
    return { finding: String(error), reading: null };
  }
}

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "1000000" },
    seconds: { type: "string", default: "600" },
    seed: { type: "string", default: "1" },
  },
});
const until = performance.now() + Number(values.seconds) * 1000;
const findings: string[] = [];
let [run, pictures, damaged, slowestMs, megabytes] = [0, 0, 0, 0, 0];
let rssAfterStart = 0;
for (; run < Number(values.count) && performance.now() < until; run++) {
  const random = randomFrom(Number(values.seed) * 1_000_003 + run);
  const bytes = makeInput(random);
  megabytes += bytes.length / 1e6;
  const { finding, reading } = check(bytes, run, random);
  if (finding !== null) findings.push(`run ${run}: ${finding}`);
  if (reading === null) continue;
  let { ms } = reading;
  for (let again = 0; again < 3 && ms > SLOW_MS; again++) ms = Math.min(ms, read(bytes, false, () => bytes.length).ms);
  if (ms > SLOW_MS) findings.push(`run ${run}: took ${ms.toFixed(0)} ms`);
  slowestMs = Math.max(slowestMs, ms);
  pictures += reading.pictures;
  damaged += reading.found.length - reading.pictures;
  if (run === 20_000) rssAfterStart = process.memoryUsage().rss;
}
const grownMegabytes = (process.memoryUsage().rss - rssAfterStart) / 1e6;
console.log(
  `${run} inputs of ${megabytes.toFixed(0)} MB in all, ${pictures} pictures, ${damaged} damaged, slowest ${slowestMs.toFixed(1)} ms, ` +
    `memory after 20,000 inputs ${(rssAfterStart / 1e6).toFixed(0)} MB, at the end ${grownMegabytes.toFixed(0)} MB more`,
);
for (const finding of findings.slice(0, 20)) console.log(`FINDING in ${finding}`);
process.exit(findings.length > 0 ? 1 : 0);
