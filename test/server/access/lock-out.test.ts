// access/lock-out.ts: growing pauses after wrong keys, for one address.

import { expect, test } from "bun:test";
import { LockOut } from "../../../src/server/access/lock-out.ts";

const S = 1e6;

/** Uses `count` wrong keys, each as soon as it is allowed, and returns the pauses in seconds. */
function pauses(lockOut: LockOut, count: number, address = "192.0.2.1", start = 0): number[] {
  let now = start;
  return Array.from({ length: count }, () => {
    lockOut.failed(address, now);
    const pause = lockOut.secondsLeft(address, now);
    now += pause * S;
    return pause;
  });
}

test("LockOut: four wrong keys cause no pause, and further ones pauses of 1, 2, 4 … 60 s", () => {
  expect(pauses(new LockOut(), 13)).toEqual([0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
});

test("LockOut: a pause ends by itself, and another address has none", () => {
  const lockOut = new LockOut();
  pauses(lockOut, 5);
  expect(lockOut.secondsLeft("192.0.2.2", 0)).toBe(0);
  expect([0, 0.5, 0.999].map((at) => lockOut.secondsLeft("192.0.2.1", at * S))).toEqual([1, 1, 1]);
  expect(lockOut.secondsLeft("192.0.2.1", 1 * S)).toBe(0);
});

test("LockOut: after ten minutes without a wrong key, the address has no pauses", () => {
  const lockOut = new LockOut();
  pauses(lockOut, 8);
  lockOut.tick(700 * S);
  expect(pauses(lockOut, 5, "192.0.2.1", 700 * S)).toEqual([0, 0, 0, 0, 1]);
  const unticked = new LockOut();
  pauses(unticked, 8);
  expect(pauses(unticked, 5, "192.0.2.1", 700 * S)).toEqual([0, 0, 0, 0, 1]);
});

test("LockOut: wrong keys do not count while a viewer with a right key is connected, and for five minutes after", () => {
  const lockOut = new LockOut();
  pauses(lockOut, 4);
  lockOut.proven("192.0.2.1");
  lockOut.proven("192.0.2.1");
  expect(pauses(lockOut, 20)).toEqual(Array(20).fill(0));
  lockOut.left("192.0.2.1", 0);
  expect(lockOut.secondsLeft("192.0.2.1", 0)).toBe(0);
  lockOut.left("192.0.2.1", 0);
  expect(lockOut.secondsLeft("192.0.2.1", 0)).toBe(0);
  expect(pauses(lockOut, 20, "192.0.2.1", 299 * S)).toEqual(Array(20).fill(0));
  lockOut.tick(301 * S);
  expect(pauses(lockOut, 5, "192.0.2.1", 301 * S)).toEqual([0, 0, 0, 0, 1]);
});

test("LockOut: after a right key, earlier wrong keys do not count", () => {
  const lockOut = new LockOut();
  pauses(lockOut, 7);
  lockOut.proven("192.0.2.1");
  lockOut.left("192.0.2.1", 0);
  expect(pauses(lockOut, 5, "192.0.2.1", 300 * S)).toEqual([0, 0, 0, 0, 1]);
});

test("LockOut: at most 4096 addresses stay good after their viewers have left, and none after five minutes", () => {
  const lockOut = new LockOut();
  for (let host = 0; host < 10_000; host++) {
    lockOut.proven(`2001:db8:0:${host.toString(16)}::/64`);
    lockOut.left(`2001:db8:0:${host.toString(16)}::/64`, 0);
  }
  expect(lockOut.goodSize).toBe(4096);
  lockOut.tick(300 * S);
  expect(lockOut.goodSize).toBe(0);
});

test("LockOut: a hundred thousand addresses take no more memory than 4096", () => {
  const lockOut = new LockOut();
  for (let host = 0; host < 100_000; host++) pauses(lockOut, 5, `2001:db8:0:${host.toString(16)}::/64`);
  expect(lockOut.size).toBe(4096);
});
