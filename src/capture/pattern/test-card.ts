// Draws the test card of the pattern source: colour bars, ramps, fine lines, a second hand and a bouncing ball.

import type { Size } from "../../core/pixel-format.ts";

/** The colour bars of 75 % in the order of SMPTE EG 1, as RGB. */
const BARS = [0xbfbfbf, 0xbfbf00, 0x00bfbf, 0x00bf00, 0xbf00bf, 0xbf0000, 0x0000bf] as const;

/** The colours of the moving band by their grey. A table is several times as fast as mixing each pixel. */
const BAND = Uint32Array.from({ length: 256 }, (_, grey) => rgb(grey, grey * 0.9, 255 - grey));

/** Draws frames of one size. The still part is drawn once, and the moving part for each frame. */
export class TestCard {
  readonly #size: Size;
  readonly #still: Uint32Array;

  constructor(size: Size) {
    this.#size = size;
    this.#still = drawStillPart(size);
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
      const moved = [...before.map((time) => this.#ballAt(time)), this.#clock];
      for (const { x, y, radius } of moved) this.#drawStillPart(pixels, x, y, radius);
    }
    this.#drawBall(pixels, seconds);
    this.#drawSecondHand(pixels, seconds);
    this.#drawMovingTexture(pixels, seconds);
  }

  /** Draws the still part of the card in a square around a place. */
  #drawStillPart(pixels: Uint32Array, x: number, y: number, radius: number): void {
    const { width, height } = this.#size;
    const left = Math.max(0, x - radius - 2);
    const right = Math.min(width, x + radius + 3);
    for (let row = Math.max(0, y - radius); row <= Math.min(height - 1, y + radius); row++) {
      pixels.set(this.#still.subarray(row * width + left, row * width + right), row * width + left);
    }
  }

  #ballAt(seconds: number): { x: number; y: number; radius: number } {
    const { width, height } = this.#size;
    const radius = Math.max(2, Math.floor(height / 12));
    const x = Math.round(radius + (width - 2 * radius - 1) * bounce(seconds / 3));
    const y = Math.round(radius + (height * 0.62 - 2 * radius) * bounce(seconds / 1.7));
    return { x, y, radius };
  }

  #drawBall(pixels: Uint32Array, seconds: number): void {
    const { width } = this.#size;
    const { x, y, radius } = this.#ballAt(seconds);
    for (let dy = -radius; dy <= radius; dy++) {
      const half = Math.floor(Math.sqrt(radius * radius - dy * dy));
      const row = (y + dy) * width;
      pixels.fill(
        dy < 0 ? rgb(250, 250, 250) : rgb(240, 120, 30),
        row + Math.max(0, x - half),
        row + Math.min(width, x + half + 1),
      );
    }
  }

  /** The circle in which the second hand moves. */
  get #clock(): { x: number; y: number; radius: number } {
    const { width, height } = this.#size;
    const radius = Math.floor(Math.min(width * 0.1, height * 0.14));
    return { x: Math.floor(width * 0.88), y: Math.floor(height * 0.82), radius };
  }

  #drawSecondHand(pixels: Uint32Array, seconds: number): void {
    const { width } = this.#size;
    const { x: centreX, y: centreY, radius } = this.#clock;
    const angle = seconds * 2 * Math.PI;
    for (let r = 0; r < radius; r += 0.5) {
      const x = Math.round(centreX + Math.sin(angle) * r);
      const y = Math.round(centreY - Math.cos(angle) * r);
      pixels.fill(rgb(255, 255, 255), y * width + x - 1, y * width + x + 2);
    }
  }

  /** Draws a moving band of fine detail, so that a part of each picture is new and hard to compress. */
  #drawMovingTexture(pixels: Uint32Array, seconds: number): void {
    const { width, height } = this.#size;
    const top = Math.floor(height * 0.62);
    const bottom = Math.floor(height * 0.68);
    const shift = Math.floor(seconds * width * 0.25);
    const fine = wave(width, shift, 0.11);
    const coarse = wave(width, shift, 0.031);
    for (let y = top; y < bottom; y++) {
      // sin(u + v) = sin(u) · cos(v) + cos(u) · sin(v). So a frame needs some thousand sines, and not two for each pixel.
      const [fineSin, fineCos] = [70 * Math.sin(y * 0.3), 70 * Math.cos(y * 0.3)];
      const [coarseSin, coarseCos] = [40 * Math.sin(y * -0.7), 40 * Math.cos(y * -0.7)];
      for (let x = 0; x < width; x++) {
        const fineGrey = (fine.sin[x] as number) * fineCos + (fine.cos[x] as number) * fineSin;
        const grey = 128 + fineGrey + (coarse.sin[x] as number) * coarseCos + (coarse.cos[x] as number) * coarseSin;
        pixels[y * width + x] = BAND[grey | 0] as number;
      }
    }
  }
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

/** Returns the sine and cosine of `(x + shift) * frequency` for each column. */
function wave(width: number, shift: number, frequency: number): { sin: Float64Array; cos: Float64Array } {
  const sin = new Float64Array(width);
  const cos = new Float64Array(width);
  for (let x = 0; x < width; x++) {
    sin[x] = Math.sin((x + shift) * frequency);
    cos[x] = Math.cos((x + shift) * frequency);
  }
  return { sin, cos };
}

/** Returns a triangle wave: 0 → 1 → 0 while `t` goes from 0 to 2. */
function bounce(t: number): number {
  return 1 - Math.abs((t % 2) - 1);
}

/** Returns an opaque RGBA pixel as a little-endian word. */
function rgb(r: number, g: number, b: number): number {
  return (0xff000000 | (b << 16) | ((g & 255) << 8) | (r & 255)) >>> 0;
}
