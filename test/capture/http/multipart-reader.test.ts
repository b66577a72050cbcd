// Parts in the forms that cameras write: right, odd, wrong and damaged.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Packing } from "../../../src/capture/http/picture-stream.ts";
import { type Habits, multipart, PICTURES, readChunks } from "../../support/multipart-streams.ts";

const FRAME: Packing = { kind: "parts", boundary: "frame" };
const LINES = "Content-Type: image/jpeg\r\n";

const HABITS: [name: string, boundary: string | null, habits: Habits][] = [
  ["as RFC 2046 has it", "frame", {}],
  ["without a length", "frame", { part: `--frame\r\n${LINES}\r\n` }],
  ["without a first delimiter", "frame", { part: `${LINES}Content-Length: {n}\r\n\r\n`, after: "\r\n--frame\r\n" }],
  ["without a first delimiter and a length", "frame", { part: `${LINES}\r\n`, after: "\r\n--frame\r\n" }],
  ["with LF alone", "frame", { part: "--frame\nContent-Type: image/jpeg\nContent-Length: {n}\n\n", after: "\n" }],
  ["with LF alone, without a length", "frame", { part: "--frame\nContent-Type: image/jpeg\n\n", after: "\n" }],
  ["with a length that counts the line end", "frame", { part: `--frame\r\n${LINES}Content-Length: {n+2}\r\n\r\n` }],
  [
    "with a length that reaches into the next part",
    "frame",
    { part: `--frame\r\n${LINES}Content-Length: {n+50}\r\n\r\n` },
  ],
  ["with a length beyond all pictures", "frame", { part: `--frame\r\n${LINES}Content-Length: 999999\r\n\r\n` }],
  ["with a length that is too small", "frame", { part: `--frame\r\n${LINES}Content-Length: {n-2}\r\n\r\n` }],
  ["with a length that is much too small", "frame", { part: `--frame\r\n${LINES}Content-Length: {n-400}\r\n\r\n` }],
  ["with the length 0", "frame", { part: `--frame\r\n${LINES}Content-Length: 0\r\n\r\n` }],
  ["with a length that is no number", "frame", { part: `--frame\r\n${LINES}Content-Length: -1\r\n\r\n` }],
  ["without a line end behind pictures", "frame", { after: "" }],
  ["without a line end and a length", "frame", { part: `--frame\r\n${LINES}\r\n`, after: "" }],
  ["with a short delimiter and no line end", "f", { part: `--f\r\n${LINES}\r\n`, after: "" }],
  ["with dashes in the declared boundary", "--frame", {}],
  ["with four dashes, two of them declared", "--frame", { part: `----frame\r\n${LINES}\r\n` }],
  ["with a delimiter that lacks its dashes", "frame", { part: `frame\r\n${LINES}\r\n` }],
  ["with a delimiter that differs from the declared one", "frame", { part: `--picture\r\n${LINES}\r\n` }],
  ["without a declared boundary", null, {}],
  ["with a declared boundary of two dashes", "--", {}],
  ["with a delimiter that ends the last part", "frame", { part: `--frame--\r\n${LINES}\r\n` }],
  ["with spaces behind the delimiter", "frame", { part: `--frame \t\r\n${LINES}\r\n` }],
  ["with two delimiters", "frame", { part: `--frame\r\n--frame\r\n${LINES}\r\n` }],
  ["with empty lines before the delimiter", "frame", { part: `\r\n\r\n--frame\r\n${LINES}\r\n` }],
  ["without fields", "frame", { part: "--frame\r\n\r\n" }],
  ["without fields and an empty line", "frame", { part: "--frame\r\n" }],
  ["without an empty line behind the fields", "frame", { part: `--frame\r\n${LINES}` }],
  ["with fields behind an empty line", "frame", { part: `--frame\r\n\r\n${LINES}\r\n` }],
  [
    "with spaces around colons",
    "frame",
    { part: "--frame\r\ncontent-type :image/jpeg\r\nCONTENT-LENGTH:  {n} \r\n\r\n" },
  ],
  [
    "with folded fields",
    "frame",
    { part: "--frame\r\nContent-Type: image/jpeg;\r\n name=x\r\nContent-Length:\r\n\t{n}\r\n\r\n" },
  ],
  ["with two lengths", "frame", { part: `--frame\r\n${LINES}Content-Length: {n}\r\nContent-Length: 7\r\n\r\n` }],
  ["with lines like delimiters behind pictures", "frame", { after: "\n--note: 12\nfoo: bar\n\nxyz\r\n" }],
  ["with the type image/jpg", "frame", { part: "--frame\r\nContent-Type: image/jpg\r\n\r\n" }],
  ["with the type text/plain", "frame", { part: "--frame\r\nContent-Type: text/plain\r\n\r\n" }],
  ["with a preamble", "frame", { before: "This is a multipart message.\r\n\r\nNothing is here.\r\n" }],
  ["with bytes before pictures", "frame", { part: `--frame\r\n${LINES}\r\n\0\0\r\n` }],
  ["with zeros behind pictures", "frame", { part: `--frame\r\n${LINES}\r\n`, after: `${"\0".repeat(70)}\r\n` }],
  ["with a second picture behind each", "frame", { after: `${PICTURES[0]?.toString("latin1")}\r\n` }],
  [
    "with a part of text between pictures",
    "frame",
    { after: "\r\n--frame\r\nContent-Type: text/plain\r\n\r\nmotion\r\n" },
  ],
  ["with an empty part between pictures", "frame", { after: `\r\n--frame\r\n${LINES}Content-Length: 0\r\n\r\n\r\n` }],
  [
    "with sound that looks like a picture",
    "frame",
    { after: "\r\n--frame\r\nContent-Type: audio/basic\r\n\r\n..\xff\xd8\xff\xdb\0\x08........\xff\xda....\r\n" },
  ],
  ["that calls itself multipart and has no parts", "frame", { part: "", after: "" }],
  ["that has fields and no delimiters", "frame", { part: `${LINES}Content-Length: {n}\r\n\r\n` }],
];

/** Four pictures, three times each. */
const THRICE = [...PICTURES, ...PICTURES, ...PICTURES];

function isSame(read: readonly Buffer[], expected: readonly Buffer[]): boolean {
  return read.length === expected.length && read.every((jpeg, index) => jpeg.equals(expected[index] as Buffer));
}

describe("MultipartReader: streams", () => {
  test.each(HABITS)("all pictures of an answer %s are found", (_, boundary, habits) => {
    const read = readChunks(multipart(THRICE, habits), { kind: "parts", boundary });
    expect(read.pictures.length).toBe(THRICE.length);
    expect(isSame(read.pictures, THRICE)).toBe(true);
    expect(read.damaged).toBe(0);
  });

  test.each(HABITS)("the chunks in which an answer %s arrives do not change its pictures", (_, boundary, habits) => {
    const answer = multipart(PICTURES, habits);
    const packing: Packing = { kind: "parts", boundary };
    const single = Array.from({ length: answer.length }, (_unused, at) => at + 1);
    expect(isSame(readChunks(answer, packing, single).pictures, PICTURES)).toBe(true);
    fc.assert(
      fc.property(fc.array(fc.nat(answer.length), { maxLength: 12 }), (cuts) => {
        expect(isSame(readChunks(answer, packing, cuts).pictures, PICTURES)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test.each(HABITS)("each picture of an answer %s is delivered with its last byte", (_, boundary, habits) => {
    const answer = multipart(PICTURES, habits);
    const single = Array.from({ length: answer.length }, (_unused, at) => at + 1);
    const { after } = readChunks(answer, { kind: "parts", boundary }, single);
    expect(after).toEqual(PICTURES.map((jpeg) => answer.indexOf(jpeg) + jpeg.length));
  });

  test("each picture has the time at which its own first byte arrived, not that of its header", () => {
    const answer = multipart(PICTURES, { part: `${LINES}\r\n`, after: "\r\n--frame\r\n" });
    const single = Array.from({ length: answer.length }, (_unused, at) => at + 1);
    const { stamps } = readChunks(answer, FRAME, single);
    for (const [index, jpeg] of PICTURES.entries()) {
      const begin = answer.indexOf(jpeg);
      expect(stamps[index]).toBeGreaterThan(begin);
      expect(stamps[index]).toBeLessThanOrEqual(begin + 4); // its first two markers tell that a picture has begun
    }
  });

  test.each([
    ["once", (index: number) => (index < 2 ? "--frame" : "--other")],
    ["from part to part", (index: number) => `--part-${index}`],
    ["and comes back", (index: number) => (index % 3 === 1 ? "--x" : "--frame")],
  ])("all pictures of an answer are found when its delimiter changes %s", (_, delimiter) => {
    const parts = THRICE.map((jpeg, index) => multipart([jpeg], { part: `${delimiter(index)}\r\n${LINES}\r\n` }));
    const answer = Buffer.concat(parts);
    for (const size of [answer.length, 997, 13]) {
      const cuts = Array.from({ length: Math.floor(answer.length / size) }, (_cut, index) => index * size);
      const { pictures } = readChunks(answer, { kind: "parts", boundary: "frame" }, cuts);
      expect(isSame(pictures, THRICE)).toBe(true);
    }
  });

  describe("MultipartReader: pictures without EOI", () => {
    const open = PICTURES.map((jpeg) => jpeg.subarray(0, -2));

    test("the first one is delivered at the delimiter, and later ones at their length", () => {
      const answer = multipart(open, {});
      const single = Array.from({ length: answer.length }, (_unused, at) => at + 1);
      const { pictures, after } = readChunks(answer, FRAME, single);
      expect(isSame(pictures, open)).toBe(true);
      const ends = open.map((jpeg) => answer.indexOf(jpeg) + jpeg.length);
      expect(after[0]).toBe((ends[0] ?? 0) + "\r\n--frame\r".length);
      expect(after.slice(1)).toEqual(ends.slice(1));
    });

    test("they are delivered at the delimiter if no length is given", () => {
      const { pictures } = readChunks(multipart(open, { part: `--frame\r\n${LINES}\r\n` }), FRAME);
      expect(isSame(pictures, open)).toBe(true);
    });
  });

  test("a picture that is cut does not damage others", () => {
    for (const cut of [3, 30, 200, 500, PICTURES[0]?.length ?? 0]) {
      const first = (PICTURES[0] as Buffer).subarray(0, cut);
      for (const part of [undefined, `--frame\r\n${LINES}\r\n`]) {
        const read = readChunks(multipart([first, ...PICTURES], part === undefined ? {} : { part }), FRAME);
        expect(isSame(read.pictures.slice(-PICTURES.length), PICTURES)).toBe(true);
      }
    }
  });

  test("a wrong length of a segment does not lose the pictures after it", () => {
    const broken = Buffer.from(PICTURES[0] as Buffer);
    broken[4] = 0xff; // the length of the JFIF segment is now 65296
    const read = readChunks(multipart([broken, ...PICTURES], {}), FRAME);
    expect(isSame(read.pictures.slice(-PICTURES.length), PICTURES)).toBe(true);
  });

  const change = fc.record({
    kind: fc.constantFrom("insert", "delete", "overwrite"),
    at: fc.nat(),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 64 }),
  });

  test.each([
    ["with lengths", {}],
    ["without lengths", { part: `--frame\r\n${LINES}\r\n` }],
    ["with delimiters behind", { part: `${LINES}Content-Length: {n}\r\n\r\n`, after: "\r\n--frame\r\n" }],
    ["with LF alone", { part: "--frame\nContent-Type: image/jpeg\n\n", after: "\n" }],
  ] as [string, Habits][])(
    "damage of up to 64 bytes loses at most the pictures that it touches and the next one: %s",
    (_, habits) => {
      const answer = multipart(THRICE, habits);
      const part = answer.length / THRICE.length;
      fc.assert(
        fc.property(change, ({ kind, at, bytes }) => {
          const place = at % answer.length;
          const removed = kind === "insert" ? 0 : bytes.length;
          const added = kind === "delete" ? new Uint8Array() : bytes;
          const damaged = Buffer.concat([answer.subarray(0, place), added, answer.subarray(place + removed)]);
          const { pictures } = readChunks(damaged, FRAME);
          const found = new Set(pictures.map((jpeg) => jpeg.toString("latin1")));
          const missing = THRICE.filter((jpeg) => !found.has(jpeg.toString("latin1")));
          expect(missing).toEqual([]); // each picture comes three times, so one of them remains
          const unchanged = pictures.filter((jpeg) => PICTURES.some((other) => other.equals(jpeg))).length;
          expect(unchanged).toBeGreaterThanOrEqual(THRICE.length - 3);
          expect(pictures.length).toBeLessThanOrEqual(THRICE.length + 1);
          expect(part).toBeGreaterThan(64);
        }),
        { numRuns: 400 },
      );
    },
  );

  test("any bytes are read without an error, and at most a part is kept", () => {
    const pieces = fc.oneof(
      fc.constantFrom(
        "--frame",
        "--",
        "\r\n",
        "\n",
        "\r",
        "Content-Length: 7\r\n",
        "Content-Type: audio/x\r\n",
        ":",
        "-",
      ),
      fc.constantFrom("\xff\xd8\xff\xe0\0\x10", "\xff\xd9", "\xff\xda\0\x02", "\xff\xfe\xff\xff"),
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 60 }), fc.array(fc.nat(), { maxLength: 8 }), (texts, cuts) => {
        const bytes = Buffer.from(texts.join(""), "latin1");
        const whole = readChunks(bytes, FRAME).pictures;
        expect(isSame(readChunks(bytes, FRAME, cuts).pictures, whole)).toBe(true);
      }),
      { numRuns: 400 },
    );
  });
});
