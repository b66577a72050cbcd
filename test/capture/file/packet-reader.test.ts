// Packets of Motion JPEG as ffmpeg's muxer writes them: any split of the bytes into chunks gives the same pictures.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type FieldOrder, fieldOrderOf } from "../../../src/capture/file/fields.ts";
import { PacketReader } from "../../../src/capture/file/packet-reader.ts";
import { SourceError } from "../../../src/core/errors.ts";
import { ffmpeg } from "../../support/jpeg-tools.ts";
import { RecordingSink } from "../../support/recording-sink.ts";

const PICTURES = [1, 2, 3].map(
  (seconds) =>
    ffmpeg([
      ...["-f", "lavfi", "-i", "testsrc2=size=48x32:rate=1:duration=9", "-ss", String(seconds), "-frames:v", "1"],
      ...["-c:v", "mjpeg", "-f", "mjpeg", "-"],
    ]).bytes,
);

const text = (letters: string) => Buffer.from(letters, "latin1");
const number = (value: number) => Buffer.from([value >>> 24, value >>> 16, value >>> 8, value]);
const packet = (timeMs: number, content: Uint8Array) =>
  Buffer.concat([text("vidD"), number(timeMs), number(content.length), content]);
const HEADERS = Buffer.concat([
  ...[text("\0\nSMJPEG"), number(0), number(0), text("_TXT"), number(5), text("hello")],
  ...[text("_VID"), number(12), Buffer.alloc(12), text("HEND")],
]);

/** Reads the whole stream in chunks that end at these offsets. */
function read(stream: Uint8Array, ends: readonly number[], height = 0): { sink: RecordingSink; orders: FieldOrder[] } {
  const sink = new RecordingSink();
  const orders: FieldOrder[] = [];
  const reader = new PacketReader({ sink, height, onFields: (order) => orders.push(order) });
  let at = 0;
  for (const end of [...ends.toSorted((a, b) => a - b), stream.length]) {
    reader.feed(stream.subarray(at, end));
    at = end;
  }
  reader.end();
  return { sink, orders };
}

describe("PacketReader: streams", () => {
  const stream = Buffer.concat([
    HEADERS,
    packet(0, PICTURES[0] as Uint8Array),
    packet(40, new Uint8Array()),
    packet(80, (PICTURES[1] as Uint8Array).subarray(0, 30)),
    packet(120, text("no picture")),
    packet(0xffffffff, PICTURES[1] as Uint8Array),
    packet(20, PICTURES[2] as Uint8Array),
    text("DONE"),
  ]);

  test("PacketReader: any split of the bytes gives the same pictures and counts", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 20 }), (ends) => {
        const { sink } = read(stream, ends);
        expect(sink.jpegs.length).toBe(3);
        for (const [index, jpeg] of sink.jpegs.entries()) {
          expect(Buffer.compare(jpeg, PICTURES[index] as Uint8Array)).toBe(0);
        }
        expect(sink.lostFrames).toBe(2);
      }),
    );
  });

  test.each([
    ["another stream", text("RIFF....AVI LIST")],
    ["an unknown chunk", Buffer.concat([HEADERS, text("what")])],
  ])("PacketReader: %s gives a SourceError", (_, bytes) => {
    expect(() => read(bytes, [])).toThrow(SourceError);
  });
});

describe("fieldOrderOf: two fields or one frame", () => {
  const [picture] = PICTURES as [Uint8Array];
  const marked = (polarity: number) =>
    Buffer.concat([
      picture.subarray(0, 2),
      Buffer.from([0xff, 0xe0, 0, 16, 0x41, 0x56, 0x49, 0x31, polarity, ...Buffer.alloc(9)]),
      picture.subarray(2),
    ]);

  test.each([
    ["the odd lines", marked(1), "top"],
    ["the even lines", marked(2), "bottom"],
    ["no word about it", picture, "unknown"],
  ] as const)("fieldOrderOf: returns the order of fields for a first field with %s", (_, first, expected) => {
    expect(fieldOrderOf(first, 2 * first.length, 64)).toBe(expected);
    const { orders, sink } = read(Buffer.concat([HEADERS, packet(0, Buffer.concat([first, picture]))]), [], 64);
    expect(orders).toEqual([expected]);
    expect(sink.jpegs).toEqual([]);
  });

  test("fieldOrderOf: returns no order for a whole frame, a single frame and a container without a height", () => {
    expect(fieldOrderOf(marked(1), 2 * picture.length, 32)).toBeNull();
    expect(fieldOrderOf(marked(1), picture.length + 20, 64)).toBeNull();
    expect(fieldOrderOf(marked(1), 2 * picture.length, 0)).toBeNull();
    expect(fieldOrderOf(text("no JPEG"), 100, 64)).toBeNull();
  });
});
