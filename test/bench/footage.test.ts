// The footage of the benches in memory: noise of a given strength, and frame codes.

import { expect, test } from "bun:test";
import { CLIP_SIZE, codedFootage, footageFrames, noisyStill } from "../../bench/footage.ts";
import { nowMicros } from "../../src/core/clock.ts";
import { readFrameCode } from "../../src/capture/pattern/frame-code.ts";

test("noisyStill: each frame has its own noise of the given strength, and each run has the same noise", () => {
  const [still] = footageFrames(CLIP_SIZE, 1, "yuvj420p");
  const frames = noisyStill(3, 2);
  const noises = frames.map((frame) => Int16Array.from(frame, (sample, i) => sample - (still?.[i] ?? 0)));
  for (const [index, noise] of noises.entries()) {
    const sum = noise.reduce((total, each) => total + each, 0);
    const squares = noise.reduce((total, each) => total + each * each, 0);
    expect(Math.abs(sum / noise.length)).toBeLessThan(0.05);
    expect(Math.sqrt(squares / noise.length)).toBeWithin(1.9, 2.1);
    const other = noises[(index + 1) % noises.length] ?? noise;
    const product = noise.reduce((total, each, i) => total + each * (other[i] ?? 0), 0);
    expect(Math.abs(product / squares)).toBeLessThan(0.02); // the noise of two frames is not correlated
  }
  expect(noisyStill(1, 2)[0]?.every((sample, i) => sample === frames[0]?.[i])).toBe(true);
});

test("codedFootage: the code contains the time at which the frame was requested", () => {
  const next = codedFootage();
  const before = nowMicros();
  const first = readFrameCode(next(), CLIP_SIZE);
  const second = readFrameCode(next(), CLIP_SIZE);
  expect([first?.frameNumber, second?.frameNumber]).toEqual([1, 2]);
  expect(first?.bornAt).toBeWithin(before, (second?.bornAt ?? 0) + 1);
});
