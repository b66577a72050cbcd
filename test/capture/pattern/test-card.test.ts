// The test card: its moving band is the sum of two waves, whose formula is here again.

import { expect, test } from "bun:test";
import { DrawnPlaces } from "../../../src/capture/pattern/drawn-places.ts";
import { TestCard } from "../../../src/capture/pattern/test-card.ts";
import { randomSequence } from "../../support/generated-pictures.ts";

/** The card truncates, so an error in the last digit of a sine may change a channel by 1. */
const ROUNDING = 1;

test("TestCard: the waves of the moving band match the time of the frame, in every row and column", () => {
  const { width, height } = { width: 400, height: 300 };
  const card = new TestCard({ width, height });
  const rgba = new Uint8Array(4 * width * height);
  for (const seconds of [0, 0.5, 12.34, 3600]) {
    card.draw(rgba, seconds);
    const shift = Math.floor(seconds * width * 0.25);
    let worst = 0;
    for (let y = Math.floor(height * 0.62); y < Math.floor(height * 0.68); y++) {
      for (let x = 0; x < width; x++) {
        const u = x + shift;
        const turn = (2 * Math.PI) / 1024; // The band repeats after 1024 columns.
        const grey = 128 + 70 * Math.sin(18 * turn * u + y * 0.3) + 40 * Math.sin(5 * turn * u - y * 0.7);
        const [red, green, blue] = rgba.subarray(4 * (y * width + x)) as unknown as [number, number, number];
        const errors = [red - Math.trunc(grey), green - Math.trunc(grey * 0.9), blue - Math.trunc(255 - grey)];
        worst = Math.max(worst, ...errors.map(Math.abs));
      }
    }
    expect(worst).toBeLessThanOrEqual(ROUNDING);
  }
});

test.each([
  { width: 1280, height: 720 },
  { width: 160, height: 16 },
  { width: 333, height: 201 },
  { width: 200, height: 1080 },
])("TestCard: what is drawn over an earlier picture equals a whole picture, $width × $height", ({ width, height }) => {
  const card = new TestCard({ width, height });
  const over = new Uint8Array(4 * width * height);
  card.draw(over, 0);
  let before = 0;
  for (const seconds of [0.033, 0.1, 0.7, 1.7, 2.99, 3, 5.1, 60.25, 3601.5]) {
    card.draw(over, seconds, [before]);
    before = seconds;
    const whole = new Uint8Array(over.length);
    card.draw(whole, seconds);
    expect(Buffer.compare(over, whole)).toBe(0);
  }
});

test("TestCard: a place into which the encoder has copied tiles of later pictures gets a whole picture again", () => {
  const size = { width: 320, height: 180 };
  const card = new TestCard(size);
  const places = new DrawnPlaces();
  const slots = Array.from({ length: 4 }, () => new Uint8Array(4 * size.width * size.height));
  const random = randomSequence(7);
  let reference = 0;
  let wholes = 0;
  for (let frame = 1; frame <= 400; frame++) {
    const free = slots
      .keys()
      .filter((slot) => slot !== reference)
      .toArray();
    const slot = frame === 1 ? 0 : (free[Math.floor(random() * free.length)] as number);
    const pixels = slots[slot] as Uint8Array;
    const times = places.timesSince(slot);
    if (times === null) wholes++;
    card.draw(pixels, frame / 30, times);
    places.add(slot, frame / 30);
    const whole = new Uint8Array(pixels.length);
    card.draw(whole, frame / 30);
    expect(Buffer.compare(pixels, whole)).toBe(0);
    // As in server/encode/scale.ts: the frame becomes the reference, or its changed tiles are copied into the reference.
    if (random() < 0.05) reference = slot;
    else copyTiles(pixels, slots[reference] as Uint8Array, size);
  }
  expect(wholes).toBeLessThan(40);
});

/** Copies the tiles of 64 × 16 pixels that differ. */
function copyTiles(from: Uint8Array, to: Uint8Array, { width, height }: { width: number; height: number }): void {
  const rows = (x: number, y: number) =>
    Array.from({ length: Math.min(16, height - y) }, (_, row) => [((y + row) * width + x) * 4, 64 * 4] as const);
  for (let y = 0; y < height; y += 16) {
    for (let x = 0; x < width; x += 64) {
      const parts = rows(x, y).map(([at, bytes]) => [at, from.subarray(at, at + bytes)] as const);
      const isSame = parts.every(([at, part]) => Buffer.compare(part, to.subarray(at, at + part.length)) === 0);
      if (!isSame) for (const [at, part] of parts) to.set(part, at);
    }
  }
}
