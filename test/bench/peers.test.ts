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
  test("processorShares: includes child processes, and equals what the kernel counts until their end", async () => {
    const spin = "while :; do :; done";
    const beganAt = performance.now();
    const busy = Bun.spawn(["sh", "-c", `sh -c '${spin}' & trap 'kill $!; wait' TERM; wait`]);
    const idle = Bun.spawn(["sleep", "60"]);
    let shares: number[] = [];
    let seconds = 0;
    try {
      await Bun.sleep(100);
      shares = (await processorShares([busy.pid, idle.pid], 1)) ?? [];
      seconds = (performance.now() - beganAt) / 1000;
    } finally {
      busy.kill();
      idle.kill();
      await Promise.all([busy.exited, idle.exited]);
    }
    const [busyShare = 0, idleShare = 0] = shares;
    // wait4(2) counts the children that the process has waited for.
    const countedShare = Number(busy.resourceUsage()?.cpuTime.total ?? 0) / 1e6 / seconds;
    expect(busyShare).toBeGreaterThan(0.5 * countedShare);
    expect(busyShare).toBeLessThan(Math.min(1.2, 2 * countedShare + 0.02));
    expect(idleShare).toBeLessThan(0.02);
  });

  test("processorShares: returns null if a process has ended", async () => {
    const gone = Bun.spawn(["true"]);
    await gone.exited;
    expect(await processorShares([gone.pid], 0.3)).toBeNull();
  });
});
