// A server under systemd: it tells when it is ready, and SIGHUP gives it new settings without a disturbance of viewers whose camera
// is the same.

import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEBIAN_PYTHON } from "../../scripts/setup/package-table.ts";
import type { ViewReport } from "../../src/client/figures.ts";
import { NotifySocket } from "../support/notify-socket.ts";
import { Program, startServer, startViewer, TEST_TIMEOUT_MS } from "../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const FOLDER = mkdtempSync(join(tmpdir(), "slipstream-test-"));
afterAll(() => rmSync(FOLDER, { recursive: true }));
const FILE = join(FOLDER, "slipstream.toml");

function writeCameras(cameras: Record<string, string>, head = ""): void {
  const tables = Object.entries(cameras).map(
    ([name, size]) => `[[cameras]]\nname = "${name}"\nsource = "pattern"\nsize = "${size}"\nfps = 10\n`,
  );
  writeFileSync(FILE, `${head}\n${tables.join("\n")}`);
}

test.skipIf(!existsSync(DEBIAN_PYTHON))(
  "SIGHUP: new settings reach the server, and only viewers of other cameras notice",
  async () => {
    const name = `@slipstream-test-reload-${process.pid}`;
    await using socket = await NotifySocket.open(name);
    const readyMessages = () => socket.messages.filter((message) => message === "READY=1").length;
    writeCameras({ same: "320x180", other: "320x180", gone: "320x180" });
    const env = { NOTIFY_SOCKET: name, WATCHDOG_USEC: "200000" };
    await using server = await startServer(["--config", FILE], { env });
    await socket.until("the readiness", () => readyMessages() === 1);
    await socket.until("signs of life", (messages) => messages.includes("WATCHDOG=1"));
    await socket.until("the status", (messages) => messages.some((text) => /^STATUS=same .*viewer/.test(text)));

    const viewerOf = (camera: string) =>
      new Program<ViewReport>("view", [`127.0.0.1:${server.port}/${camera}`, "--display", "none", "--json"]);
    await using same = viewerOf("same");
    await using other = viewerOf("other");
    await using gone = viewerOf("gone");
    for (const viewer of [same, other, gone]) await viewer.until("frames", ({ last }) => (last?.frames ?? 0) > 5);

    writeCameras({ fresh: "160x90", same: "320x180", other: "640x360" }, "workers = 3\nmax-latency = 500");
    server.child.kill("SIGHUP");
    await socket.until("the reload", (messages) =>
      messages.some((text) => /^RELOADING=1 \| MONOTONIC_USEC=\d+$/.test(text)),
    );
    await socket.until("the readiness after it", () => readyMessages() === 2);
    await server.until("the line", ({ remarks }) => remarks.includes("the settings were read again"));
    expect(server.remarks).toContain(
      "unchanged: same; ended: other, gone; started: fresh, other; after a restart only: workers",
    );
    await other.until("the other size", ({ last }) => last?.width === 640 && last.reconnects === 1);
    await gone.until("the goodbye", ({ remarks }) => remarks.includes("gone was removed from the server"));
    await server.until(
      "the names",
      ({ last }) => last?.cameras?.map((each) => each.name).join() === "fresh,same,other",
    );
    expect(same.last).toMatchObject({ reconnects: 0, connected: true, width: 320 });

    writeFileSync(FILE, "qualty = 3\n");
    server.child.kill("SIGHUP");
    await server.until("the error", ({ remarks }) => remarks.includes("the settings stay as they were"));
    expect(server.remarks).toContain("slipstream.toml:1: qualty: there is no such setting; did you mean quality?");
    await socket.until("the readiness after it", () => readyMessages() === 3);
    const { frames = 0 } = same.last ?? {};
    await same.until("further frames", ({ last }) => (last?.frames ?? 0) > frames + 5);
    expect(same.last).toMatchObject({ reconnects: 0, connected: true });

    expect(await server.end("SIGTERM")).toBe(0);
    await socket.until("the end", (messages) => messages.includes("STOPPING=1"));
  },
);

test.skipIf(process.platform !== "linux")(
  "SIGHUP: a camera with new settings gets the memory of the old one",
  async () => {
    const size = { width: 1280, height: 720 };
    const write = (quality: number) => writeCameras({ door: `${size.width}x${size.height}` }, `quality = ${quality}`);
    write(60);
    await using server = await startServer(["--config", FILE, "--workers", "1"]);
    await using viewer = startViewer(server.port);
    /** Changes the quality and waits until the viewer has pictures of the new camera. */
    const change = async (quality: number) => {
      write(quality);
      server.child.kill("SIGHUP");
      await viewer.until(`pictures of quality ${quality}`, ({ last }) => last?.quality === quality);
      const { frames = 0 } = viewer.last ?? {};
      await viewer.until("further frames", ({ last }) => (last?.frames ?? 0) > frames + 3);
    };
    const residentBytes = () =>
      1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.child.pid}/status`, "utf8"))?.[1]);
    for (const quality of [61, 62, 63]) await change(quality);
    const before = residentBytes();
    const changes = 10;
    for (let quality = 70; quality < 70 + changes; quality++) await change(quality);
    // A camera has at least two frames in its memory. Without the reuse, each change would take as much.
    const frameBytes = size.width * size.height * 4;
    expect(residentBytes() - before).toBeLessThan((changes / 2) * 2 * frameBytes);
    expect(await viewer.end("SIGTERM")).toBe(0);
    expect(await server.end("SIGTERM")).toBe(0);
  },
);

test.skipIf(process.platform !== "linux")(
  "SIGHUP: a camera with new settings reads on in the middle of a frame on standard input",
  async () => {
    const { width, height } = { width: 320, height: 180 };
    const write = (quality: number) => {
      const camera = `source = "-"\nname = "door"\npixel-format = "gray"\nsize = "${width}x${height}"`;
      writeFileSync(FILE, `[[cameras]]\n${camera}\nquality = ${quality}\n`);
    };
    write(70);
    await using server = await startServer(["--config", FILE], { stdin: "pipe" });
    const input = server.child.stdin as Bun.FileSink;
    const [top, bottom] = [0, 255].map((grey) => new Uint8Array((width * height) / 2).fill(grey)) as [
      Uint8Array,
      Uint8Array,
    ];
    await input.write(Buffer.concat([top, bottom, top]));
    await server.until("the first frame", ({ last }) => (last?.frames ?? 0) === 1);
    write(80);
    server.child.kill("SIGHUP");
    await server.until("the reload", ({ remarks }) => remarks.includes("started: door"));
    await input.write(bottom);
    const flags = [`127.0.0.1:${server.port}`, "--display", "none", "--frames", "1", "--output", "-"];
    await using viewer = new Program("view", flags, { rawOutput: true });
    while (viewer.child.exitCode === null) {
      await input.write(Buffer.concat([top, bottom])); // frames that come before somebody reads are dropped
      await Bun.sleep(20);
    }
    await viewer.until("the picture", ({ bytes }) => bytes.length === width * height * 4);
    expect([viewer.bytes[0], viewer.bytes.at(-4)].map((grey) => (grey as number) > 128)).toEqual([false, true]);
  },
);

test("SIGHUP shuts a server without a settings file down cleanly", async () => {
  await using server = await startServer(["--source", "pattern", "--size", "160x90"]);
  expect(await server.end("SIGHUP")).toBe(0);
  expect(server.reports.at(-1)).toMatchObject({ final: true });
});
