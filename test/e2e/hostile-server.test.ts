// Viewers of hostile servers, in real processes: they end with one line or go on, and their memory stays bounded.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { ViewReport } from "../../src/client/figures.ts";
import type { HostileServerKind } from "../support/hostile-server.ts";
import { type Program, startViewer, TEST_TIMEOUT_MS } from "../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const SCRIPT = fileURLToPath(new URL("../support/hostile-server.ts", import.meta.url));
/** The viewer of an ordinary camera needs less memory than this. */
const MEMORY_LIMIT_MIB = 512;

let servers: Bun.Subprocess<"ignore", "pipe", "inherit">;
let ports: Record<HostileServerKind, number>;
beforeAll(async () => {
  servers = Bun.spawn([process.execPath, SCRIPT], { stdio: ["ignore", "pipe", "inherit"] });
  const { value } = await servers.stdout.getReader().read();
  ports = JSON.parse(new TextDecoder().decode(value));
});
afterAll(async () => {
  servers.kill("SIGKILL");
  await servers.exited;
});

/** A viewer that connects to a hostile server once. */
function meet(kind: HostileServerKind, flags: readonly string[] = []) {
  const viewer = startViewer(ports[kind], ["--once", ...flags]);
  return { viewer, peak: memoryPeak(viewer), [Symbol.asyncDispose]: () => viewer[Symbol.asyncDispose]() };
}

/** Follows the peak memory of a process (proc(5), VmHWM), which cannot be read after the process has ended. */
function memoryPeak({ child }: Program<ViewReport>): { mib: number } {
  const peak = { mib: 0 };
  const timer = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
      peak.mib = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024 || peak.mib;
    } catch {
      clearInterval(timer); // the process has ended
    }
  }, 20);
  return peak;
}

describe.skipIf(process.platform !== "linux")("hostile servers", () => {
  test.each<[HostileServerKind, RegExp]>([
    ["a picture of 67 million pixels", /its pictures of 8192x8192 have more than 33554432 pixels \(--max-pixels\)/],
    ["sizes that grow", /more than 60 Stream messages a second/],
    ["streams without end", /more than 60 Stream messages a second/],
    ["pings without end", /more than 100 messages a second in addition to frames/],
    ["pings without end, and reads nothing", /more than 100 messages a second in addition to frames/],
    ["notices without end", /more than 100 messages a second in addition to frames/],
    ["a million tiny tiles", /the picture has 524288 tiles, and the limit is 70000/],
    ["tiles beyond the picture", /Tiles contains tile 16777214, but the picture has 4800 tiles/],
    ["tiles that are too long", /a tile has 100000 bytes, and at most 1088 are allowed/],
    ["unknown messages of 60 MB", /a message has 60000001 bytes, and 1 to 4194304 are allowed/],
  ])("a viewer disconnects from a server that sends %s, and gives the reason in one line", async (kind, reason) => {
    await using meeting = meet(kind);
    const { viewer, peak } = meeting;
    expect(await viewer.end()).toBe(1);
    expect(viewer.remarks).toMatch(reason);
    expect(viewer.remarks.split("\n").filter((line) => line.startsWith("error: ")).length).toBe(1);
    expect(peak.mib).toBeLessThan(MEMORY_LIMIT_MIB);
  });

  test("a grid of 64 cameras with pictures of full size takes no more memory than one camera may", async () => {
    await using meeting = meet("64 cameras of full size", ["--grid"]);
    const { viewer, peak } = meeting;
    expect(await viewer.end()).toBe(1);
    expect(viewer.remarks).toMatch(/5792x5792 have, together with the other cameras, more than 33554432 pixels/);
    expect(viewer.remarks.split("\n").filter((line) => line.startsWith("error: ")).length).toBe(1);
    expect(peak.mib).toBeLessThan(2 * MEMORY_LIMIT_MIB); // one of them has the memory that its size needs
  });

  test.each<HostileServerKind>(["a frame that never ends", "pictures without a pause"])(
    "a viewer of a server that sends %s needs little memory, and a signal ends it at once",
    async (kind) => {
      await using meeting = meet(kind);
      const { viewer, peak } = meeting;
      await viewer.until("its connection", ({ last }) => last?.connected === true);
      await Bun.sleep(2_000); // it is under attack
      expect(await viewer.end("SIGINT")).toBeLessThanOrEqual(1); // 1: no picture was shown
      expect(viewer.remarks).not.toContain("the program has not ended");
      expect(peak.mib).toBeLessThan(MEMORY_LIMIT_MIB);
    },
  );

  test("progressive pictures need little more memory than ordinary ones of their size, and a signal ends the viewer", async () => {
    const peaks: number[] = [];
    const kinds: HostileServerKind[] = [
      "ordinary pictures of 16 million pixels",
      "progressive pictures of 16 million pixels",
    ];
    for (const kind of kinds) {
      await using meeting = meet(kind);
      const { viewer, peak } = meeting;
      await viewer.until("pictures", ({ last }) => (last?.frames ?? 0) > 2);
      expect(await viewer.end("SIGINT")).toBe(0);
      expect(viewer.remarks).not.toContain("the program has not ended");
      peaks.push(peak.mib);
    }
    const [ordinary = 0, progressive = 0] = peaks;
    expect(progressive - ordinary).toBeLessThan(MEMORY_LIMIT_MIB);
  });

  test.each<[HostileServerKind, string]>([
    ["pictures larger than their stream", "its JPEG of 8192x8192 is larger than the server has announced"],
    [
      "CMYK pictures of 33 million pixels",
      "Slipstream does not decode JPEG of four components (CMYK) of 5792x5792 pixels",
    ],
  ])("a viewer does not decode %s, and a signal ends it", async (kind, reason) => {
    await using meeting = meet(kind);
    const { viewer, peak } = meeting;
    await viewer.until("damage", ({ last }) => (last?.droppedBy.decode ?? 0) > 0);
    expect(viewer.remarks).toContain(reason);
    expect(await viewer.end("SIGINT")).toBeLessThanOrEqual(1); // no picture was shown
    expect(peak.mib).toBeLessThan(MEMORY_LIMIT_MIB);
  });
});
