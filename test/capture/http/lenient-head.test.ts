// The readers of answers that are nearly HTTP, with any bytes in any chunks.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { Unchunker } from "../../../src/capture/http/chunked-body.ts";
import { readHead } from "../../../src/capture/http/lenient-head.ts";

const LINES = [
  "HTTP/1.1 200 OK",
  "ICY 200",
  "HTTP/1.0 100 Continue",
  "A: b",
  "Set-Cookie: x=1",
  "no field",
  " folded",
  ":",
  "\0: \x7f",
  "",
];

test("readHead: any lines give a head, and further bytes do not change it", () => {
  const texts = fc.array(fc.oneof(fc.constantFrom(...LINES), fc.string()), { maxLength: 12 });
  fc.assert(
    fc.property(texts, fc.constantFrom("\n", "\r\n"), (lines, end) => {
      const bytes = Buffer.from(lines.join(end), "latin1");
      const whole = readHead(bytes, true);
      expect(whole).not.toBeNull();
      for (let length = 0; length < bytes.length; length++) {
        const early = readHead(bytes.subarray(0, length), false);
        if (early === null) continue;
        const { status, bodyAt, headers } = readHead(bytes, false) ?? {};
        expect([status, bodyAt]).toEqual([early.status, early.bodyAt]);
        expect([...(headers ?? [])]).toEqual([...early.headers]);
      }
    }),
  );
});

test("Unchunker: HTTP chunks of any size that arrive in any pieces give the content", () => {
  const contents = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 6 });
  fc.assert(
    fc.property(contents, fc.array(fc.nat(400)), (chunks, cuts) => {
      const parts = chunks.flatMap((chunk) => [
        Buffer.from(`${chunk.length.toString(16)};a=b\r\n`),
        chunk,
        Buffer.from("\r\n"),
      ]);
      const body = Buffer.concat([...parts, Buffer.from("0\r\n\r\n")]);
      const ends = [...cuts.map((cut) => cut % body.length).toSorted((one, other) => one - other), body.length];
      const unchunker = new Unchunker();
      const taken = ends.map((end, index) => unchunker.take(body.subarray(ends[index - 1] ?? 0, end)));
      expect(Buffer.concat(taken).equals(Buffer.concat(chunks))).toBe(true);
      expect(unchunker.isOver).toBe(true);
    }),
  );
});

test("Unchunker: bytes without a size give an error", () => {
  expect(() => new Unchunker().take(Buffer.from("--frame\r\n"))).toThrow("no size");
  expect(() => new Unchunker().take(Buffer.alloc(5000, "0"))).toThrow("no size");
});
