// Fuzzes the reader of multipart answers with damaged and random streams, by count or by time.
//
//   bun test/fuzz/multipart.ts [--count 100000] [--seconds 60] [--seed 1]      a million take about two minutes of a core
//
// A finding is an exception, other pictures for the same bytes in other chunks, or more memory than the bytes of a part.

import { parseArgs } from "node:util";
import type { Packing } from "../../src/capture/http/picture-stream.ts";
import { randomSequence } from "../support/generated-pictures.ts";
import { type Habits, multipart, PICTURES, readChunks } from "../support/multipart-streams.ts";

export interface Finding {
  run: number;
  what: string;
  answer: Buffer;
  cuts: number[];
}

const HABITS: readonly Habits[] = [
  {},
  { part: "--frame\r\nContent-Type: image/jpeg\r\n\r\n" },
  { part: "Content-Type: image/jpeg\r\nContent-Length: {n}\r\n\r\n", after: "\r\n--frame\r\n" },
  { part: "--frame\nContent-Length: {n}\n\n", after: "\n" },
  { part: "--other\r\nContent-Length: {n+2}\r\n\r\n" },
  { part: "--frame\r\nContent-Type: text/plain\r\n\r\n", after: "" },
  { part: "--frame\r\n\r\n" },
];
const PIECES = [
  "--frame",
  "--f",
  "--",
  "\r\n",
  "\n",
  "\r",
  "\r\n\r\n",
  "Content-Length: 9\r\n",
  "Content-Type: audio/x\r\n",
];
const MARKERS = ["\xff\xd8\xff", "\xff\xd9", "\xff\xda\0\x02", "\xff\xfe\xff\xff", "\xff\xe1\0\x40"];
const BOUNDARIES = ["frame", "f", "--frame", "", null];

/** Reads `count` streams, or as many as the time allows. */
export function fuzzMultipart({
  count,
  seconds = Infinity,
  seed = 1,
}: {
  count: number;
  seconds?: number;
  seed?: number;
}): {
  runs: number;
  findings: Finding[];
} {
  const random = randomSequence(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const oneOf = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  const findings: Finding[] = [];
  const endAt = performance.now() + seconds * 1000;
  let run = 0;
  for (; run < count && performance.now() < endAt; run++) {
    let answer = multipart([oneOf(PICTURES), oneOf(PICTURES), oneOf(PICTURES)], oneOf(HABITS));
    for (let changes = below(6); changes > 0; changes--) {
      const at = below(answer.length);
      const piece = Buffer.from(
        oneOf([oneOf(PIECES), oneOf(MARKERS), String.fromCharCode(below(256)), "\0".repeat(below(64))]),
        "latin1",
      );
      const removed = oneOf([0, piece.length, below(64), below(2000)]);
      answer = Buffer.concat([answer.subarray(0, at), piece, answer.subarray(at + removed)]);
    }
    const packing: Packing = { kind: "parts", boundary: oneOf(BOUNDARIES) };
    const cuts = Array.from({ length: below(10) }, () => below(answer.length + 1));
    try {
      const whole = readChunks(answer, packing);
      const divided = readChunks(answer, packing, cuts);
      const isSame =
        whole.pictures.length === divided.pictures.length &&
        whole.pictures.every((jpeg, index) => jpeg.equals(divided.pictures[index] as Buffer));
      if (!isSame) findings.push({ run, what: "other pictures in other chunks", answer, cuts });
    } catch (error) {
      findings.push({ run, what: String(error), answer, cuts });
    }
  }
  return { runs: run, findings };
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { count: { type: "string" }, seconds: { type: "string" }, seed: { type: "string" } },
  });
  const { runs, findings } = fuzzMultipart({
    count: Number(values.count ?? 100_000),
    seconds: Number(values.seconds ?? 60),
    seed: Number(values.seed ?? 1),
  });
  for (const { run, what, cuts } of findings.slice(0, 10)) console.log(`run ${run}: ${what}, cuts ${cuts.join(" ")}`);
  console.log(`${runs} streams, ${findings.length} findings, ${Math.round(process.memoryUsage().rss / 1e6)} MB`);
  process.exit(findings.length === 0 ? 0 : 1);
}
