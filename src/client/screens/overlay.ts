// Draws text and a box into a picture and restores the pixels afterwards.

import type { ShareBox } from "../../core/motion.ts";
import type { Size } from "../../core/pixel-format.ts";
import type { Rectangle } from "../../core/rectangle.ts";
import { GLYPH_HEIGHT, GLYPH_WIDTH, isInk } from "./font.ts";

export interface Overlay {
  /** Lines of figures in the top left corner. */
  lines: readonly string[];
  /** A warning across the middle, for example that the picture is old or paused. */
  alarm: string | null;
  /** The box around what moves, in shares of the picture. Null or undefined if nothing does. */
  box?: ShareBox | null;
}

export const NO_OVERLAY: Overlay = { lines: [], alarm: null };

/** RGBA pixels, rows of 4 · width bytes. */
export interface RgbaPicture extends Size {
  pixels: Uint8Array;
}

const WHITE = 0xffffffff;
const ALARM_RED = 0xff2020d0; // a little-endian RGBA word, like the picture's pixels
/** The colours of the frame of a box, from outside to inside: one of them is seen on any picture. */
const BOX_COLOURS = [0xff000000, 0xff00d8ff];
const LINE_HEIGHT = GLYPH_HEIGHT + 3;
const ADVANCE = GLYPH_WIDTH + 1;

/**
 * Draws the overlay, and returns a function that restores the pixels under it. Until that function is called, no other code may
 * use the picture. Text that does not fit is cut at the edge of the picture.
 */
export function drawOverlay(picture: RgbaPicture, overlay: Overlay): () => void {
  const pixels = new Uint32Array(picture.pixels.buffer, picture.pixels.byteOffset, picture.width * picture.height);
  const restores: (() => void)[] = [];
  if (overlay.box) {
    const scale = Math.max(1, Math.round(picture.height / 240));
    for (const [index, colour] of BOX_COLOURS.entries()) {
      for (const edge of edgesOf(boxIn(picture, overlay.box), index * scale, scale)) {
        const strip = within(picture, edge);
        restores.push(saveUnder(pixels, picture.width, strip));
        fill(pixels, picture.width, strip, colour);
      }
    }
  }
  if (overlay.lines.length > 0) {
    const scale = Math.max(1, Math.round(picture.height / 400));
    const box = boxFor(picture, overlay.lines, scale, 4 * scale, 4 * scale);
    restores.push(saveUnder(pixels, picture.width, box));
    darken(pixels, picture.width, box);
    writeLines(pixels, picture, box, overlay.lines, scale);
  }
  if (overlay.alarm !== null) {
    const scale = Math.max(1, Math.round(picture.height / 240));
    const longest = Math.max(1, Math.floor((picture.width / scale - 6) / ADVANCE));
    const lines = wrap(overlay.alarm, longest);
    const { width, height } = boxFor(picture, lines, scale, 0, 0);
    const x = Math.max(0, (picture.width - width) >> 1);
    const y = Math.max(0, (picture.height - height) >> 1);
    const box = { x, y, width, height };
    restores.push(saveUnder(pixels, picture.width, box));
    fill(pixels, picture.width, box, ALARM_RED);
    writeLines(pixels, picture, box, lines, scale);
  }
  return () => {
    for (const restore of restores.toReversed()) restore();
  };
}

/** Returns the pixels of a box in shares of the picture. */
function boxIn(picture: Size, box: ShareBox): Rectangle {
  const x = Math.floor(box.x * picture.width);
  const y = Math.floor(box.y * picture.height);
  const right = Math.ceil((box.x + box.width) * picture.width);
  const bottom = Math.ceil((box.y + box.height) * picture.height);
  return { x, y, width: right - x, height: bottom - y };
}

/** Returns the four edges of a frame of this thickness, which is `inset` pixels inside the box. */
function edgesOf({ x, y, width, height }: Rectangle, inset: number, thickness: number): Rectangle[] {
  const [left, top, wide, high] = [x + inset, y + inset, width - 2 * inset, height - 2 * inset];
  return [
    { x: left, y: top, width: wide, height: thickness },
    { x: left, y: top + high - thickness, width: wide, height: thickness },
    { x: left, y: top, width: thickness, height: high },
    { x: left + wide - thickness, y: top, width: thickness, height: high },
  ];
}

/** Returns the part of a rectangle that is inside the picture. */
function within(picture: Size, { x, y, width, height }: Rectangle): Rectangle {
  const [left, top] = [Math.max(0, x), Math.max(0, y)];
  const right = Math.max(left, Math.min(picture.width, x + width));
  const bottom = Math.max(top, Math.min(picture.height, y + height));
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** Breaks a text into lines of at most `longest` characters, between words if possible. */
function wrap(text: string, longest: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (longer.length <= longest) {
      line = longer;
    } else {
      if (line !== "") lines.push(line);
      line = word.slice(0, longest);
    }
  }
  return [...lines, line];
}

function boxFor(size: Size, lines: readonly string[], scale: number, x: number, y: number): Rectangle {
  const columns = Math.max(...lines.map((line) => line.length));
  const width = (columns * ADVANCE + 5) * scale;
  const height = (lines.length * LINE_HEIGHT + 3) * scale;
  return { x, y, width: Math.min(width, size.width - x), height: Math.min(height, size.height - y) };
}

/** Copies the pixels one by one into one array, because strips are narrow, and an array for each row costs more. */
function saveUnder(pixels: Uint32Array, stride: number, box: Rectangle): () => void {
  const { x, y, width, height } = box;
  if (width <= 0 || height <= 0) return () => undefined;
  const saved = new Uint32Array(width * height);
  for (let row = 0, to = 0; row < height; row++) {
    for (let from = (y + row) * stride + x, end = from + width; from < end;) saved[to++] = pixels[from++] as number;
  }
  return () => {
    for (let row = 0, from = 0; row < height; row++) {
      for (let to = (y + row) * stride + x, end = to + width; to < end;) pixels[to++] = saved[from++] as number;
    }
  };
}

function fill(pixels: Uint32Array, stride: number, { x, y, width, height }: Rectangle, colour: number): void {
  for (let row = y; row < y + height; row++) pixels.fill(colour, row * stride + x, row * stride + x + width);
}

/** Makes the brightness a quarter, so that white text is readable. */
function darken(pixels: Uint32Array, stride: number, { x, y, width, height }: Rectangle): void {
  for (let row = y; row < y + height; row++) {
    for (let at = row * stride + x; at < row * stride + x + width; at++) {
      pixels[at] = (((pixels[at] as number) >>> 2) & 0x3f3f3f3f) | 0xff000000;
    }
  }
}

function writeLines(pixels: Uint32Array, size: Size, box: Rectangle, lines: readonly string[], scale: number): void {
  for (const [index, line] of lines.entries()) {
    for (const [position, character] of [...line].entries()) {
      const left = box.x + (3 + position * ADVANCE) * scale;
      const top = box.y + (3 + index * LINE_HEIGHT) * scale;
      writeCharacter(pixels, size, box, character, left, top, scale);
    }
  }
}

function writeCharacter(
  pixels: Uint32Array,
  size: Size,
  box: Rectangle,
  character: string,
  left: number,
  top: number,
  scale: number,
): void {
  const right = Math.min(box.x + box.width, size.width);
  const bottom = Math.min(box.y + box.height, size.height);
  for (let y = 0; y < GLYPH_HEIGHT * scale && top + y < bottom; y++) {
    for (let x = 0; x < GLYPH_WIDTH * scale && left + x < right; x++) {
      if (isInk(character, Math.floor(x / scale), Math.floor(y / scale))) {
        pixels[(top + y) * size.width + left + x] = WHITE;
      }
    }
  }
}
