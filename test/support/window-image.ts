// Takes pictures of windows with xwd, which starts in a tenth of the time of ffmpeg's x11grab.

import type { Size } from "../../src/core/pixel-format.ts";

/** The pixels of a window, as RGBA. */
export interface WindowImage extends Size {
  rgba: Uint8Array;
}

// Positions of fields in the header of an X Window Dump, in bytes (X11/XWDFile.h). All fields have 32 bits, with the highest byte first.
const HEADER_BYTES_AT = 0;
const WIDTH_AT = 16;
const HEIGHT_AT = 20;
const LINE_BYTES_AT = 48;
const COLOURS_AT = 76;
/** The length of a colour of the colour table, which follows the header. */
const COLOUR_BYTES = 12;

/** Returns the picture of a window. Returns null if the window cannot be read, for example because it is hidden. */
export function imageOf(display: string, window: string): WindowImage | null {
  const command = ["xwd", "-silent", "-display", display, "-id", window];
  const { stdout, success } = Bun.spawnSync(command, { stderr: "ignore" });
  return success ? parseXwd(stdout) : null;
}

/** Converts a dump with 4 bytes a pixel, in the order blue, green, red of a display with 24 bits of colour. */
function parseXwd(dump: Buffer): WindowImage {
  const width = dump.readUInt32BE(WIDTH_AT);
  const height = dump.readUInt32BE(HEIGHT_AT);
  const lineBytes = dump.readUInt32BE(LINE_BYTES_AT);
  const start = dump.readUInt32BE(HEADER_BYTES_AT) + COLOUR_BYTES * dump.readUInt32BE(COLOURS_AT);
  const rgba = new Uint8Array(width * height * 4);
  for (let y = 0, to = 0; y < height; y++) {
    for (let from = start + y * lineBytes; to < (y + 1) * width * 4; from += 4, to += 4) {
      rgba[to] = dump[from + 2] ?? 0;
      rgba[to + 1] = dump[from + 1] ?? 0;
      rgba[to + 2] = dump[from] ?? 0;
      rgba[to + 3] = 255;
    }
  }
  return { width, height, rgba };
}
