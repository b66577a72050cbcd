// The clock offset between two simulated machines. Their network has queues that are longer in one direction.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ClockOffset } from "../../src/protocol/clock-offset.ts";

const START = 1.7e15;

/** How long each part of one exchange takes. */
interface Trip {
  outMicros: number;
  answerMicros: number;
  backMicros: number;
}

/** Sends a Ping at `at` through the simulated network and adds the Pong to the estimate. Returns the true round trip. */
function exchange(clock: ClockOffset, at: number, peerAheadMicros: number, trip: Trip): number {
  const received = at + trip.outMicros;
  const replied = received + trip.answerMicros;
  const back = replied + trip.backMicros;
  clock.add({ sentAt: at, receivedAt: received + peerAheadMicros, repliedAt: replied + peerAheadMicros }, back);
  return trip.outMicros + trip.backMicros;
}

const trip: fc.Arbitrary<Trip> = fc.record({
  outMicros: fc.integer({ min: 20, max: 300_000 }),
  answerMicros: fc.integer({ min: 0, max: 50_000 }),
  backMicros: fc.integer({ min: 20, max: 300_000 }),
});
const ahead = fc.integer({ min: -1e14, max: 1e14 });

describe("ClockOffset: error of the offset", () => {
  test("ClockOffset: is wrong by at most half of the shortest round trip", () => {
    fc.assert(
      fc.property(ahead, fc.array(trip, { minLength: 1, maxLength: 30 }), (peerAhead, trips) => {
        const clock = new ClockOffset();
        const roundTrips = trips.map((each, index) => exchange(clock, START + index * 700_000, peerAhead, each));
        const least = Math.min(...roundTrips);
        const error = Math.abs(clock.toOwnClock(START + peerAhead) - START);
        expect(clock.roundTripMicros).toBe(least);
        expect(error).toBeLessThanOrEqual(least / 2 + 0.5);
      }),
      { numRuns: 500 },
    );
  });

  test("ClockOffset: is exact when both directions take equally long", () => {
    fc.assert(
      fc.property(ahead, fc.nat(100_000), fc.nat(500_000), (peerAhead, oneWay, answerMicros) => {
        const clock = new ClockOffset();
        exchange(clock, START, peerAhead, { outMicros: oneWay, answerMicros, backMicros: oneWay });
        expect(Math.abs(clock.toOwnClock(START + 5 + peerAhead) - (START + 5))).toBeLessThanOrEqual(0.5);
        expect(clock.roundTripMicros).toBe(2 * oneWay);
      }),
    );
  });

  test("ClockOffset: uses the exchange with the shortest round trip, even if many others disagree", () => {
    const clock = new ClockOffset();
    const slow = { outMicros: 400_000, answerMicros: 0, backMicros: 1_000 };
    for (let i = 0; i < 10; i++) exchange(clock, START + i * 1_000_000, 5_000_000, slow);
    expect(clock.toOwnClock(START + 5_000_000)).not.toBe(START);
    exchange(clock, START + 11_000_000, 5_000_000, { outMicros: 100, answerMicros: 30, backMicros: 100 });
    for (let i = 12; i < 22; i++) exchange(clock, START + i * 1_000_000, 5_000_000, slow);
    expect(clock.toOwnClock(START + 5_000_000)).toBe(START);
    expect(clock.roundTripMicros).toBe(200);
  });

  test("ClockOffset: is unknown before the first answer", () => {
    const clock = new ClockOffset();
    expect(clock.known).toBe(false);
    expect(clock.roundTripMicros).toBe(0);
    expect(clock.toOwnClock(START)).toBe(START);
    exchange(clock, START, 0, { outMicros: 1, answerMicros: 0, backMicros: 1 });
    expect(clock.known).toBe(true);
  });

  test("ClockOffset: an exchange whose times give a negative round trip is ignored", () => {
    const clock = new ClockOffset();
    clock.add({ sentAt: START, receivedAt: START, repliedAt: START + 10_000 }, START + 100);
    expect([clock.known, clock.roundTripMicros]).toEqual([false, 0]);
    exchange(clock, START + 1e6, 5e6, { outMicros: 700, answerMicros: 0, backMicros: 500 });
    clock.add({ sentAt: START + 2e6, receivedAt: START + 9e6, repliedAt: START + 12e6 }, START + 3e6);
    expect(clock.roundTripMicros).toBe(1_200);
  });
});

describe("ClockOffset: a clock that is set", () => {
  test("ClockOffset: after a clock was set, the first exchange corrects the offset, however short earlier round trips were", () => {
    const step = fc.integer({ min: 700_000, max: 1e14 });
    fc.assert(
      fc.property(
        ahead,
        step,
        fc.boolean(),
        fc.array(trip, { minLength: 1, maxLength: 20 }),
        fc.array(trip, { minLength: 1, maxLength: 5 }),
        (peerAhead, size, isForward, before, after) => {
          const clock = new ClockOffset();
          for (const [index, each] of before.entries()) exchange(clock, START + index * 700_000, peerAhead, each);
          const now = START + before.length * 700_000;
          const aheadNow = peerAhead + (isForward ? size : -size);
          const roundTrips = after.map((each, index) => exchange(clock, now + index * 700_000, aheadNow, each));
          const least = Math.min(...roundTrips);
          expect(clock.roundTripMicros).toBe(least);
          expect(Math.abs(clock.toOwnClock(now + aheadNow) - now)).toBeLessThanOrEqual(least / 2 + 0.5);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("ClockOffset: drift does not count as a clock that was set: the exact exchange of 20 s ago is still used", () => {
    const clock = new ClockOffset();
    exchange(clock, START, 0, { outMicros: 10, answerMicros: 0, backMicros: 10 });
    for (let second = 1; second <= 20; second++) {
      exchange(clock, START + second * 1e6, second * 90, { outMicros: 30, answerMicros: 0, backMicros: 30 });
    }
    expect(clock.roundTripMicros).toBe(20);
  });

  test("ClockOffset: an age is unknown before the first exchange and when it cannot be right", () => {
    const clock = new ClockOffset();
    expect(clock.ageMicros(START, START + 10_000)).toBeNull();
    exchange(clock, START, 7e9, { outMicros: 500, answerMicros: 0, backMicros: 500 });
    const age = (micros: number) => clock.ageMicros(START + 7e9 - micros, START);
    expect(age(10_000)).toBe(10_000);
    expect(age(3_599e6)).toBe(3_599e6);
    expect(age(-400)).toBe(0); // within the error of the offset
    expect([age(-100_000), age(-3_600e6), age(3_601e6)]).toEqual([null, null, null]);
  });
});

describe("ClockOffset: old exchanges", () => {
  const good = { outMicros: 10, answerMicros: 0, backMicros: 10 };
  const usual = { outMicros: 2_000, answerMicros: 0, backMicros: 2_000 };

  test("ClockOffset: forgets an exchange after 30 s, so that it follows drift", () => {
    const clock = new ClockOffset();
    exchange(clock, START, 1_000_000, good);
    for (let second = 1; second <= 29; second++) exchange(clock, START + second * 1e6, 1_002_000, usual);
    expect(clock.roundTripMicros).toBe(20);
    expect(clock.toOwnClock(START + 1_000_000)).toBe(START);
    for (let second = 30; second <= 32; second++) exchange(clock, START + second * 1e6, 1_002_000, usual);
    expect(clock.roundTripMicros).toBe(4_000);
    expect(clock.toOwnClock(START + 1_002_000)).toBe(START);
  });

  test("ClockOffset: keeps a bounded number of answers", () => {
    const clock = new ClockOffset();
    exchange(clock, START, 0, good);
    for (let i = 1; i <= 10_000; i++) exchange(clock, START + i, 0, usual);
    expect(clock.roundTripMicros).toBe(4_000);
  });
});

describe("ClockOffset: times of pings", () => {
  /** The times at which pings are due, in milliseconds, for an owner that checks every `stepMs`. */
  function schedule(stepMs: number, lengthMs: number): number[] {
    const clock = new ClockOffset();
    const due: number[] = [];
    for (let ms = 0; ms <= lengthMs; ms += stepMs) if (clock.pingIsDue(START + ms * 1000)) due.push(ms);
    return due;
  }

  test("ClockOffset: pings ten times in the first second, then once a second", () => {
    const firstTen = [0, 100, 200, 300, 400, 500, 600, 700, 800, 900];
    expect(schedule(100, 5_000)).toEqual([...firstTen, 1_900, 2_900, 3_900, 4_900]);
    expect(schedule(1, 3_000)).toEqual([...firstTen, 1_900, 2_900]);
  });

  test("ClockOffset: after a delay one Ping is due, not one for each Ping that was missed", () => {
    const clock = new ClockOffset();
    expect(clock.pingIsDue(START)).toBe(true);
    expect(clock.pingIsDue(START + 60e6)).toBe(true);
    expect(clock.pingIsDue(START + 60e6)).toBe(false);
    expect(clock.pingIsDue(START + 60e6 + 99_999)).toBe(false);
    expect(clock.pingIsDue(START + 60e6 + 100_000)).toBe(true);
  });
});
