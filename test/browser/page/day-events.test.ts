// The list of today's events of a camera in the page: what is one event, and what is forgotten.

import { afterEach, expect, setSystemTime, test } from "bun:test";
import { DayEvents } from "../../../src/browser/page/day-events.ts";
import type { PageMotion } from "../../../src/browser/page-motion.ts";

const NOON = new Date(2026, 10, 29, 12).getTime();

afterEach(() => void setSystemTime());

const motion = (number: number, startMs: number, more: Partial<PageMotion> = {}): PageMotion => ({
  ...{ phase: "update", number, startMs, movedMs: startMs + 1000, area: 0, heightArea: 0.1, moving: null, zones: [] },
  ...more,
});
const jpeg = (bytes: number) => new Blob([new Uint8Array(bytes)], { type: "image/jpeg" });

test("DayEvents: messages with one number and nearly one start are one event, and another number ends it", () => {
  setSystemTime(NOON);
  const events = new DayEvents();
  expect(events.take(motion(1, NOON - 60_000))).not.toBeNull();
  expect(
    events.take(motion(1, NOON - 59_990, { movedMs: NOON - 50_000, heightArea: 0.3, zones: ["path"] })),
  ).toBeNull();
  expect(events.all).toMatchObject([{ movedMs: NOON - 50_000, area: 0.3, zones: ["path"], isOver: false }]);
  expect(events.take(motion(2, NOON - 30_000))).toMatchObject({ number: 2 });
  expect(events.all.map(({ number, isOver }) => [number, isOver])).toEqual([
    [2, false],
    [1, true],
  ]);
  events.take(motion(2, NOON - 30_000, { phase: "end" }));
  expect(events.all[0]?.isOver).toBe(true);
  // The camera has begun again, and counts from 1.
  expect(events.take(motion(1, NOON))).not.toBeNull();
  events.interrupt();
  expect(events.all.map(({ isOver }) => isOver)).toEqual([true, true, true]);
});

test("DayEvents: keeps 50 events, and 4 MiB of pictures, whose addresses end with them", async () => {
  setSystemTime(NOON);
  const events = new DayEvents();
  const urls: string[] = [];
  for (let number = 1; number <= 60; number++) {
    const startMs = NOON - 600_000 + 10_000 * number;
    events.take(motion(number, startMs));
    events.takePicture({ number, startMs, area: 0.1, picture: jpeg(200_000) });
    urls.push(events.all[0]?.picture?.url ?? "");
  }
  expect(events.all.map(({ number }) => number)).toEqual(Array.from({ length: 50 }, (_, index) => 60 - index));
  const withPicture = events.all.filter(({ picture }) => picture !== null);
  expect(withPicture.map(({ number }) => number)).toEqual(Array.from({ length: 20 }, (_, index) => 60 - index));
  expect((await fetch(urls.at(-1) as string)).ok).toBe(true);
  expect(await fetch(urls[0] as string).catch(() => null)).toBeNull();
  events.takePicture({ number: 60, startMs: NOON, area: 0.1, picture: jpeg(10) });
  expect(await fetch(urls.at(-1) as string).catch(() => null)).toBeNull();
  events.takePicture({ number: 1, startMs: NOON - 590_000, area: 0.1, picture: jpeg(10) }); // it is forgotten
  expect(events.all.filter(({ picture }) => picture !== null)).toHaveLength(20);
});

test("DayEvents: the picture in which most moves is kept", () => {
  setSystemTime(NOON);
  const events = new DayEvents();
  events.take(motion(1, NOON));
  for (const area of [0.1, 0.3, 0.02]) {
    events.takePicture({ number: 1, startMs: NOON, area, picture: jpeg(Math.round(1000 * area)) });
  }
  expect(events.all[0]?.picture?.blob.size).toBe(300);
});

test("DayEvents: clear forgets all events and the addresses of their pictures", async () => {
  setSystemTime(NOON);
  const events = new DayEvents();
  events.take(motion(1, NOON));
  events.takePicture({ number: 1, startMs: NOON, area: 0.1, picture: jpeg(10) });
  const url = events.all[0]?.picture?.url as string;
  expect((await fetch(url)).ok).toBe(true);
  events.clear();
  expect(events.all).toEqual([]);
  expect(await fetch(url).catch(() => null)).toBeNull();
});

test("DayEvents: events of yesterday are forgotten at midnight", () => {
  setSystemTime(NOON);
  const events = new DayEvents();
  events.take(motion(1, NOON - 3_600_000));
  events.take(motion(2, NOON));
  setSystemTime(NOON + 12 * 3_600_000 + 1000);
  events.take(motion(3, NOON + 12 * 3_600_000 + 500));
  expect(events.all.map(({ number }) => number)).toEqual([3]);
});

test("DayEvents: an event that goes on after midnight is one of the new day, and is not new with each message", () => {
  const midnight = new Date(2026, 10, 30).getTime();
  setSystemTime(midnight - 1_000);
  const events = new DayEvents();
  expect(events.take(motion(1, midnight - 20_000, { movedMs: midnight - 15_000 }))).not.toBeNull();
  expect(events.take(motion(2, midnight - 10_000, { movedMs: midnight - 1_000 }))).not.toBeNull();
  setSystemTime(midnight + 1_000);
  expect(events.take(motion(2, midnight - 10_000, { movedMs: midnight + 900 }))).toBeNull();
  expect(events.all.map(({ number }) => number)).toEqual([2]);
  expect(events.take(motion(2, midnight - 10_000, { movedMs: midnight + 900, phase: "end" }))).toBeNull();
  expect(events.all).toMatchObject([{ number: 2, isOver: true }]);
});
