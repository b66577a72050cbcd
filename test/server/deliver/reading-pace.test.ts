// The pace of clients that acknowledge nothing: a simulated kernel tells its receive window, and a program reads from it.

import { expect, test } from "bun:test";
import { ReadingPace } from "../../../src/server/deliver/reading-pace.ts";

const INTERVAL_MICROS = 33_000;
const WINDOW_BYTES = 4e6;

interface Reader {
  /** The bytes a second that the program reads. */
  bytesPerSecond: number;
  pictureBytes: number;
  /** Window updates come in steps of a segment. */
  segmentBytes: number;
  /** The program reads nothing in this time. */
  pause?: { from: number; to: number };
  /** From this time on, the kernel has a smaller buffer. */
  shrinksAt?: number;
}

/** Returns the unread bytes and the number of sent pictures, in steps of the interval of pictures. */
function simulate(reader: Reader, seconds: number) {
  const { bytesPerSecond, pictureBytes, segmentBytes, pause, shrinksAt = Number.POSITIVE_INFINITY } = reader;
  const pace = new ReadingPace();
  let unread = 0;
  const steps: { at: number; unread: number; isSent: boolean }[] = [];
  for (let now = INTERVAL_MICROS; now < seconds * 1e6; now += INTERVAL_MICROS) {
    const isPaused = pause !== undefined && now >= pause.from * 1e6 && now < pause.to * 1e6;
    if (!isPaused) unread = Math.max(0, unread - (bytesPerSecond * INTERVAL_MICROS) / 1e6);
    const isSent = now >= pace.nextAt;
    if (isSent) {
      unread += pictureBytes;
      const most = now >= shrinksAt * 1e6 ? WINDOW_BYTES / 2 : WINDOW_BYTES;
      const windowBytes = most - Math.ceil(unread / segmentBytes) * segmentBytes;
      pace.measure(pictureBytes, now, { roundTripMicros: 100, windowBytes, segmentBytes }, now);
    }
    steps.push({ at: now / 1e6, unread, isSent });
  }
  return steps;
}

const sentIn = (steps: ReturnType<typeof simulate>, from: number, to: number) =>
  steps.filter(({ at, isSent }) => isSent && at >= from && at < to).length / (to - from);

test("ReadingPace: a client that reads as fast as pictures come gets all of them", () => {
  const steps = simulate({ bytesPerSecond: 1e8, pictureBytes: 50_000, segmentBytes: 1448 }, 10);
  expect(steps.every(({ isSent }) => isSent)).toBe(true);
});

test.each([1448, 65_483])(
  "ReadingPace: with segments of %d bytes, hardly a picture waits for a slow client",
  (segmentBytes) => {
    const pictureBytes = 50_000;
    const steps = simulate({ bytesPerSecond: 500_000, pictureBytes, segmentBytes }, 60);
    const late = steps.filter(({ at }) => at > 5).map(({ unread }) => unread);
    late.sort((a, b) => a - b);
    expect(late[Math.floor(late.length * 0.95)]).toBeLessThan(2.5 * pictureBytes + segmentBytes);
    // The client reads 10 pictures a second.
    expect(sentIn(steps, 5, 60)).toBeGreaterThan(7);
    expect(sentIn(steps, 5, 60)).toBeLessThanOrEqual(10.1);
  },
);

test("ReadingPace: a client that has paused once soon gets all pictures again", () => {
  const pause = { from: 3, to: 3.4 };
  const steps = simulate({ bytesPerSecond: 1e8, pictureBytes: 50_000, segmentBytes: 1448, pause }, 12);
  expect(sentIn(steps, 8, 12)).toBeGreaterThan(29);
});

test("ReadingPace: a client whose kernel has made its buffer smaller soon gets all pictures again", () => {
  const steps = simulate({ bytesPerSecond: 1e8, pictureBytes: 50_000, segmentBytes: 1448, shrinksAt: 3 }, 20);
  expect(sentIn(steps, 14, 20)).toBeGreaterThan(29);
});
