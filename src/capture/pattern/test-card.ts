// Draws the test card of the pattern source: colour bars, ramps, fine lines, a second hand and a bouncing ball.

import type { Size } from "../../core/pixel-format.ts";

/** The colour bars of 75 % in the order of SMPTE EG 1, as RGB. */
const BARS = [0xbfbfbf, 0xbfbf00, 0x00bfbf, 0x00bf00, 0xbf00bf, 0xbf0000, 0x0000bf] as const;

/**
 * The columns after which the moving band repeats. Both waves have a whole number of periods in them, so a frame copies its rows from a
 * band that is drawn once.
 */
const BAND_PERIOD = 1024;
const WHITE = rgb(255, 255, 255);

/** Draws frames of one size. The still part is drawn once, and the moving part for each frame. */
export class TestCard {
  readonly #size: Size;
  readonly #still: Uint32Array;
  /** The rows of the moving band, each BAND_PERIOD pixels longer than those of the picture. */
  readonly #band: Uint32Array;

  constructor(size: Size) {
    this.#size = size;
    this.#still = drawStillPart(size);
    this.#band = drawBand(size);
  }

  /**
   * Draws the picture at `seconds` after the start into RGBA pixels. If they have parts of earlier pictures of this card, `before` are
   * the times of these pictures. Then only the parts that move are drawn, which takes a tenth of the time.
   */
  draw(rgba: Uint8Array, seconds: number, before: readonly number[] | null = null): void {
    const { width, height } = this.#size;
    const pixels = new Uint32Array(rgba.buffer, rgba.byteOffset, width * height);
    if (before === null) pixels.set(this.#still);
    else {
      for (const time of before) {
        this.#eraseBall(pixels, time);
        this.#drawSecondHand(pixels, time, this.#still);
      }
    }
    this.#drawBall(pixels, seconds);
    this.#drawSecondHand(pixels, seconds, null);
    this.#drawMovingBand(pixels, seconds);
  }

  /** The ball's rows: the first pixel of each, the pixel after its end, and whether it is in the upper half. */
  *#ballRows(seconds: number): Iterable<[start: number, end: number, isUpper: boolean]> {
    const { width, height } = this.#size;
    const radius = Math.max(2, Math.floor(height / 12));
    const x = Math.round(radius + (width - 2 * radius - 1) * bounce(seconds / 3));
    const y = Math.round(radius + (height * 0.62 - 2 * radius) * bounce(seconds / 1.7));
    for (let dy = -radius; dy <= radius; dy++) {
      const half = Math.floor(Math.sqrt(radius * radius - dy * dy));
      const row = (y + dy) * width;
      yield [row + Math.max(0, x - half), row + Math.min(width, x + half + 1), dy < 0];
    }
  }

  #eraseBall(pixels: Uint32Array, seconds: number): void {
    for (const [start, end] of this.#ballRows(seconds)) pixels.set(this.#still.subarray(start, end), start);
  }

  #drawBall(pixels: Uint32Array, seconds: number): void {
    for (const [start, end, isUpper] of this.#ballRows(seconds))
      pixels.fill(isUpper ? rgb(250, 250, 250) : rgb(240, 120, 30), start, end);
  }

  /** Draws the second hand with the pixels of another picture, or in white. */
  #drawSecondHand(pixels: Uint32Array, seconds: number, picture: Uint32Array | null): void {
    const { width, height } = this.#size;
    const radius = Math.floor(Math.min(width * 0.1, height * 0.14));
    const centreX = Math.floor(width * 0.88);
    const centreY = Math.floor(height * 0.82);
    const angle = seconds * 2 * Math.PI;
    for (let r = 0; r < radius; r += 0.5) {
      const x = Math.round(centreX + Math.sin(angle) * r);
      const y = Math.round(centreY - Math.cos(angle) * r);
      const middle = y * width + x;
      for (let at = middle - 1; at <= middle + 1; at++) pixels[at] = picture === null ? WHITE : (picture[at] as number);
    }
  }

  /** Draws a moving band of fine detail, so that a part of each picture is new and hard to compress. */
  #drawMovingBand(pixels: Uint32Array, seconds: number): void {
    const { width, height } = this.#size;
    const shift = Math.floor(seconds * width * 0.25) % BAND_PERIOD;
    const { top, bottom } = bandRows(height);
    for (let y = top; y < bottom; y++) {
      const start = (y - top) * (width + BAND_PERIOD) + shift;
      pixels.set(this.#band.subarray(start, start + width), y * width);
    }
  }
}

function bandRows(height: number): { top: number; bottom: number } {
  return { top: Math.floor(height * 0.62), bottom: Math.floor(height * 0.68) };
}

function drawBand({ width, height }: Size): Uint32Array {
  const { top, bottom } = bandRows(height);
  const columns = width + BAND_PERIOD;
  const pixels = new Uint32Array(columns * (bottom - top));
  const turn = (2 * Math.PI) / BAND_PERIOD;
  for (let y = top; y < bottom; y++) {
    const row = (y - top) * columns;
    for (let x = 0; x < BAND_PERIOD; x++) {
      const grey = Math.trunc(128 + 70 * Math.sin(18 * turn * x + y * 0.3) + 40 * Math.sin(5 * turn * x - y * 0.7));
      pixels[row + x] = rgb(grey, grey * 0.9, 255 - grey);
    }
    for (let x = BAND_PERIOD; x < columns; x++) pixels[row + x] = pixels[row + x - BAND_PERIOD] as number;
  }
  return pixels;
}

function drawStillPart({ width, height }: Size): Uint32Array {
  const pixels = new Uint32Array(width * height);
  const barsEnd = Math.floor(height * 0.5);
  const rampEnd = Math.floor(height * 0.62);
  const bandEnd = Math.floor(height * 0.68);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let colour: number;
      if (y < barsEnd) {
        const bar = BARS[Math.floor((x * BARS.length) / width)] as number;
        colour = rgb(bar >> 16, (bar >> 8) & 255, bar & 255);
      } else if (y < rampEnd) {
        const grey = Math.floor((x * 256) / width);
        colour = rgb(grey, grey, grey);
      } else if (y >= bandEnd && x > width * 0.55 && x < width * 0.72) {
        colour = ((x ^ y) >> 1) & 1 ? rgb(220, 220, 220) : rgb(40, 40, 40); // show scaling and smoothing
      } else {
        colour = rgb(32, 36, 48);
      }
      pixels[y * width + x] = colour;
    }
  }
  return pixels;
}

/** Returns a triangle wave: 0 → 1 → 0 while `t` goes from 0 to 2. */
function bounce(t: number): number {
  return 1 - Math.abs((t % 2) - 1);
}

/** Returns an opaque RGBA pixel as a little-endian word. */
function rgb(r: number, g: number, b: number): number {
  return (0xff000000 | (b << 16) | ((g & 255) << 8) | (r & 255)) >>> 0;
}
