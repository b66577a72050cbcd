// The peers of `bench peers`: each installed peer delivers frames with a time stamp.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { outsidePeers } from "../../bench/peers/outside.ts";
import { OURS } from "../../bench/peers/ours.ts";
import { processorShares } from "../../bench/peers/processor-time.ts";

setDefaultTimeout(60_000);

const ROUND = { size: { width: 320, height: 180 }, fps: 30, seconds: 1, slowMs: 0, display: null };

describe("peers: frames and processor time", () => {
  for (const { name, isInstalled, run } of [OURS, ...outsidePeers()]) {
    const reason = isInstalled ? "" : " (skipped: not installed; bun run test --all installs it)";
    test.skipIf(!isInstalled)(`peer ${name}: delivers readable frames in order${reason}`, async () => {
      const outcome = await run(ROUND);
      expect(outcome).toMatchObject({ unreadable: 0, outOfOrder: 0 });
      expect(outcome.frames).toBeGreaterThan(1);
      expect(outcome.fps).toBeLessThan(2 * ROUND.fps);
      expect(outcome.latencyMs.p50).toBeGreaterThan(0);
      expect(outcome.latencyMs.max).toBeGreaterThanOrEqual(outcome.latencyMs.p99);
      expect(outcome.latencyMs.p99).toBeGreaterThanOrEqual(outcome.latencyMs.p50);
    });
  }

  const slow = outsidePeers().find(({ name }) => name === "opencv-jpeg");
  const reason = slow?.isInstalled ? "" : " (skipped: not installed)";
  test.skipIf(!slow?.isInstalled)(
    `peer opencv-jpeg: the latency includes the time of a slow receiver${reason}`,
    async () => {
      const outcome = await slow?.run({ ...ROUND, slowMs: 200 });
      expect(outcome?.lastSecondMs).toBeGreaterThanOrEqual(200);
      expect(outcome?.fps).toBeLessThan(5.1);
    },
  );
});

describe.skipIf(process.platform !== "linux")("processorShares", () => {
  test("processorShares: includes child processes, and differs for busy and idle processes", async () => {
    const spin = "while :; do :; done";
    const busy = Bun.spawn(["sh", "-c", `sh -c '${spin}' & trap 'kill $!' TERM; wait`]);
    const idle = Bun.spawn(["sleep", "60"]);
    try {
      await Bun.sleep(100);
      const [busyShare, idleShare] = (await processorShares([busy.pid, idle.pid], 1)) ?? [];
      // Beside many other programs a busy process gets a small share, but the kernel counts no time for one that sleeps.
      expect(busyShare).toBeGreaterThan(0.015);
      expect(busyShare).toBeLessThan(1.2);
      expect(idleShare).toBeLessThan(0.5 * (busyShare as number));
    } finally {
      busy.kill();
      idle.kill();
      await Promise.all([busy.exited, idle.exited]);
    }
  });

  test("processorShares: returns null if a process has ended", async () => {
    const gone = Bun.spawn(["true"]);
    await gone.exited;
    expect(await processorShares([gone.pid], 0.3)).toBeNull();
  });
});
