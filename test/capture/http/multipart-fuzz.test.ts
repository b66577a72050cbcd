// The reader of multipart answers with random streams: no error, the same pictures in any chunks, and little memory.

import { expect, test } from "bun:test";
import { PictureStream } from "../../../src/capture/http/picture-stream.ts";
import { fuzzMultipart } from "../../fuzz/multipart.ts";
import { PICTURES } from "../../support/multipart-streams.ts";

test("3000 random streams give no finding", () => {
  const { runs, findings } = fuzzMultipart({ count: 3_000, seed: 42 });
  expect(findings.map(({ run, what }) => `run ${run}: ${what}`)).toEqual([]);
  expect(runs).toBe(3_000);
});

const CHUNK_BYTES = 100_000;
const CHUNKS = 200;

test.each([
  ["dashes", "-"],
  ["line ends", "\r\n"],
  ["zeros", "\0"],
  ["header fields", "Content-Type: image/jpeg\r\n"],
  ["delimiters", `--frame\r\n${"x".repeat(200)}\r\n`],
  ["delimiters that are never whole", "\r\n--fram"],
  ["empty parts", `--frame\r\nX-Name: ${"x".repeat(200)}\r\n\r\n`],
  ["starts of pictures", "\xff\xd8\xff\xe0\0\x10"],
])("any number of %s takes little memory", (_, text) => {
  const chunk = Buffer.alloc(CHUNK_BYTES, text, "latin1");
  const stream = new PictureStream(
    { capturedAt: null, picture: () => undefined, damaged: () => undefined },
    { kind: "parts", boundary: "frame" },
  );
  stream.write(Buffer.from("--frame\r\n\r\n"), 0);
  stream.write(PICTURES[0] as Buffer, 0);
  Bun.gc(true);
  const before = process.memoryUsage().rss;
  for (let count = 0; count < CHUNKS; count++) stream.write(chunk, 0);
  Bun.gc(true);
  expect(process.memoryUsage().rss - before).toBeLessThan(CHUNKS * CHUNK_BYTES);
});
