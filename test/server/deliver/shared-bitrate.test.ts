// The shared bit rate: addresses get even shares, and so do the viewers of an address. Others get the part that a viewer does not use.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { lineLog, SILENT_LOG } from "../../../src/core/log.ts";
import { fairShares, type Share, SharedBitrate } from "../../../src/server/deliver/shared-bitrate.ts";

const wishes = fc.array(fc.oneof(fc.nat(1_000_000), fc.constant(Number.POSITIVE_INFINITY)), {
  minLength: 1,
  maxLength: 20,
});

test("fairShares: distributes the whole total or the whole demand, and no viewer gets more than one with a larger demand", () => {
  fc.assert(
    fc.property(fc.nat(3_000_000), wishes, (total, wanted) => {
      const given = fairShares(total, wanted).map((fair, index) => Math.min(wanted[index] as number, fair));
      const sum = given.reduce((all, each) => all + each, 0);
      const most = Math.min(
        total,
        wanted.reduce((all, each) => all + each, 0),
      );
      expect(Math.abs(sum - most)).toBeLessThan(1e-3 * (most + 1));
      const unmet = given.filter((each, index) => each < (wanted[index] as number));
      for (const each of unmet) expect(each).toBeGreaterThanOrEqual(Math.max(...given) - 1e-3 * (most + 1));
    }),
  );
});

/** Viewers that ask for pictures of some size, 30 a second, for some seconds of simulated time. */
class Viewers {
  readonly #rate: SharedBitrate;
  readonly #all: { share: Share; bytes: number; sent: number }[] = [];
  #now = 1_000_000;

  constructor(rate: SharedBitrate) {
    this.#rate = rate;
  }

  /** Returns the number of the viewer. */
  join(ip: string, pictureBytes: number): number {
    return this.#all.push({ share: this.#rate.open(ip), bytes: pictureBytes, sent: 0 }) - 1;
  }

  leave(number: number): void {
    const [viewer] = this.#all.splice(number, 1, { share: this.#rate.open("none"), bytes: 0, sent: 0 });
    viewer?.share.close();
  }

  /** Returns the bits a second of each viewer. */
  run(seconds: number): number[] {
    for (const viewer of this.#all) viewer.sent = 0;
    for (let beat = 0; beat < 30 * seconds; beat++) {
      this.#now += 33_333;
      if (beat % 3 === 0) this.#rate.tick(this.#now);
      for (const viewer of this.#all) {
        if (viewer.bytes === 0 || !viewer.share.allows(this.#now)) continue;
        viewer.share.spend(viewer.bytes);
        viewer.sent += viewer.bytes;
      }
    }
    return this.#all.map(({ sent }) => (sent * 8) / seconds);
  }
}

describe("SharedBitrate: shares", () => {
  test("SharedBitrate: an address with one viewer and an address with five get the same", () => {
    const viewers = new Viewers(new SharedBitrate(4e6, SILENT_LOG));
    viewers.join("10.0.0.1", 20_000);
    for (let count = 0; count < 5; count++) viewers.join("10.0.0.2", 20_000);
    viewers.run(2);
    const [alone = 0, ...five] = viewers.run(20);
    expect(alone / 2e6).toBeCloseTo(1, 1);
    for (const each of five) expect(each / 4e5).toBeCloseTo(1, 1);
  });

  test("SharedBitrate: a lone viewer gets everything, even after others have left", () => {
    const viewers = new Viewers(new SharedBitrate(4e6, SILENT_LOG));
    viewers.join("10.0.0.1", 20_000);
    viewers.run(1);
    expect((viewers.run(10)[0] ?? 0) / 4e6).toBeCloseTo(1, 1);
    const second = viewers.join("10.0.0.2", 20_000);
    viewers.run(2);
    expect((viewers.run(10)[0] ?? 0) / 2e6).toBeCloseTo(1, 1);
    viewers.leave(second);
    viewers.run(2);
    expect((viewers.run(10)[0] ?? 0) / 4e6).toBeCloseTo(1, 1);
  });

  test("SharedBitrate: a viewer gets the part that another does not use, and the other gets its share as soon as it needs it", () => {
    const viewers = new Viewers(new SharedBitrate(4e6, SILENT_LOG));
    const small = viewers.join("10.0.0.1", 1_000); // the first viewer uses 0.24 Mbit/s
    viewers.join("10.0.0.2", 50_000);
    viewers.run(3);
    const [first = 0, second = 0] = viewers.run(20);
    expect(first / 240_000).toBeCloseTo(1, 1);
    expect(second).toBeGreaterThan(3.4e6);
    expect(first + second).toBeLessThan(4.3e6);
    viewers.leave(small);
    viewers.join("10.0.0.1", 50_000);
    const later = viewers.run(20);
    expect((later[2] ?? 0) / 2e6).toBeCloseTo(1, 0);
  });

  test("SharedBitrate: the sum never exceeds the limit by more than a picture for each viewer", () => {
    const viewer = fc.record({ network: fc.nat(3), bytes: fc.integer({ min: 100, max: 60_000 }) });
    fc.assert(
      fc.property(fc.integer({ min: 100_000, max: 20_000_000 }), fc.array(viewer, { minLength: 1 }), (limit, all) => {
        const viewers = new Viewers(new SharedBitrate(limit, SILENT_LOG));
        for (const { network, bytes } of all) viewers.join(`10.0.0.${network}`, bytes);
        const seconds = 10;
        const bits = viewers.run(seconds).reduce((sum, each) => sum + each, 0) * seconds;
        const overdrawn = all.reduce((sum, { bytes }) => sum + bytes * 8, 0);
        expect(bits).toBeLessThanOrEqual(1.1 * limit * seconds + overdrawn + 0.1 * limit);
      }),
      { numRuns: 30 },
    );
  });

  test("SharedBitrate: pictures that it holds back are counted, and logged once while this goes on", () => {
    const lines: string[] = [];
    const rate = new SharedBitrate(
      1e6,
      lineLog((text) => lines.push(text)),
    );
    const viewers = new Viewers(rate);
    viewers.join("10.0.0.1", 20_000);
    viewers.run(20);
    expect(rate.heldBack).toBeGreaterThan(50);
    expect(rate.sentBytes).toBeGreaterThan(2_000_000);
    expect(lines).toEqual([
      "viewers want more than --max-total-bitrate, which is 1 Mbit/s: their addresses share it evenly (1 now)",
    ]);
  });

  test("SharedBitrate: without a limit no picture is held back, and the bytes are counted", () => {
    const rate = new SharedBitrate(null, SILENT_LOG);
    const viewers = new Viewers(rate);
    viewers.join("10.0.0.1", 1_000_000);
    viewers.run(2);
    expect(rate.heldBack).toBe(0);
    expect(rate.sentBytes).toBe(60_000_000);
  });
});
