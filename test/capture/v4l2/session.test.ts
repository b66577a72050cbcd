// CaptureSession: buffers of Motion JPEG go through the reader of JPEGs, so only their pictures are delivered.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { hasLibc } from "../../../src/system/v4l2/libc.ts";
import { CaptureSession } from "../../../src/capture/v4l2/session.ts";
import { JpegBufferCamera, type SentBuffer } from "../../support/jpeg-buffer-camera.ts";
import { PICTURES, SIZE, THUMBNAIL, withBytes, withThumbnail } from "../../support/jpeg-streams.ts";
import { cjpeg, djpeg } from "../../support/jpeg-tools.ts";
import { testPicture } from "../../support/samples.ts";
import { withoutTables } from "../../support/stripped-jpeg.ts";
import { TEST_TIMEOUT_MS } from "../../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const [PLAIN, WITH_RESTARTS] = PICTURES as [Uint8Array, Uint8Array];
const BUFFER_BYTES = 64 * 1024;
/** The padding of a buffer with what earlier pictures left there: an EOI, and the start of a picture without its end. */
const OLD_BYTES = Buffer.concat([Buffer.alloc(40), PLAIN.subarray(-100), Buffer.alloc(300), PLAIN.subarray(0, 200)]);

/** Runs a session through buffers, one at a time. Null stands for a buffer without a picture. */
function captured(buffers: readonly SentBuffer[]) {
  const camera = new JpegBufferCamera(SIZE, BUFFER_BYTES);
  const reports: (string | null)[] = [];
  using session = new CaptureSession(
    camera.device,
    { size: SIZE, framesPerSecond: null, format: "mjpeg" },
    (text) => void reports.push(text),
  );
  const queued = camera.queued;
  const slot = new Uint8Array(session.bufferBytes).fill(0xff);
  const pictures = buffers.map((buffer) => {
    camera.ready.push(buffer);
    const taken = session.takeNewest();
    if (taken === null) return null;
    const bytes = session.copy(taken, slot);
    session.giveBack(taken);
    return bytes === null ? null : Buffer.from(slot.subarray(0, bytes));
  });
  expect(camera.queued).toBe(queued); // every buffer went back to the driver
  return { pictures, reports, lost: session.lost, damaged: session.damaged };
}

const buffer = (...parts: Uint8Array[]): SentBuffer => ({ bytes: Buffer.concat(parts) });

describe.skipIf(!hasLibc())("CaptureSession: buffers of Motion JPEG", () => {
  test.each<[string, Uint8Array[], Uint8Array]>([
    ["a picture alone", [PLAIN], PLAIN],
    ["zeros after EOI", [PLAIN, Buffer.alloc(5000)], PLAIN],
    ["old bytes with an EOI after EOI", [WITH_RESTARTS, OLD_BYTES], WITH_RESTARTS],
    ["other bytes before SOI", [Buffer.alloc(12), PLAIN], PLAIN],
    ["the end of the previous picture before SOI", [PLAIN.subarray(-60), WITH_RESTARTS], WITH_RESTARTS],
    ["two fields or pictures: the first one is the frame", [PLAIN, WITH_RESTARTS], PLAIN],
    ["a thumbnail in APP1", [withThumbnail(PLAIN), Buffer.alloc(9)], withThumbnail(PLAIN)],
    ["no EOI", [PLAIN.subarray(0, -2)], PLAIN.subarray(0, -2)],
    ["stray bytes between two segments", [withBytes(PLAIN, Buffer.alloc(7), 20)], PLAIN],
    ["no Huffman tables", [withoutTables(PLAIN), Buffer.alloc(64)], withoutTables(PLAIN)],
  ])("CaptureSession: %s", (_, parts, expected) => {
    const { pictures, reports, lost } = captured([buffer(...parts), buffer(PLAIN)]);
    expect(pictures[0]?.equals(expected)).toBe(true);
    expect(pictures[1]?.equals(PLAIN)).toBe(true);
    expect([lost, reports]).toEqual([0, []]);
  });

  test("CaptureSession: an empty buffer is no frame and no damage", () => {
    expect(captured([buffer(PLAIN), buffer(), buffer(PLAIN)])).toMatchObject({ lost: 0, damaged: 0, reports: [] });
  });

  test("CaptureSession: buffers without a picture are counted, and reported after three in a row", () => {
    const without = [buffer(Buffer.alloc(500)), buffer(PLAIN.subarray(0, 150)), { ...buffer(PLAIN), isMarked: true }];
    const { pictures, reports, lost, damaged } = captured([buffer(PLAIN), ...without, buffer(PLAIN), buffer(PLAIN)]);
    expect(pictures.map((picture) => picture?.equals(PLAIN) ?? null)).toEqual([true, null, null, null, true, true]);
    expect(reports).toEqual(["the source sends damaged pictures: the driver marks them as damaged", null]);
    expect([lost, damaged]).toEqual([3, 3]);
  });

  test("CaptureSession: a thumbnail whose picture is lost is not delivered", () => {
    const headless = withThumbnail(PLAIN).subarray(60);
    const { pictures, damaged } = captured([buffer(PLAIN), buffer(headless), buffer(PLAIN)]);
    expect(pictures.map((picture) => picture?.equals(PLAIN) ?? null)).toEqual([true, null, true]);
    expect(damaged).toBe(1);
    expect(Buffer.from(headless).includes(THUMBNAIL)).toBe(true);
  });

  test("CaptureSession: djpeg reads each picture without a warning, whatever surrounds it", () => {
    const around = fc.uint8Array({ maxLength: 300 }).map((bytes) => bytes.map((byte) => byte % 0xff));
    const sent = fc.array(fc.tuple(around, fc.constantFrom(...PICTURES), around), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(sent, (frames) => {
        const { pictures } = captured(frames.map((parts) => buffer(...parts)));
        for (const [n, [, picture]] of frames.entries()) expect(pictures[n]?.equals(picture)).toBe(true);
      }),
    );
    const large = cjpeg(testPicture({ width: 320, height: 240 }));
    const [copy] = captured([buffer(Buffer.alloc(33), large, OLD_BYTES)]).pictures;
    expect(djpeg(copy as Uint8Array)).toEqual(djpeg(large));
  });
});
