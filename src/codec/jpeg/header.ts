// Reads a JPEG's header from its markers, without decoding the picture (ITU-T T.81, annex B).

import { CodecError } from "../../core/errors.ts";
import { isUsableSize, type Size } from "../../core/pixel-format.ts";
import {
  checkDecodable,
  checkKind,
  type FrameKind,
  isFrameHeader,
  isSequentialHuffman,
  UnsupportedJpegError,
} from "./frame-kind.ts";

const SOI = 0xd8;
const EOI = 0xd9;
/** The second byte of the marker before a scan (T.81 table B.1). */
export const SOS = 0xda;
const DQT = 0xdb;
/** The second byte of the marker that defines the restart interval (T.81 table B.1). */
export const DRI = 0xdd;
const TEM = 0x01;
const DHP = 0xde;

/** The facts in a JPEG's header, which is the part before the first entropy-coded byte. */
export interface JpegHeader extends Size {
  kind: FrameKind;
  /**
   * Whether the JPEG is sequential and Huffman-coded, and not progressive, lossless or arithmetic-coded. Cameras make such JPEGs.
   */
  isSequential: boolean;
  /** The number of MCUs between two restart markers, or 0 if there are no restart markers. */
  restartIntervalMcus: number;
  /** The offset of the SOS marker's FF. */
  scanAt: number;
  /** The offset of the first entropy-coded byte. */
  dataAt: number;
}

/** A marker with its segment. `at` is the offset of the marker's FF, and `end` is the offset after the segment. */
export interface Segment {
  marker: number;
  at: number;
  end: number;
}

function twoBytes(jpeg: Uint8Array, at: number): number {
  return ((jpeg[at] as number) << 8) | (jpeg[at + 1] as number);
}

/**
 * Yields the segments from SOI up to and including the first SOS, or up to the end of the bytes. Markers without a segment are
 * skipped. Throws CodecError if the bytes are not a JPEG or a marker is missing.
 */
export function* headerSegments(jpeg: Uint8Array): Generator<Segment, void, void> {
  if (jpeg[0] !== 0xff || jpeg[1] !== SOI) throw new CodecError("not a JPEG: it does not begin with SOI (FF D8)");
  let at = 2;
  while (at + 4 <= jpeg.length) {
    if (jpeg[at] !== 0xff) throw new CodecError(`broken JPEG: there is no marker at byte ${at}`);
    const marker = jpeg[at + 1] as number;
    if (marker === 0xff) {
      at++; // Any number of fill bytes may precede a marker (T.81 B.1.1.2).
      continue;
    }
    if (marker === TEM || (marker >= 0xd0 && marker <= 0xd7)) {
      at += 2;
      continue;
    }
    if (marker === EOI) return;
    const end = at + 2 + twoBytes(jpeg, at + 2);
    yield { marker, at, end };
    if (marker === SOS) return;
    at = end;
  }
}

/** Reads the width and height of a JPEG. Throws CodecError if the bytes are not a JPEG or the size cannot be used. */
export function readJpegSize(jpeg: Uint8Array): Size {
  for (const { marker, at } of headerSegments(jpeg)) {
    if (marker === SOS) break;
    if (isFrameHeader(marker) && at + 9 <= jpeg.length) return sizeOf(jpeg, at);
  }
  throw new CodecError("broken JPEG: it ends before its frame header (SOF)");
}

/**
 * Reads the whole header. Throws CodecError like `readJpegSize`, and also if no scan follows the header. Throws
 * UnsupportedJpegError for a kind that is not decoded.
 */
export function readJpegHeader(jpeg: Uint8Array): JpegHeader {
  let frame: { size: Size; kind: FrameKind } | null = null;
  let isHierarchical = false;
  let restartIntervalMcus = 0;
  for (const { marker, at, end } of headerSegments(jpeg)) {
    if (marker === DHP) isHierarchical = true;
    if (isFrameHeader(marker) && frame === null && at + 10 <= jpeg.length) {
      const kind = {
        marker,
        precisionBits: jpeg[at + 4] as number,
        components: jpeg[at + 9] as number,
        isHierarchical,
      };
      checkKind(kind);
      const size = sizeOf(jpeg, at);
      checkDecodable(kind, size);
      frame = { size, kind };
    }
    if (marker === DRI && at + 6 <= jpeg.length) restartIntervalMcus = twoBytes(jpeg, at + 4);
    if (marker !== SOS) continue;
    if (frame === null || end >= jpeg.length) break;
    const { size, kind } = frame;
    return {
      ...size,
      kind,
      isSequential: isSequentialHuffman(kind),
      restartIntervalMcus,
      scanAt: at,
      dataAt: end,
    };
  }
  throw new CodecError(`broken JPEG: it ends before its ${frame === null ? "frame header (SOF)" : "scan (SOS)"}`);
}

function sizeOf(jpeg: Uint8Array, at: number): Size {
  const height = twoBytes(jpeg, at + 5);
  const width = twoBytes(jpeg, at + 7);
  if (height === 0 && width > 0) throw new UnsupportedJpegError("JPEG whose height follows its scan (DNL)"); // T.81 B.2.5
  if (width === 0) throw new CodecError(`broken JPEG: its size is ${width}x${height}`);
  if (!isUsableSize(width, height)) throw new UnsupportedJpegError(`JPEG of ${width}x${height} pixels`);
  return { width, height };
}

/**
 * Returns whether an EOI follows the header. Cameras may put other bytes after EOI. Without EOI the end of the picture is
 * missing. Entropy-coded bytes never look like an EOI (T.81 B.1.1.5).
 */
export function hasEnd(jpeg: Uint8Array, { dataAt }: JpegHeader): boolean {
  for (let at = jpeg.lastIndexOf(EOI); at > dataAt; at = jpeg.lastIndexOf(EOI, at - 1)) {
    if (jpeg[at - 1] === 0xff) return true;
  }
  return false;
}

/** The sum of the factors in T.81 table K.1. libjpeg uses this table unchanged for quality 50. */
const LUMINANCE_SUM = 3688;

/**
 * Estimates the quality (1 to 100, libjpeg's scale) from the quantisation table of the first component. Returns null if there is
 * no table. The factors of the table may have 8 or 16 bits, because extended sequential JPEGs may write small factors with 16
 * bits (T.81 B.2.4.1).
 */
export function estimateQuality(jpeg: Uint8Array): number | null {
  const sums = new Map<number, number>();
  let table = 0;
  for (const { marker, at, end } of headerSegments(jpeg)) {
    if (marker === DQT) addTableSums(jpeg.subarray(at + 4, end), sums);
    if (isFrameHeader(marker) && at + 13 <= jpeg.length) table = jpeg[at + 12] as number;
  }
  const sum = sums.get(table);
  if (sum === undefined) return null;
  const percent = (100 * sum) / LUMINANCE_SUM;
  // This is the inverse of jpeg_quality_scaling in libjpeg's jcparam.c.
  const quality = percent > 100 ? 5000 / percent : 100 - percent / 2;
  return Math.min(100, Math.max(1, Math.round(quality)));
}

/** Adds the sum of each table of a DQT segment, by the table's number. */
function addTableSums(segment: Uint8Array, sums: Map<number, number>): void {
  const view = new DataView(segment.buffer, segment.byteOffset, segment.length);
  for (let at = 0; at < segment.length;) {
    const head = segment[at] as number;
    const factorBytes = head >> 4 === 0 ? 1 : 2;
    const next = at + 1 + 64 * factorBytes;
    if (next > segment.length) return;
    let sum = 0;
    for (let from = at + 1; from < next; from += factorBytes) {
      sum += factorBytes === 1 ? view.getUint8(from) : view.getUint16(from);
    }
    sums.set(head & 15, sum);
    at = next;
  }
}
