// Removes byte stuffing (T.81 B.1.1.5): copies entropy-coded bytes into a window in reverse order.
//
// The first byte of the stream is at the highest address of the window. A little-endian load of the eight bytes below the reader
// yields the next 64 bits with the first one on top, so that a refill needs no byte swap and no check for 0xFF. When the window
// is used up, the unread bytes move to its top again. A marker or the end of the bytes ends the segment.

import {
  READER,
  READER_BITS,
  READER_BUFFER,
  WINDOW,
  WINDOW_BYTES,
  WINDOW_EXHAUSTED,
  WINDOW_LOW,
  WINDOW_SOURCE,
  WINDOW_SOURCE_END,
} from "./layout";
import { swizzleFixed } from "./lanes";

/** Bytes copied from the source at once: few enough to stay in the first-level cache next to tables and coefficients. */
const CHUNK: usize = 4096;

/** Starts the window and the bit reader at a new segment. */
export function openSegment(scratch: usize, address: usize, length: usize): void {
  const top = scratch + WINDOW + WINDOW_BYTES;
  store<usize>(scratch + WINDOW_SOURCE, address);
  store<usize>(scratch + WINDOW_SOURCE_END, address + length);
  store<usize>(scratch + WINDOW_LOW, top);
  store<u32>(scratch + WINDOW_EXHAUSTED, 0);
  store<usize>(scratch + READER, top);
  store<u64>(scratch + READER_BUFFER, 0);
  store<u64>(scratch + READER_BITS, 0);
}

/** Copies more bytes into the window. The reader and the unread bytes may move to the top of the window. */
export function fillWindow(scratch: usize): void {
  const base = scratch + WINDOW;
  const top = base + WINDOW_BYTES;
  let low = load<usize>(scratch + WINDOW_LOW);
  if (low < base + CHUNK + 32) {
    const reader = load<usize>(scratch + READER);
    const unread = reader > low ? reader - low : 0;
    memory.copy(top - unread, low, unread);
    store<usize>(scratch + READER, top);
    low = top - unread;
  }
  const reverse = i8x16(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  const allOnes = i8x16.splat(-1);
  let source = load<usize>(scratch + WINDOW_SOURCE);
  const end = load<usize>(scratch + WINDOW_SOURCE_END);
  const stop = low - CHUNK;
  let exhausted: u32 = 0;
  while (low > stop) {
    let at: usize;
    if (source + 16 <= end) {
      const bytes = v128.load(source);
      const stuffed = i8x16.bitmask(i8x16.eq(bytes, allOnes));
      v128.store(low - 16, swizzleFixed(bytes, reverse));
      if (stuffed == 0) {
        source += 16;
        low -= 16;
        continue;
      }
      at = <usize>ctz(stuffed);
      source += at;
      low -= at;
    } else if (source >= end) {
      exhausted = 1;
      break;
    } else if (load<u8>(source) != 0xff) {
      low--;
      store<u8>(low, load<u8>(source));
      source++;
      continue;
    }
    // FF is data if a zero follows; otherwise it begins a marker, perhaps after fill bytes.
    let next = source + 1;
    while (next < end && load<u8>(next) == 0xff) next++;
    if (next >= end || load<u8>(next) != 0) {
      source = end;
      exhausted = 1;
      break;
    }
    low--;
    store<u8>(low, 0xff);
    source = next + 1;
  }
  store<usize>(scratch + WINDOW_SOURCE, source);
  store<usize>(scratch + WINDOW_LOW, low);
  store<u32>(scratch + WINDOW_EXHAUSTED, exhausted);
}
