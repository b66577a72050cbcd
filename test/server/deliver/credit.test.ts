// Credit: known cases of the window, and a simulation of camera, link and viewer under a virtual clock.

import { describe, expect, test } from "bun:test";
import { Credit, MAX_WINDOW_PICTURES } from "../../../src/server/deliver/credit.ts";
import type { Ack } from "../../../src/protocol/messages.ts";
import { type Setting, simulate } from "../../support/link-simulation.ts";

/** The least time between two pictures that camera, link, viewer and the limit of the window allow. */
function slowestInterval({ source, delay, transfer, work, threads }: Setting): number {
  return Math.max(source, transfer, work / threads, (2 * delay + transfer + work) / MAX_WINDOW_PICTURES);
}

const GRID: Setting[] = [16_667, 33_333, 100_000].flatMap((source) =>
  [100, 5_000, 20_000, 50_000].flatMap((delay) =>
    [200, 8_000, 30_000, 120_000].flatMap((transfer) =>
      [2_000, 12_000, 45_000].flatMap((work) =>
        [1, 2, 4].map((threads) => ({ source, delay, transfer, work, threads })),
      ),
    ),
  ),
);

describe("over a grid of cameras, links and viewers", () => {
  const outcomes = GRID.map((setting) => ({ setting, outcome: simulate(setting) }));

  test("the window keeps at least 85 % of the rate that they allow", () => {
    const slow = outcomes
      .map(({ setting, outcome }) => ({ setting, share: (outcome.shownPerSecond * slowestInterval(setting)) / 1e6 }))
      .filter(({ share }) => share < 0.85);
    expect(slow).toEqual([]);
  });

  test("no more than about one picture stands in a queue", () => {
    // A picture waits for its turn, at most one interval of the camera, and behind at most one that is ahead of it.
    const old = outcomes.filter(({ setting, outcome }) => {
      const queue = outcome.extraMedian - setting.source;
      return queue > 1.1 * slowestInterval(setting);
    });
    expect(old).toEqual([]);
  });

  test("the age does not grow: the worst is within two intervals of the median", () => {
    const growing = outcomes.filter(
      ({ setting, outcome }) =>
        outcome.extraWorst - outcome.extraMedian > 2 * slowestInterval(setting) + setting.source,
    );
    expect(growing).toEqual([]);
  });
});

describe("the window", () => {
  /** The window after some acknowledgements that all say the same. */
  function windowAfter(
    acks: number,
    path: Pick<Ack, "transferMicros" | "workMicros" | "paceMicros">,
    roundTrip: number,
    source: number,
  ) {
    const credit = new Credit();
    for (let frame = 1; frame <= acks; frame++) {
      credit.sent(frame, 0);
      expect(credit.acknowledged({ frameNumber: frame, outcome: "shown", ...path }, roundTrip, source)).toBe(true);
    }
    return credit.window;
  }

  const nothing = { transferMicros: 0, workMicros: 0, paceMicros: 0 };

  test.each([
    {
      what: "one machine: everything is faster than the camera",
      transfer: 500,
      work: 9_000,
      pace: 5_000,
      roundTrip: 100,
      source: 33_333,
      window: 1,
    },
    {
      what: "a long way: what the camera makes meanwhile is on it",
      transfer: 5_000,
      work: 10_000,
      pace: 5_000,
      roundTrip: 100_000,
      source: 33_333,
      window: 4,
    },
    {
      what: "a slow link nearby: one at a time",
      transfer: 100_000,
      work: 10_000,
      pace: 5_000,
      roundTrip: 2_000,
      source: 33_333,
      window: 1,
    },
    {
      what: "a slow link far away",
      transfer: 100_000,
      work: 10_000,
      pace: 5_000,
      roundTrip: 100_000,
      source: 33_333,
      window: 2,
    },
    {
      what: "a slow viewer with four threads",
      transfer: 1_000,
      work: 160_000,
      pace: 40_000,
      roundTrip: 1_000,
      source: 16_667,
      window: 4,
    },
    { what: "the limit", transfer: 1_000, work: 10_000, pace: 5_000, roundTrip: 1_000_000, source: 16_667, window: 8 },
    {
      what: "a camera of unknown rate",
      transfer: 10_000,
      work: 10_000,
      pace: 10_000,
      roundTrip: 0,
      source: 0,
      window: 2,
    },
  ])("$what: $window", ({ transfer, work, pace, roundTrip, source, window }) => {
    const path = { transferMicros: transfer, workMicros: work, paceMicros: pace };
    expect(windowAfter(2, path, roundTrip, source)).toBe(window);
    expect(windowAfter(30, path, roundTrip, source)).toBe(window);
  });

  test("is one picture before there is anything to measure by", () => {
    expect(new Credit().window).toBe(1);
    expect(windowAfter(1, { transferMicros: 1e6, workMicros: 1e6, paceMicros: 1 }, 1e6, 16_667)).toBe(1);
    expect(windowAfter(20, nothing, 0, 0)).toBe(1);
  });

  test("dropped pictures are acknowledged but do not tell how fast the viewer is", () => {
    const credit = new Credit();
    for (let frame = 1; frame <= 40; frame++) {
      credit.sent(frame, 0);
      const outcome = frame <= 10 ? "shown" : "dropped";
      const work = outcome === "shown" ? 100_000 : 0;
      const ack: Ack = { frameNumber: frame, outcome, transferMicros: 1_000, workMicros: work, paceMicros: work / 4 };
      expect(credit.acknowledged(ack, 1_000, 10_000)).toBe(true);
    }
    expect(credit.window).toBe(4);
  });

  test("one slow picture among many does not widen it", () => {
    const credit = new Credit();
    for (let frame = 1; frame <= 9; frame++) {
      credit.sent(frame, 0);
      const work = frame === 5 ? 5_000_000 : 5_000;
      credit.acknowledged({ ...nothing, frameNumber: frame, outcome: "shown", workMicros: work }, 100, 33_333);
    }
    expect(credit.window).toBe(1);
  });
});

test("pictures in flight are counted, and an Ack that names none of them is refused", () => {
  const credit = new Credit();
  const ack = (frameNumber: number): Ack => ({
    frameNumber,
    outcome: "shown",
    transferMicros: 1,
    workMicros: 1,
    paceMicros: 1,
  });
  expect(credit.available).toBe(true);
  expect(credit.acknowledged(ack(1), 0, 0)).toBe(false);
  credit.sent(5, 0);
  expect(credit.available).toBe(false);
  expect(credit.inFlight).toBe(1);
  expect(credit.acknowledged(ack(4), 0, 0)).toBe(false);
  expect(credit.inFlight).toBe(1);
  expect(credit.acknowledged(ack(5), 0, 0)).toBe(true);
  expect(credit.acknowledged(ack(5), 0, 0)).toBe(false);
  expect(credit.inFlight).toBe(0);
  expect(credit.available).toBe(true);
});
