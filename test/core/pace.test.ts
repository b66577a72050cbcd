// pace: the number of beats is in proportion to the time that passes, and missed beats are not made up for.

import { describe, expect, test } from "bun:test";
import { pace } from "../../src/core/pace.ts";

interface Run {
  beats: number;
  seconds: number[];
  /** The duration of the run. */
  elapsedSeconds: number;
}

async function run(perSecond: number, milliseconds: number, stepMs = 0): Promise<Run> {
  const seconds: number[] = [];
  const startedAt = performance.now();
  await pace(perSecond, AbortSignal.timeout(milliseconds), async (at) => {
    seconds.push(at);
    if (stepMs > 0) await Bun.sleep(stepMs);
  });
  return { beats: seconds.length, seconds, elapsedSeconds: (performance.now() - startedAt) / 1000 };
}

describe("pace: beats and their end", () => {
  test("pace beats at most as often as the time allows, and at least half as often", async () => {
    const { beats, elapsedSeconds, seconds } = await run(50, 600);
    expect(beats).toBeLessThanOrEqual(elapsedSeconds * 50 + 1);
    expect(beats).toBeGreaterThan(elapsedSeconds * 50 * 0.5);
    expect(seconds).toEqual(seconds.toSorted((a, b) => a - b));
    expect(seconds[0]).toBeLessThan(1 / 50);
  });

  test("pace beats twice as often at twice the rate", async () => {
    const [slow, fast] = await Promise.all([run(20, 800), run(40, 800)]);
    expect(fast.beats / slow.beats).toBeGreaterThan(1.6);
    expect(fast.beats / slow.beats).toBeLessThan(2.5);
  });

  test("pace does not drift: each beat comes after its time and before the next but one", async () => {
    const { seconds } = await run(25, 800);
    const phases = seconds.map((at) => at * 25 - Math.floor(at * 25 + 1e-6));
    expect(Math.min(...phases)).toBeGreaterThanOrEqual(-1e-6);
    expect(phases.toSorted((a, b) => a - b)[phases.length >> 1]).toBeLessThan(0.5);
  });

  test("pace runs slow steps one at a time and skips the beats that they miss", async () => {
    let running = 0;
    let most = 0;
    const beats: number[] = [];
    await pace(200, AbortSignal.timeout(400), async (at) => {
      most = Math.max(most, ++running);
      beats.push(at);
      await Bun.sleep(beats.length === 3 ? 150 : 1);
      running--;
    });
    expect(most).toBe(1);
    const afterStall = beats.slice(3).map((at, index) => at - (beats[index + 2] as number));
    expect(afterStall[0]).toBeGreaterThan(0.1);
    // If missed beats were made up for, the next 30 would come without a pause.
    const nextTen = afterStall.slice(1, 11).reduce((sum, gap) => sum + gap, 0);
    expect(nextTen).toBeGreaterThan(10 / 200 / 1.5);
  });

  test("pace at rate 0 makes no pauses and still lets other tasks run", async () => {
    let others = 0;
    const timer = setInterval(() => others++, 1);
    const [unpaced, paced] = await Promise.all([run(0, 200), run(100, 200)]);
    clearInterval(timer);
    expect(unpaced.beats).toBeGreaterThan(3 * paced.beats);
    expect(others).toBeGreaterThan(5);
  });

  test("pace ends at once when the signal aborts, and begins no step after that", async () => {
    let beats = 0;
    await pace(10, AbortSignal.abort(), async () => void beats++);
    expect(beats).toBe(0);
    const stopping = new AbortController();
    await pace(1000, stopping.signal, async () => {
      if (++beats === 3) stopping.abort();
    });
    expect(beats).toBe(3);
    const waiting = new AbortController();
    const long = pace(0.01, waiting.signal, async () => void beats++); // without the abort the next beat would come in 100 s
    await Bun.sleep(5);
    waiting.abort();
    await long;
    expect(beats).toBe(4);
  });

  test("pace ends with the error that a step throws", async () => {
    let beats = 0;
    const failing = pace(1000, new AbortController().signal, async () => {
      if (++beats === 2) throw new Error("enough");
    });
    await expect(failing).rejects.toThrow("enough");
    await failing.catch(() => undefined);
    expect(beats).toBe(2);
  });
});
