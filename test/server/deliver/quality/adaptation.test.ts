// Adaptation: its choices on links whose rate changes. Camera, link and viewer are simulated with a virtual clock.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { Adaptation } from "../../../../src/server/deliver/quality/adaptation.ts";
import { ladder, type Level, weight } from "../../../../src/server/renditions/ladder.ts";
import {
  type Link,
  type Run,
  type Scene,
  simulateAdaptive,
  staleness95,
  usualStep,
} from "../../../support/adaptation-simulation.ts";

const SECOND = 1e6;
const BOUND = 250_000;
const LATENCY = { maxLatencyMicros: BOUND, maxBitsPerSecond: null };
const TOP: Level = { halvings: 0, quality: 75 };
/** 1080p footage. The sizes of its levels are those that the ladder expects, raised to the power of `power`. */
const scene = (change: number, power = 1): Scene => ({
  wholeBytes: 150_000,
  change,
  weight: (level) => (weight(level) / weight(TOP)) ** power,
});
const FAST = 5_000_000;
const steady = (rate: number, delay: number): Link => ({ delay, rate: () => rate });
/** A link that is slow from the 20th to the 40th second. */
const dip = (slow: number, delay = 10_000): Link => ({
  delay,
  rate: (now) => (now > 20 * SECOND && now < 40 * SECOND ? slow : FAST),
});

function simulate(link: Link, of: Scene, seconds: number, work = 8_000): Run {
  return simulateAdaptive(LATENCY, link, of, { seconds, work });
}

const rows = [0.02, 0.1, 0.3].flatMap((change) => [0.8, 1, 1.2].map((power) => ({ change, power })));
test.each(rows)("Adaptation: a link of 2 Mbit/s keeps pictures within 250 ms, change $change, power $power", (row) => {
  const run = simulate(steady(250_000, 50_000), scene(row.change, row.power), 90);
  for (let from = 10; from < 90; from += 20)
    expect(staleness95(run, from * SECOND, (from + 20) * SECOND)).toBeLessThanOrEqual(BOUND);
  expect(usualStep(run, 10 * SECOND, 90 * SECOND)).toBeLessThan(run.levels.length - 1);
  expect(run.shown.filter(({ at }) => at > 10 * SECOND).length / 80).toBeGreaterThan(20);
});

test("Adaptation: reaches a level that a slow link can carry within a dozen pictures", () => {
  const run = simulate(dip(250_000), scene(0.2), 40);
  expect(run.changes.filter(({ at }) => at < 20 * SECOND)).toEqual([]);
  const [first] = run.changes;
  const meanwhile = run.shown.filter(({ at }) => at > 20 * SECOND && at < (first?.at as number));
  expect(meanwhile.length).toBeLessThanOrEqual(12);
  expect(first?.step).toBeGreaterThanOrEqual(3);
  expect(staleness95(run, 23 * SECOND, 40 * SECOND)).toBeLessThanOrEqual(BOUND);
});

test("Adaptation: lowers quality before size", () => {
  const run = simulate(dip(600_000), scene(0.2), 40);
  const lowest = run.levels[Math.max(...run.changes.map(({ step }) => step))];
  expect(lowest?.halvings).toBe(0);
  expect(lowest?.quality).toBeLessThan(75);
});

test.each([0.03, 0.2])("Adaptation: climbs back one step at a time when %p of the picture changes", (change) => {
  const run = simulate(dip(100_000), scene(change), 160);
  const after = run.changes.filter(({ at }) => at > 40 * SECOND);
  expect(after.at(-1)?.step).toBe(0);
  expect(after.at(-1)?.at).toBeLessThan(65 * SECOND);
  expect(usualStep(run, 140 * SECOND, 160 * SECOND)).toBe(0);
  let climbs = 0;
  for (const { at, step } of after) {
    const before = run.changes.findLast((change) => change.at < at) as Run["changes"][number];
    if (step > before.step) climbs = 0;
    if (step > before.step) continue;
    expect(before.step - step).toBe(1);
    expect(at - before.at).toBeGreaterThanOrEqual((climbs === 0 ? 4 : 1.5) * SECOND);
    climbs++;
  }
});

test("Adaptation: waits longer after each climb that it had to reverse, up to about a minute", () => {
  const run = simulate(steady(250_000, 50_000), scene(0.02), 400);
  const climbs = run.changes.filter(({ step }, index) => index > 0 && step < (run.changes[index - 1]?.step as number));
  const pauses = climbs.slice(1).map(({ at }, index) => at - (climbs[index]?.at as number));
  expect(pauses.length).toBeGreaterThanOrEqual(4);
  for (const [index, pause] of pauses.slice(1, 4).entries())
    expect(pause).toBeGreaterThan(1.5 * (pauses[index] as number));
  expect(pauses.at(-1)).toBeGreaterThan(60 * SECOND);
  expect(pauses.at(-1)).toBeLessThan(80 * SECOND);
});

test.each([
  ["a viewer that takes 100 ms a picture", 500, 100_000],
  ["one that takes longer than the bound", 500, 400_000],
  ["a path that is longer than the bound", 300_000, 8_000],
])("Adaptation: keeps the highest level on a fast link with %s", (_, delay, work) => {
  expect(simulate(steady(50_000_000, delay), scene(0.1), 20, work).changes).toEqual([]);
});

test("Adaptation: stays at the highest level when there is no latency bound", () => {
  const limits = { maxLatencyMicros: null, maxBitsPerSecond: null };
  const run = simulateAdaptive(limits, steady(100_000, 50_000), scene(0.2), { seconds: 20, work: 8_000 });
  expect(run.changes).toEqual([]);
});

test.each([null, BOUND])(
  "Adaptation: keeps to --max-bitrate by lower quality, not by fewer frames (latency bound: %p)",
  (maxLatencyMicros) => {
    const limits = { maxLatencyMicros, maxBitsPerSecond: 2e6 };
    const run = simulateAdaptive(limits, steady(50_000_000, 500), scene(0.05), { seconds: 60, work: 8_000 });
    const late = run.sent.filter(({ at }) => at > 10 * SECOND);
    const bits = late.reduce((sum, { bytes }) => sum + 8 * bytes, 0);
    expect(bits / 50).toBeLessThan(2.05e6);
    expect(late.length / 50).toBeGreaterThan(20);
    expect(run.changes[0]?.step).toBeGreaterThan(0);
    expect(run.changes.slice(1).filter(({ at }) => at < (run.changes[0]?.at as number) + 3 * SECOND)).toEqual([]);
  },
);

test("Adaptation: the chosen level fits by the estimate that chose it, so a second choice is the same", () => {
  const levels = ladder({ width: 1280, height: 720 }, TOP);
  const shown = fc.record({
    bytes: fc.integer({ min: 100, max: 400_000 }),
    transferMicros: fc.integer({ min: 100, max: 2_000_000 }),
    workMicros: fc.integer({ min: 100, max: 300_000 }),
    isWhole: fc.boolean(),
  });
  const circumstances = fc.record({
    roundTripMicros: fc.integer({ min: 0, max: 600_000 }),
    captureIntervalMicros: fc.constantFrom(0, 16_667, 33_333, 200_000),
    topBytes: fc.integer({ min: 0, max: 500_000 }),
  });
  const bits = fc.option(fc.integer({ min: 50_000, max: 1e8 }));
  fc.assert(
    fc.property(
      fc.array(shown, { maxLength: 30 }),
      circumstances,
      bits,
      fc.integer({ min: 50_000, max: 1e6 }),
      (acks, at, maxBitsPerSecond, maxLatencyMicros) => {
        const adaptation = new Adaptation({ maxLatencyMicros, maxBitsPerSecond });
        let step = 0;
        let now = 0;
        const choose = () => {
          const wholeBytes = (at.topBytes * weight(levels[step] as Level)) / weight(TOP);
          return adaptation.choose(levels, step, { ...at, now, wholeBytes });
        };
        for (const ack of acks) {
          now += 50_000;
          adaptation.acknowledged({ ...ack, level: levels[step] as Level }, ack, now);
          const before = step;
          step = choose();
          expect(levels[step]).toBeDefined();
          if (step < before) expect(step).toBe(before - 1);
          if (step === before) continue;
          for (let again = 0; again < 4; again++) expect(choose()).toBe(step);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test("Adaptation: a bit-rate limit alone lowers the level, and the level does not climb again at once", () => {
  const levels = ladder({ width: 640, height: 360 }, TOP);
  const adaptation = new Adaptation({ maxLatencyMicros: BOUND, maxBitsPerSecond: 80_000 });
  const at = { roundTripMicros: 1_000, captureIntervalMicros: 33_333 };
  const start = 1e15;
  let step = 0;
  for (let now = start; now < start + 3 * SECOND; now += SECOND / 10) {
    const level = levels[step] as Level;
    adaptation.acknowledged({ bytes: 500, level, isWhole: false }, { transferMicros: 100, workMicros: 100 }, now);
    const wholeBytes = (3_000 * weight(level)) / weight(TOP);
    const next = adaptation.choose(levels, step, { ...at, now, wholeBytes });
    expect(next).toBeGreaterThanOrEqual(step);
    step = next;
  }
  expect(step).toBeGreaterThan(0);
});
