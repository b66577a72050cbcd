// Credit: known values of the window, and a simulation of camera, link and viewer with a virtual clock.

import { expect, test } from "bun:test";
import { Credit, MAX_WINDOW_PICTURES } from "../../../src/server/deliver/credit.ts";
import type { Ack } from "../../../src/protocol/messages.ts";
import { type Setting, simulate } from "../../support/link-simulation.ts";

/** The time between two pictures that the slowest of camera, link, viewer and limit of the window sets. */
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

const outcomes = GRID.map((setting) => ({ setting, outcome: simulate(setting) }));

test("Credit: the window keeps at least 85 % of the rate that camera, link and viewer allow", () => {
  const slow = outcomes
    .map(({ setting, outcome }) => ({ setting, share: (outcome.shownPerSecond * slowestInterval(setting)) / 1e6 }))
    .filter(({ share }) => share < 0.85);
  expect(slow).toEqual([]);
});

test("Credit: at most about one picture waits in a queue", () => {
  // A picture waits for at most one interval of the camera, and for at most one picture ahead of it.
  const old = outcomes.filter(({ setting, outcome }) => {
    const queue = outcome.extraMedian - setting.source;
    return queue > 1.1 * slowestInterval(setting);
  });
  expect(old).toEqual([]);
});

test("Credit: the age does not grow: its maximum is within two intervals of the median", () => {
  const growing = outcomes.filter(
    ({ setting, outcome }) => outcome.extraWorst - outcome.extraMedian > 2 * slowestInterval(setting) + setting.source,
  );
  expect(growing).toEqual([]);
});

/** The window after a number of equal acknowledgements. */
function windowAfter(
  acks: number,
  path: Pick<Ack, "transferMicros" | "workMicros" | "paceMicros">,
  roundTrip: number,
  source: number,
) {
  const credit = new Credit();
  for (let frame = 1; frame <= acks; frame++) {
    credit.sent(frame);
    expect(credit.acknowledged({ frameNumber: frame, outcome: "shown", ...path }, roundTrip, source)).toBe(true);
  }
  return credit.window;
}

const nothing = { transferMicros: 0, workMicros: 0, paceMicros: 0 };

test.each([
  {
    what: "one machine where all is faster than the camera",
    transfer: 500,
    work: 9_000,
    pace: 5_000,
    roundTrip: 100,
    source: 33_333,
    window: 1,
  },
  {
    what: "a long path that holds several pictures",
    transfer: 5_000,
    work: 10_000,
    pace: 5_000,
    roundTrip: 100_000,
    source: 33_333,
    window: 4,
  },
  {
    what: "a slow link nearby",
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
  {
    what: "a path beyond the limit",
    transfer: 1_000,
    work: 10_000,
    pace: 5_000,
    roundTrip: 1_000_000,
    source: 16_667,
    window: 8,
  },
  {
    what: "a camera of unknown rate",
    transfer: 10_000,
    work: 10_000,
    pace: 10_000,
    roundTrip: 0,
    source: 0,
    window: 2,
  },
])("Credit: the window is $window for $what", ({ transfer, work, pace, roundTrip, source, window }) => {
  const path = { transferMicros: transfer, workMicros: work, paceMicros: pace };
  expect(windowAfter(2, path, roundTrip, source)).toBe(window);
  expect(windowAfter(30, path, roundTrip, source)).toBe(window);
});

test("Credit: the window is one picture before there are measurements", () => {
  expect(new Credit().window).toBe(1);
  expect(windowAfter(1, { transferMicros: 1e6, workMicros: 1e6, paceMicros: 1 }, 1e6, 16_667)).toBe(1);
  expect(windowAfter(20, nothing, 0, 0)).toBe(1);
});

test("Credit: acknowledgements of dropped pictures do not change the estimate of the viewer's speed", () => {
  const credit = new Credit();
  for (let frame = 1; frame <= 40; frame++) {
    credit.sent(frame);
    const outcome = frame <= 10 ? "shown" : "dropped";
    const work = outcome === "shown" ? 100_000 : 0;
    const ack: Ack = { frameNumber: frame, outcome, transferMicros: 1_000, workMicros: work, paceMicros: work / 4 };
    expect(credit.acknowledged(ack, 1_000, 10_000)).toBe(true);
  }
  expect(credit.window).toBe(4);
});

test("Credit: one slow picture among many does not widen the window", () => {
  const credit = new Credit();
  for (let frame = 1; frame <= 9; frame++) {
    credit.sent(frame);
    const work = frame === 5 ? 5_000_000 : 5_000;
    credit.acknowledged({ ...nothing, frameNumber: frame, outcome: "shown", workMicros: work }, 100, 33_333);
  }
  expect(credit.window).toBe(1);
});

test("Credit: refuses an Ack for a picture that is not in flight", () => {
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
  credit.sent(5);
  expect(credit.available).toBe(false);
  expect(credit.inFlight).toBe(1);
  expect(credit.acknowledged(ack(4), 0, 0)).toBe(false);
  expect(credit.inFlight).toBe(1);
  expect(credit.acknowledged(ack(5), 0, 0)).toBe(true);
  expect(credit.acknowledged(ack(5), 0, 0)).toBe(false);
  expect(credit.inFlight).toBe(0);
  expect(credit.available).toBe(true);
});
