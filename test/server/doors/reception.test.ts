// The reception: limits for refused connections, and for the pictures that all viewers together have not acknowledged.

import { afterEach, beforeEach, expect, test } from "bun:test";
import { SILENT_LOG } from "../../../src/core/log.ts";
import { DEFAULT_ACCESS_LIMITS } from "../../../src/server/access/limits.ts";
import type { DoorGuest } from "../../../src/server/doors/tcp.ts";
import { Reception } from "../../../src/server/doors/reception.ts";
import { EVERYBODY } from "../../../src/server/access/role.ts";
import { GoodbyeReason } from "../../../src/protocol/wire.ts";
import { Viewer } from "../../../src/server/deliver/viewer.ts";
import { resetClock, stopClock } from "../../support/moved-clock.ts";
import { PictureCamera } from "../../support/picture-camera.ts";

/** Moves the clock on, which stands still otherwise. */
let pass: (milliseconds: number) => void;
beforeEach(() => {
  pass = stopClock();
});
afterEach(resetClock);

class Door {
  readonly reception = new Reception({
    limits: { maxLatencyMicros: null, maxBitsPerSecond: null },
    access: { ...DEFAULT_ACCESS_LIMITS, connectsPerSecond: 1 },
    keys: null,
    findCamera: () => new PictureCamera(),
    listCameras: () => [],
    log: SILENT_LOG,
  });

  /** Connects once. Returns the name of the result, and a function that ends the connection. */
  connect(): { what: "let in" | "told" | "cut off"; close: () => void } {
    const { guest, calls } = this.meet();
    const what = guest instanceof Viewer ? "let in" : calls.join() === "write,end" ? "told" : "cut off";
    if (what === "cut off") expect(calls).toEqual(["abort"]);
    return { what, close: () => guest?.closed("it closed the connection") };
  }

  /** Connects once. `calls` are the calls to the connection. */
  meet(): { guest: DoorGuest | null; calls: string[] } {
    const calls: string[] = [];
    const guest = this.reception.connect({
      address: "192.0.2.1:1",
      door: "tcp",
      ip: "192.0.2.1",
      bufferedBytes: 0,
      write: (bytes) => {
        calls.push("write");
        return bytes.length;
      },
      end: () => void calls.push("end"),
      abort: () => void calls.push("abort"),
    });
    return { guest, calls };
  }

  count(connections: number, closesEach = false): Record<string, number> {
    const counts: Record<string, number> = {};
    for (let index = 0; index < connections; index++) {
      const { what, close } = this.connect();
      counts[what] = (counts[what] ?? 0) + 1;
      if (closesEach) close();
    }
    return counts;
  }
}

test("Reception: eight refused connections at a time have time to read the reason, and the others are closed at once", () => {
  const door = new Door();
  expect(door.count(1_000)).toEqual({ "let in": 2, told: 8, "cut off": 990 });
});

test("Reception: refused connections that close at once get the reason twenty times a second", () => {
  const door = new Door();
  expect(door.count(1_000, true)).toEqual({ "let in": 2, told: 20, "cut off": 978 });
  pass(1_000);
  expect(door.count(1_000, true)).toEqual({ "let in": 1, told: 20, "cut off": 979 });
});

test("Reception: connections that would be refused without a Goodbye are shunned and counted, and no others", () => {
  const door = new Door();
  const { reception } = door;
  const shuns = (ip: string) => Array.from({ length: 100 }, () => reception.shuns(ip));
  expect(shuns("192.0.2.1")).toEqual(Array(100).fill(false)); // nobody was refused yet
  door.count(10);
  const before = reception.refusedBy.connects;
  expect(shuns("192.0.2.1")).toEqual(Array(100).fill(true));
  expect(reception.refusedBy.connects).toBe(before + 100);
  expect(shuns("192.0.2.2")).toEqual(Array(100).fill(false));
  pass(1_000);
  expect(reception.shuns("192.0.2.1")).toBe(false);
  expect(door.connect().what).toBe("let in");
});

test("Reception: wrong keys of its address do not shun a connection whose key the door has checked", () => {
  const door = new Door();
  const { reception } = door;
  door.count(10); // there is no Goodbye for further ones
  const ip = "192.0.2.3";
  reception.gatekeeper.refusal = () => ({ reason: GoodbyeReason.full, text: "too many wrong keys" });
  expect(reception.shuns(ip)).toBe(true);
  expect(reception.shuns(ip, EVERYBODY)).toBe(false);
});

test("Reception: a refused connection that sends a flood is aborted", () => {
  const door = new Door();
  door.count(2);
  const { guest, calls } = door.meet();
  expect(calls).toEqual(["write", "end"]);
  guest?.receive(new Uint8Array(64 * 1024));
  expect(calls).toEqual(["write", "end"]);
  guest?.receive(new Uint8Array(1));
  expect(calls).toEqual(["write", "end", "abort"]);
});
