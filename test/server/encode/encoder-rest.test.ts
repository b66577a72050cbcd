// EncoderRest: without a viewer that can be sent a frame, the encoders rest for as long as their last frame took.

import { afterEach, expect, test } from "bun:test";
import { nowMicros } from "../../../src/core/clock.ts";
import { EncoderRest } from "../../../src/server/encode/encoder-rest.ts";
import { resetClock, stopClock } from "../../support/moved-clock.ts";
import { until } from "../../support/wait-until.ts";

afterEach(resetClock);

/** A rest after a frame that took 40 ms. */
function restAfterFrame(isAwaited: boolean) {
  const passMs = stopClock();
  const demand = { isAwaited };
  const calls = { over: 0 };
  const rest = new EncoderRest(demand, () => calls.over++);
  expect(rest.mayBegin()).toBe(true);
  rest.begin(nowMicros());
  passMs(40);
  rest.idle();
  rest.idle(); // the encoders are still idle, so this changes nothing
  return { demand, calls, rest, passMs };
}

test("EncoderRest: the encoders do not rest while a viewer can be sent a frame", () => {
  const { rest } = restAfterFrame(true);
  expect(rest.mayBegin()).toBe(true);
  expect(rest.isResting).toBe(false);
});

test("EncoderRest: without such a viewer they rest for as long as the last frame took", () => {
  const { rest, passMs } = restAfterFrame(false);
  passMs(39);
  expect(rest.mayBegin()).toBe(false);
  expect(rest.isResting).toBe(true);
  passMs(2);
  expect(rest.mayBegin()).toBe(true);
  expect(rest.isResting).toBe(false);
});

test("EncoderRest: a viewer that can be sent a frame ends the rest", async () => {
  const { rest, demand, calls } = restAfterFrame(false);
  expect(rest.mayBegin()).toBe(false);
  demand.isAwaited = true;
  expect(rest.mayBegin()).toBe(true);
  await Bun.sleep(60);
  expect(calls.over).toBe(0);
});

test("EncoderRest: says once when the rest of a frame that was held back is over, unless it was forgotten", async () => {
  const { rest, calls } = restAfterFrame(false);
  expect(rest.mayBegin()).toBe(false);
  expect(rest.mayBegin()).toBe(false);
  await until(() => calls.over > 0, "the end of the rest");
  expect(calls.over).toBe(1);
  expect(rest.mayBegin()).toBe(false); // the clock of the test stands still
  rest.clear();
  await Bun.sleep(60);
  expect(calls.over).toBe(1);
});
