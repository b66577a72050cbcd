// Joins tiles to a JPEG file without encoding. The file has the header, the restart intervals with RST markers between them, and
// EOI.

/**
 * The end of a JPEG: two fill bytes (T.81 B.1.1.2) and EOI. ffmpeg does not count the stuffed bytes of a scan and looks for EOI
 * up to two bytes late. Without the fill bytes it reports an error for files without stuffed bytes.
 */
const END_OF_IMAGE: readonly number[] = [0xff, 0xff, 0xff, 0xd9];

/**
 * Returns an ordinary baseline JPEG. `header` is the part from SOI to SOS, with DRI. `tiles` are all tiles of the picture in
 * order, without RST markers. The function inserts RST0 to RST7 between them in turn (T.81 E.1.4).
 */
export function stitchTiles(header: Uint8Array, tiles: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const total = tiles.reduce((bytes, tile) => bytes + tile.length, 0);
  const jpeg = new Uint8Array(header.length + total + 2 * Math.max(0, tiles.length - 1) + END_OF_IMAGE.length);
  jpeg.set(header);
  let at = header.length;
  for (const [number, tile] of tiles.entries()) {
    if (number > 0) {
      jpeg[at++] = 0xff;
      jpeg[at++] = 0xd0 + ((number - 1) & 7);
    }
    jpeg.set(tile, at);
    at += tile.length;
  }
  jpeg.set(END_OF_IMAGE, at);
  return jpeg;
}

/** Splits bytes that contain tiles one after the other, by the lengths of the tiles. The results are views. */
export function cutTiles(bytes: Uint8Array, lengths: Uint32Array): Uint8Array[] {
  let at = 0;
  return Array.from(lengths, (length) => {
    at += length;
    return bytes.subarray(at - length, at);
  });
}
