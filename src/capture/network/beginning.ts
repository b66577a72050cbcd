// Finds out from the first bytes of a stream whether it is JPEG. The stream may begin in the middle of a picture.

import { kindOf, parseContentType } from "../http/content.ts";

/** If no JPEG begins within these limits, the stream counts as other video. */
const MAX_BYTES = 1 << 20;
const MAX_MS = 1_000;

const SOI = Buffer.from([0xff, 0xd8, 0xff]);
/** The first byte of each packet of MPEG-TS. The packets have 188 bytes (ISO 13818-1 2.4.3.2). */
const TS_SYNC = 0x47;
const TS_PACKET_BYTES = 188;

const NO_TYPE = parseContentType(null);

/**
 * Reads the beginning of a stream. The returned `body` has the same bytes as `stream`. `isJpeg` is true if it contains JPEGs,
 * even if it begins in the middle of one.
 */
export async function beginningOf(
  stream: ReadableStream<Uint8Array>,
  onBytes: () => void,
): Promise<{ body: ReadableStream<Uint8Array>; isJpeg: boolean }> {
  const reader = stream.getReader();
  let first = Buffer.alloc(0);
  let isJpeg = false;
  const since = performance.now();
  for (;;) {
    const { done, value } = await reader.read();
    onBytes();
    if (value !== undefined) first = Buffer.concat([first, value]);
    if (done || isOther(first)) break;
    isJpeg = first.includes(SOI);
    if (isJpeg || first.length >= MAX_BYTES || performance.now() - since >= MAX_MS) break;
  }
  reader.releaseLock();
  return { body: joined(first, stream), isJpeg };
}

/** Returns whether the bytes are certainly not consecutive JPEGs. */
function isOther(first: Buffer): boolean {
  if (first[0] === TS_SYNC && first[TS_PACKET_BYTES] === TS_SYNC) return true;
  const kind = first.length < 4096 ? kindOf(NO_TYPE, first, { isAll: false, hasLength: false }) : null;
  return kind !== null && kind !== "pictures";
}

function joined(first: Uint8Array, rest: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const reader = rest.getReader();
  return new ReadableStream({
    start: (controller) => controller.enqueue(first),
    async pull(controller) {
      const { done, value } = await reader.read();
      if (value !== undefined) controller.enqueue(value);
      if (done) controller.close();
    },
    cancel: (reason) => reader.cancel(reason),
  });
}
