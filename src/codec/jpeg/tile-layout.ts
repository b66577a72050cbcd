// Reads from a JPEG header into how many tiles (restart intervals) its scan is divided, without decoding the picture.

import { CodecError } from "../../core/errors.ts";
import type { Size } from "../../core/pixel-format.ts";
import { isFrameHeader, isSequentialHuffman } from "./frame-kind.ts";
import { DRI, headerSegments, SOS } from "./header.ts";

/** The tiles of a picture. */
export interface TileLayout extends Size {
  /** The number of tiles. A picture without restart markers is one tile. */
  tiles: number;
  /** The number of pixels of the largest tile. */
  tilePixels: number;
}

/** Reads a header from SOI to SOS. Throws CodecError if a marker is missing, or for a picture of several scans or another process. */
export function readTileLayout(header: Uint8Array): TileLayout {
  const view = new DataView(header.buffer, header.byteOffset, header.length);
  let frame: (Size & { mcuWidth: number; mcuHeight: number; components: number }) | null = null;
  let interval = 0;
  for (const { marker, at, end } of headerSegments(header)) {
    if (end > header.length) break;
    if (isFrameHeader(marker)) {
      if (!isSequentialHuffman({ marker }))
        throw new CodecError("the JPEG is not sequential and Huffman-coded, so it has no tiles");
      frame = readFrame(view, at, end);
    }
    if (marker === DRI) {
      if (end < at + 6) throw new CodecError("broken JPEG header: its restart interval (DRI) is too short");
      interval = view.getUint16(at + 4);
    }
    if (marker !== SOS) continue;
    if (frame === null) break;
    const { width, height, mcuWidth, mcuHeight, components } = frame;
    if (end < header.length) throw new CodecError("the JPEG header has bytes after its scan header (SOS)");
    if (header[at + 4] !== components) throw new CodecError("the JPEG has several scans, so it has no tiles");
    const mcus = Math.ceil(width / mcuWidth) * Math.ceil(height / mcuHeight);
    const tileMcus = interval === 0 ? mcus : Math.min(interval, mcus);
    return { width, height, tiles: Math.ceil(mcus / tileMcus), tilePixels: tileMcus * mcuWidth * mcuHeight };
  }
  throw new CodecError("broken JPEG header: it ends before its scan (SOS)");
}

/** Reads a frame header (T.81 B.2.2). */
function readFrame(view: DataView, at: number, end: number) {
  const components = end < at + 10 ? 0 : view.getUint8(at + 9);
  if (components === 0 || at + 10 + 3 * components > end)
    throw new CodecError("broken JPEG header: its frame header (SOF) is too short");
  let [across, down] = [1, 1];
  for (let index = 0; index < components; index++) {
    const factors = view.getUint8(at + 11 + 3 * index);
    across = Math.max(across, factors >> 4);
    down = Math.max(down, factors & 15);
  }
  if (components === 1) [across, down] = [1, 1]; // the scan is not interleaved, and its MCU is one block (T.81 A.2.2)
  const [width, height] = [view.getUint16(at + 7), view.getUint16(at + 5)];
  if (width === 0 || height === 0) throw new CodecError(`broken JPEG header: its size is ${width}x${height}`);
  return { width, height, mcuWidth: 8 * across, mcuHeight: 8 * down, components };
}
