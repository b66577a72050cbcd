// Streams of JPEGs as cameras send them, the pictures that a JpegReader finds in them, and damage to the streams.

import fc from "fast-check";
import { twoBytes } from "../../src/capture/jpeg/markers.ts";
import { JpegReader } from "../../src/capture/jpeg/jpeg-reader.ts";
import { cjpeg } from "./jpeg-tools.ts";
import { testPicture } from "./samples.ts";

export const SIZE = { width: 64, height: 48 };
const THUMBNAIL_SIZE = { width: 16, height: 16 };

/** A small picture like those in the APPn segments of camera pictures. */
export const THUMBNAIL: Uint8Array = cjpeg(testPicture(THUMBNAIL_SIZE));

export function segment(marker: number, payload: Uint8Array): Uint8Array {
  const length = payload.length + 2;
  return Buffer.concat([Buffer.from([0xff, marker, length >> 8, length & 255]), payload]);
}

/** Inserts bytes into a JPEG, after SOI unless `at` is given. */
export function withBytes(jpeg: Uint8Array, bytes: Uint8Array, at = 2): Uint8Array {
  return Buffer.concat([jpeg.subarray(0, at), bytes, jpeg.subarray(at)]);
}

export function withThumbnail(jpeg: Uint8Array): Uint8Array {
  // The tags before a thumbnail take more than 100 bytes.
  const payload = Buffer.concat([Buffer.from("Exif\0\0"), Buffer.alloc(120, 2), THUMBNAIL, Buffer.alloc(40, 1)]);
  return withBytes(jpeg, segment(0xe1, payload));
}

const noisy = testPicture(SIZE);
for (let at = 0; at < noisy.pixels.length; at++) noisy.pixels[at] = (at * at * 31) & 255;

/** Pictures of each kind that cameras send. All have the same size. */
export const PICTURES: readonly Uint8Array[] = [
  cjpeg(testPicture(SIZE)),
  cjpeg(testPicture(SIZE, 9), "-restart", "1"),
  cjpeg(testPicture(SIZE, 5), "-progressive"),
  withThumbnail(cjpeg(testPicture(SIZE, 11))),
  cjpeg(noisy, "-quality", "100"),
  withThumbnail(withThumbnail(cjpeg(testPicture(SIZE, 13), "-sample", "2x1"))),
  cjpeg(testPicture(SIZE, 3), "-grayscale"),
];

export interface ReadPicture {
  jpeg: Uint8Array;
  /** The number of stream bytes that had been written when the picture was delivered. */
  after: number;
}

export interface ReadStream {
  pictures: ReadPicture[];
  reasons: string[];
  reader: JpegReader;
}

/** Writes a stream in chunks and ends it. The chunks end at `cuts`, modulo the length of the stream. */
export function readStream(stream: Uint8Array, cuts: readonly number[] = [], isEnded = true): ReadStream {
  const pictures: ReadPicture[] = [];
  const reasons: string[] = [];
  let after = 0;
  const reader = new JpegReader(
    {
      picture: (jpeg) => void pictures.push({ jpeg: jpeg.slice(), after }),
      damaged: (reason) => void reasons.push(reason),
    },
    { hasBorders: false },
  );
  const edges = [...cuts.map((cut) => cut % (stream.length + 1)).toSorted((a, b) => a - b), stream.length];
  for (const edge of edges) {
    const chunk = stream.slice(after, edge);
    after = edge;
    reader.write(chunk);
  }
  if (isEnded) reader.end();
  return { pictures, reasons, reader };
}

/** An edit of a stream: `inserted` replaces `removed` bytes at `at`. */
export interface Edit {
  at: number;
  removed: number;
  inserted: Uint8Array;
}

export function edited(stream: Uint8Array, { at, removed, inserted }: Edit): Uint8Array {
  return Buffer.concat([stream.subarray(0, at), inserted, stream.subarray(at + removed)]);
}

const MOST_BYTES = 64;

/** Bytes that look like structure: markers with lengths, starts of pictures. */
const structure = fc.oneof(
  fc.tuple(fc.integer({ min: 0xc0, max: 0xff }), fc.nat(255), fc.nat(255)).map(([m, a, b]) => [0xff, m, a, b]),
  fc.constantFrom(
    [0xff, 0xd8],
    [0xff, 0xd9],
    [0xff, 0xd8, 0xff, 0xe1, 0xff, 0xff],
    [0xff, 0xd8, 0xff, 0xe0],
    [0xff, 0xda],
    [0xff, 0xc4, 0xff, 0xff],
    [0xff],
    [0xff, 0xe2, 0xff, 0xff],
  ),
);

const someBytes = fc
  .array(
    fc.oneof({ weight: 3, arbitrary: structure }, { weight: 1, arbitrary: fc.array(fc.nat(255), { maxLength: 64 }) }),
    {
      maxLength: 12,
    },
  )
  .map((parts) => Uint8Array.from(parts.flat().slice(0, MOST_BYTES)));

/** Insertions, deletions and overwriting of up to 64 bytes; `at` is any number. */
const edits: fc.Arbitrary<Edit> = fc
  .record({
    at: fc.nat(1_000_000),
    kind: fc.constantFrom("insert", "delete", "overwrite"),
    bytes: someBytes,
    removed: fc.integer({ min: 1, max: MOST_BYTES }),
  })
  .map(({ at, kind, bytes, removed }) => {
    if (kind === "delete") return { at, removed, inserted: new Uint8Array() };
    return { at, removed: kind === "insert" ? 0 : bytes.length, inserted: bytes };
  });

/** A stream of pictures, and an edit of it. */
export interface EditedStream {
  pictures: readonly Uint8Array[];
  edit: Edit;
}

const manyPictures = fc.array(fc.nat(PICTURES.length - 1), { minLength: 4, maxLength: 9 });

/** Edits anywhere. */
export const editedAnywhere: fc.Arbitrary<EditedStream> = fc.tuple(manyPictures, edits).map(([numbers, edit]) => {
  const pictures = picturesBy(numbers);
  const bytes = pictures.reduce((sum, { length }) => sum + length, 0);
  return named({ pictures, edit: { ...edit, at: edit.at % bytes } }, numbers);
});

/** Edits near the segments of any picture. Segments are a small part of a stream, so random edits rarely hit them. */
export const editedInHeader: fc.Arbitrary<EditedStream> = editedHeaders((pictures, number) => number % pictures);

/** Edits near the segments of the first picture. The size of the pictures is not known before it. */
export const editedInFirstHeader: fc.Arbitrary<EditedStream> = editedHeaders(() => 0);
/** `choose` returns the number of the edited picture. */
function editedHeaders(choose: (pictures: number, number: number) => number): fc.Arbitrary<EditedStream> {
  return fc
    .tuple(manyPictures, edits, fc.nat(), fc.nat(7), fc.integer({ min: -3, max: 5 }))
    .map(([numbers, edit, number, segments, offset]) => {
      const pictures = picturesBy(numbers);
      const chosen = choose(pictures.length, number);
      const jpeg = pictures[chosen] as Uint8Array;
      let at = 2;
      for (let n = segments; n > 0 && jpeg[at + 1] !== 0xda; n--) at += 2 + twoBytes(jpeg, at + 2);
      const start = pictures.slice(0, chosen).reduce((sum, { length }) => sum + length, 0);
      return named({ pictures, edit: { ...edit, at: Math.max(0, start + at + offset) } }, numbers);
    });
}

function picturesBy(numbers: readonly number[]): Uint8Array[] {
  return numbers.map((number) => PICTURES[number] as Uint8Array);
}

/** A counterexample is printed as indices of PICTURES. */
function named(stream: EditedStream, numbers: readonly number[]): EditedStream {
  const { at, removed, inserted } = stream.edit;
  const text = `pictures ${numbers.join(" ")}; at ${at} ${removed} bytes become [${inserted.join(" ")}]`;
  return Object.assign(stream, { [fc.toStringMethod]: () => text });
}
