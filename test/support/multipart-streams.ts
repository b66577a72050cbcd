// Multipart answers as cameras write them, and the pictures that a PictureStream finds in them.

import { type Packing, PictureStream } from "../../src/capture/http/picture-stream.ts";
import { cjpeg } from "./jpeg-tools.ts";
import { testPicture } from "./samples.ts";

const SIZE = { width: 48, height: 32 };
const THUMBNAIL = cjpeg(testPicture({ width: 16, height: 16 }));

function segment(marker: number, payload: Uint8Array): Buffer {
  const length = payload.length + 2;
  return Buffer.concat([Buffer.from([0xff, marker, length >> 8, length & 255]), payload]);
}

function withSegment(jpeg: Uint8Array, marker: number, payload: Uint8Array | string): Buffer {
  return Buffer.concat([jpeg.subarray(0, 2), segment(marker, Buffer.from(payload)), jpeg.subarray(2)]);
}

/** Different pictures: a plain one, one with a thumbnail, one with a comment that looks like a delimiter, a progressive one. */
export const PICTURES: readonly Buffer[] = [
  Buffer.from(cjpeg(testPicture(SIZE))),
  withSegment(cjpeg(testPicture(SIZE, 3)), 0xe1, Buffer.concat([Buffer.from("Exif\0\0"), Buffer.alloc(99), THUMBNAIL])),
  withSegment(cjpeg(testPicture(SIZE, 5)), 0xfe, "a comment\r\n--frame\r\nthat holds the delimiter\n--other\n"),
  Buffer.from(cjpeg(testPicture(SIZE, 9), "-progressive")),
];

export interface Habits {
  /** The bytes before each picture. `{n}` and `{n+50}` stand for its length. */
  part?: string;
  /** The bytes after each picture. */
  after?: string;
  /** The bytes before the first part. */
  before?: string;
}

/** An answer of a camera with these habits. */
export function multipart(pictures: readonly Uint8Array[], { part, after = "\r\n", before = "" }: Habits = {}): Buffer {
  const head = part ?? "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {n}\r\n\r\n";
  const lengthIn = (text: string, bytes: number) =>
    text.replace(/\{n([+-]\d+)?\}/g, (_, change: string | undefined) => String(bytes + Number(change ?? 0)));
  return Buffer.concat([
    Buffer.from(before, "latin1"),
    ...pictures.flatMap((jpeg) => [
      Buffer.from(lengthIn(head, jpeg.length), "latin1"),
      jpeg,
      Buffer.from(lengthIn(after, jpeg.length), "latin1"),
    ]),
  ]);
}

export interface ReadAnswer {
  pictures: Buffer[];
  /** The number of bytes that had been written when each picture was delivered. */
  after: number[];
  /** The time stamp of each picture: the number of bytes that had been written after the chunk with its first byte. */
  stamps: number[];
  damaged: number;
}

/** Writes an answer in chunks that end at `cuts`, modulo its length. The time of each chunk is the number of bytes so far. */
export function readChunks(
  answer: Uint8Array,
  packing: Packing,
  cuts: readonly number[] = [],
  isEnded = true,
): ReadAnswer {
  const read: ReadAnswer = { pictures: [], after: [], stamps: [], damaged: 0 };
  let written = 0;
  const sink = {
    capturedAt: null as number | null,
    picture(jpeg: Uint8Array) {
      read.pictures.push(Buffer.from(jpeg));
      read.after.push(written);
      read.stamps.push(this.capturedAt ?? -1);
    },
    damaged: () => void read.damaged++,
  };
  using stream = new PictureStream(sink, packing);
  const ends = [...cuts.map((cut) => cut % (answer.length + 1)), answer.length].toSorted((one, other) => one - other);
  let at = 0;
  for (const end of ends) {
    written = end;
    stream.write(new Uint8Array(answer.subarray(at, end)), written); // copies, so that a reader cannot look beyond its chunk
    at = end;
  }
  if (isEnded) stream.end();
  return read;
}
