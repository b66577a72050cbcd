// Detects packets that hold the two fields of an interlaced frame. Each field is a JPEG with every second line of the frame.

import { headerSegments, readJpegSize } from "../../codec/jpeg/header.ts";
import { CodecError } from "../../core/errors.ts";

/**
 * Tells which lines the first field has: the first, third, fifth … (`top`), the second, fourth, sixth … (`bottom`), or unknown.
 */
export type FieldOrder = "top" | "bottom" | "unknown";

const APP0 = 0xe0;

/**
 * Returns the order of the two fields in a packet, or null if the packet has no two fields. `first` is the first JPEG of the
 * packet, and `packetBytes` the length of the packet. `frameHeight` is the height that the container declares, or 0 if it
 * declares none.
 *
 * A field is much lower than the frame (the threshold is that of ffmpeg's mjpegdec.c), and a second field follows it. Microsoft's
 * segment `AVI1` says whether a field has the odd lines (1) or the even lines (2), counted from 1. The segment alone is not
 * enough, because some files have it in packets with a single JPEG.
 */
export function fieldOrderOf(first: Uint8Array, packetBytes: number, frameHeight: number): FieldOrder | null {
  if (frameHeight === 0 || packetBytes - first.length < first.length / 4) return null;
  try {
    if (readJpegSize(first).height >= 0.75 * frameHeight) return null;
    for (const { marker, at } of headerSegments(first)) {
      if (marker !== APP0 || String.fromCharCode(...first.subarray(at + 4, at + 8)) !== "AVI1") continue;
      const polarity = first[at + 8];
      return polarity === 1 ? "top" : polarity === 2 ? "bottom" : "unknown";
    }
    return "unknown";
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    return null; // The reader of the picture reports what is wrong with it.
  }
}

/**
 * Returns options for ffmpeg's input that set the order of the fields. Without them, ffmpeg infers "bottom field first" from the
 * codec tag of any AVI file, even if its JPEGs declare another order (mjpeg_decode_init).
 */
export function fieldOrderArguments(order: FieldOrder | null): string[] {
  if (order === null || order === "unknown") return [];
  return ["-tag:v", "mjpg", ...(order === "bottom" ? ["-field_order", "bb"] : [])];
}
