// A frame that is kept in memory: the bytes of the tiles that it has changed, or a whole JPEG if the source sends JPEGs.

import { totalBytes, type TileList } from "../../protocol/tile-list.ts";
import type { Feed, FeedJpeg } from "../renditions/feed.ts";

export interface KeptFrame {
  /** The size, the number and the times of the frame. */
  readonly facts: Omit<FeedJpeg, "bytes">;
  /** The tiles, one after the other, or a whole JPEG. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The tiles in `bytes`. Null for a whole JPEG. */
  readonly tiles: KeptTiles | null;
}

interface KeptTiles {
  /** The JPEG header, from SOI to SOS. Frames of one stream share it. */
  readonly header: Uint8Array;
  readonly numbers: Uint32Array;
  readonly lengths: Uint32Array;
}

/** Returns the number of bytes of memory that a frame takes. */
export function memoryOf({ bytes, tiles }: KeptFrame): number {
  return bytes.length + (tiles === null ? 0 : tiles.numbers.byteLength + tiles.lengths.byteLength);
}

/**
 * Returns the newest frame of a feed. `before` is the frame of this feed that was kept before it, or null. The frame has all tiles
 * if `before` is null or belongs to another stream. Returns null if there is no frame, or none that has changed since `before`.
 */
export function keepNewest(feed: Feed, before: KeptFrame | null): KeptFrame | null {
  const { stream, newestFrame, changedFrame, capturedAt, encodedAt } = feed;
  if (stream === null || newestFrame === 0 || changedFrame <= (before?.facts.frameNumber ?? 0)) return null;
  const { width, height, jpegHeader } = stream;
  const since = before?.tiles?.header === jpegHeader ? before.facts.frameNumber : 0;
  const list = feed.missing(since);
  if (list !== null)
    return keepTiles({ width, height, frameNumber: newestFrame, capturedAt, encodedAt }, jpegHeader, list);
  const jpeg = feed.jpeg();
  if (jpeg === null) return null;
  const { bytes, ...facts } = jpeg;
  return { facts, bytes, tiles: null };
}

/**
 * Copies tiles. The blocks of the tile store are not retained instead, because they are larger than the tiles in them (by a third
 * in the mean), and the last tile of a block would keep all of it.
 */
export function keepTiles(facts: KeptFrame["facts"], header: Uint8Array, list: TileList): KeptFrame {
  const bytes = new Uint8Array(totalBytes(list));
  let at = 0;
  for (const chunk of list.chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  // The arrays of the list have room for all tiles.
  return { facts, bytes, tiles: { header, numbers: list.numbers.slice(), lengths: list.lengths.slice() } };
}
