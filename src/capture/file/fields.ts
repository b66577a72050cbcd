// Two fields of interlaced video in one packet: each is a JPEG with every second line of the frame.

import { headerSegments, readJpegSize } from "../../codec/jpeg/header.ts";
import { CodecError } from "../../core/errors.ts";

/** The lines of the first field: the first, third, fifth … (`top`), or the second, fourth, sixth … (`bottom`), or unknown. */
export type FieldOrder = "top" | "bottom" | "unknown";

const APP0 = 0xe0;

/**
 * Returns the order of the fields of a packet; null when the packet is no pair of fields. `first` is its first JPEG, `packetBytes`
 * the length of the packet, and `frameHeight` what the container says; 0 when it says none.
 *
 * A field is much lower than the frame, by ffmpeg's own measure (mjpegdec.c), and another one follows it. Microsoft's segment `AVI1`
 * says whether it has the odd lines (1) or the even ones (2), counted from 1. Files that say so falsely have one JPEG in a packet.
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
 * Options for ffmpeg's input. Left alone, ffmpeg takes all AVI files for bottom first, by the tag of their codec, whatever their
 * JPEGs say (mjpeg_decode_init).
 */
export function fieldOrderArguments(order: FieldOrder | null): string[] {
  if (order === null || order === "unknown") return [];
  return ["-tag:v", "mjpg", ...(order === "bottom" ? ["-field_order", "bb"] : [])];
}
