// RetryPauses: the pause before a failed source is tried again, by the kind of failure.

import { describe, expect, test } from "bun:test";
import { describePause, RetryPauses } from "../../../src/capture/supervise/retry-pauses.ts";
import type { Retry } from "../../../src/core/errors.ts";

const next = (pauses: RetryPauses, retry: Retry, count: number) =>
  Array.from({ length: count }, () => pauses.nextMs(retry) / 1000);

/** The pauses of a source that has delivered a frame. */
function afterFrames(): RetryPauses {
  const pauses = new RetryPauses();
  pauses.reset();
  return pauses;
}

describe("RetryPauses: growth and bounds", () => {
  test("RetryPauses: a source that has delivered a frame is tried again soon", () => {
    expect(next(afterFrames(), "soon", 6)).toEqual([0.5, 1, 2, 4, 5, 5]);
  });

  test.each(["soon", "growing"] as const)(
    "RetryPauses: before the first frame the pauses of '%s' grow to 30 s",
    (retry) => {
      expect(next(new RetryPauses(), retry, 8)).toEqual([0.5, 1, 2, 4, 8, 16, 30, 30]);
    },
  );

  test("RetryPauses: the pauses of a camera that is no longer reachable grow", () => {
    expect(next(afterFrames(), "growing", 8)).toEqual([0.5, 1, 2, 4, 8, 16, 30, 30]);
  });

  test("RetryPauses: a refused password is tried at most five times in the first half hour", () => {
    for (const pauses of [new RetryPauses(), afterFrames()]) {
      const minutes = next(pauses, "minutes", 7).map((seconds) => seconds / 60);
      expect(minutes).toEqual([2, 4, 8, 16, 32, 60, 60]);
    }
  });

  test("RetryPauses: other failures in between do not shorten the pause after a refused password", () => {
    const pauses = afterFrames();
    expect(next(pauses, "minutes", 2)).toEqual([120, 240]);
    expect(next(pauses, "growing", 2)).toEqual([0.5, 1]);
    expect(next(pauses, "minutes", 1)).toEqual([480]);
  });

  test("RetryPauses: a frame makes all pauses short again", () => {
    const pauses = afterFrames();
    for (const retry of ["soon", "growing", "minutes"] as const) next(pauses, retry, 3);
    pauses.reset();
    expect([next(pauses, "soon", 1), next(pauses, "growing", 1), next(pauses, "minutes", 1)]).toEqual([
      [0.5],
      [0.5],
      [120],
    ]);
  });
});

test("describePause: names a pause of minutes only", () => {
  expect(describePause(50, "now")).toBe("");
  expect([500, 30_000, 120_000, 3_600_000].map((pauseMs) => describePause(pauseMs, "soon"))).toEqual([
    "; trying again",
    "; trying again",
    "; trying again in 2 min",
    "; trying again in 60 min",
  ]);
});
