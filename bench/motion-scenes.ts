// Scenes for `bench motion`: a still picture of real footage with sensor noise, into which known things are drawn.

import { CLIP_SIZE, footageFrames } from "./footage.ts";
import { randomSequence } from "../test/support/generated-pictures.ts";
import { addNoise } from "./sensor-noise.ts";

export const FRAMES_PER_SECOND = 30;
const { width: WIDTH, height: HEIGHT } = CLIP_SIZE;
const LUMA = WIDTH * HEIGHT;

/** Changes the clean picture of a frame. `second` counts from the beginning of the scene. */
export type Draw = (picture: Uint8Array, second: number) => void;

/** Makes frames (yuvj420p) of a still picture with noise. */
export class NoisyStill {
  readonly #still: Uint8Array;
  readonly #picture: Uint8Array;
  /** Noise that is longer than a frame. Each frame takes it from another place on. */
  readonly #noise: Int8Array;
  readonly #frame: Uint8ClampedArray;
  readonly #random: () => number;

  constructor(sigma: number, seed: number) {
    const [still] = footageFrames(CLIP_SIZE, 1, "yuvj420p");
    if (still === undefined) throw new Error("the footage has no frame");
    this.#still = still;
    this.#picture = still.slice();
    this.#frame = new Uint8ClampedArray(still.length);
    this.#random = randomSequence(seed + 1);
    this.#noise = Int8Array.from(
      addNoise(new Uint8Array(4 * still.length).fill(128), sigma, seed),
      (level) => level - 128,
    );
  }

  /** Returns the next frame. It is valid until the next call. */
  next(draw: Draw, second: number): Uint8ClampedArray {
    this.#picture.set(this.#still);
    draw(this.#picture, second);
    const frame = this.#frame;
    const from = Math.floor(this.#random() * (this.#noise.length - frame.length));
    for (let at = 0; at < frame.length; at++) {
      frame[at] = (this.#picture[at] as number) + (this.#noise[from + at] as number);
    }
    return frame;
  }
}

/** A time at which something moves, in seconds. */
export interface Appearance {
  from: number;
  to: number;
}

/** An object of a share of the picture, twice as high as wide, crosses a part of the picture now and then. */
export function objects(share: number, times: readonly Appearance[], seed: number): Draw {
  const width = Math.round(Math.sqrt((share * LUMA) / 2));
  const height = 2 * width;
  const random = randomSequence(seed + 1);
  const ways = times.map(() => ({ top: random() * (HEIGHT - height), left: random() * (WIDTH / 2 - width) }));
  return (picture, second) => {
    const index = times.findIndex(({ from, to }) => second >= from && second < to);
    const way = ways[index];
    if (way === undefined) return;
    // A person at this size walks its own width in a third of a second.
    const x = Math.round(way.left + (second - (times[index] as Appearance).from) * Math.min(3 * width, WIDTH / 8));
    shift(picture, x, Math.round(way.top), width, height, 40);
  };
}

/** A light is switched every few seconds, and the exposure follows for half a second. */
export function lightSteps(everySeconds: number): Draw {
  return (picture, second) => {
    const step = Math.floor(second / everySeconds);
    if (step === 0) return;
    const since = second - step * everySeconds;
    const settled = step % 2 === 1 ? 1.1 : 1;
    const sudden = step % 2 === 1 ? 1.4 : 0.75;
    const gain = settled + (sudden - settled) * Math.max(0, 1 - since / 0.5);
    for (let at = 0; at < LUMA; at++) picture[at] = Math.min(255, (picture[at] as number) * gain);
  };
}

/** Streaks of rain, at other places in each frame. */
export function rain(streaks: number, seed: number): Draw {
  const random = randomSequence(seed + 1);
  return (picture) => {
    for (let streak = 0; streak < streaks; streak++) {
      const length = 10 + random() * 15;
      shift(picture, Math.floor(random() * WIDTH), Math.floor(random() * (HEIGHT - length)), 1, length, 50);
    }
  };
}

/** A screen of 4 % of the picture that shows another brightness in each frame. */
export function screen(seed: number): Draw {
  const random = randomSequence(seed + 1);
  return (picture) => shift(picture, 500, 100, 160, 110, 80 * random());
}

/** Adds a brightness to a rectangle. */
function shift(picture: Uint8Array, left: number, top: number, width: number, height: number, levels: number): void {
  const lastRow = Math.min(HEIGHT, top + height);
  const lastColumn = Math.min(WIDTH, left + width);
  for (let y = Math.max(0, top); y < lastRow; y++) {
    for (let at = y * WIDTH + Math.max(0, left); at < y * WIDTH + lastColumn; at++) {
      picture[at] = Math.min(255, (picture[at] as number) + levels);
    }
  }
}
