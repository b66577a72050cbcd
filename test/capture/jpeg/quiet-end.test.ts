// QuietEnd: pictures of a camera that writes no EOI and pauses after them.

import { afterEach, expect, test } from "bun:test";
import { JpegReader } from "../../../src/capture/jpeg/jpeg-reader.ts";
import { QuietEnd } from "../../../src/capture/jpeg/quiet-end.ts";
import { PICTURES } from "../../support/jpeg-streams.ts";
import { until } from "../../support/wait-until.ts";

const UNENDED = PICTURES.map((jpeg) => jpeg.subarray(0, -2));
const [FIRST, SECOND, , , THIRD] = UNENDED as Uint8Array[] as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
];

const open: Disposable[] = [];
afterEach(() => {
  for (const quietEnd of open.splice(0)) quietEnd[Symbol.dispose]();
});

function openReader({ hasBorders = false } = {}) {
  const pictures: Uint8Array[] = [];
  const reader = new JpegReader(
    {
      picture: (jpeg) => void pictures.push(jpeg.slice()),
      damaged(reason) {
        throw new Error(reason);
      },
    },
    { hasBorders },
  );
  const quietEnd = new QuietEnd(reader);
  open.push(quietEnd);
  return {
    pictures,
    reader,
    write: (bytes: Uint8Array) => quietEnd.around(() => reader.write(bytes)),
    border: () => quietEnd.around(() => reader.border()),
  };
}

test("QuietEnd: the third picture without EOI is passed on during a pause, and only once", async () => {
  const { pictures, write } = openReader();
  for (const jpeg of [FIRST, SECOND, THIRD]) write(jpeg);
  expect(pictures).toEqual([FIRST, SECOND]);
  await until(() => pictures.length === 3, "the third picture");
  write(FIRST);
  expect(pictures).toEqual([FIRST, SECOND, THIRD]);
  await until(() => pictures.length === 4, "the fourth picture");
});

test("QuietEnd: in parts, the picture is passed on before the border", async () => {
  const { pictures, write, border } = openReader({ hasBorders: true });
  for (const jpeg of [FIRST, SECOND]) {
    write(jpeg);
    border();
  }
  write(THIRD);
  await until(() => pictures.length === 3, "the third picture");
  border();
  expect(pictures).toEqual([FIRST, SECOND, THIRD]);
});

test("QuietEnd: a picture whose rest comes late is passed on again as a whole, and later pictures get more time", async () => {
  const { pictures, write } = openReader();
  const half = THIRD.length >> 1;
  for (const jpeg of [FIRST, SECOND, THIRD.subarray(0, half)]) write(jpeg);
  await until(() => pictures.length === 3, "the half that has come");
  expect(pictures[2]).toEqual(THIRD.subarray(0, half));
  await Bun.sleep(100);
  write(THIRD.subarray(half));
  write(FIRST.subarray(0, half));
  expect(pictures.slice(3)).toEqual([THIRD]);
  await Bun.sleep(60); // this is less than twice the pause of 100 ms
  write(FIRST.subarray(half));
  write(SECOND);
  expect(pictures.slice(4)).toEqual([FIRST]);
});

test("QuietEnd: a picture of a camera that writes EOI waits for its EOI", async () => {
  const { pictures, write } = openReader();
  for (const jpeg of PICTURES.slice(0, 3)) write(jpeg);
  write(FIRST);
  await Bun.sleep(60);
  expect(pictures).toEqual(PICTURES.slice(0, 3));
});
