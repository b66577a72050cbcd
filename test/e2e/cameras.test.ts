// Several cameras in one server: viewers choose them by name, list them, and each camera ends on its own. Real processes, real sockets.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readCameras } from "../../src/protocol/cameras.ts";
import { readWelcome } from "../../src/protocol/greeting.ts";
import { MessageSplitter } from "../../src/protocol/splitter.ts";
import { MessageType } from "../../src/protocol/wire.ts";
import { CLIP, Program, REPORTS_A_SECOND, runToEnd, startServer, TEST_TIMEOUT_MS } from "../support/programs.ts";
import type { ViewReport } from "../../src/client/figures.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const TWO = ["--source", "pattern", "--source", "pattern", "--size", "320x240", "--fps", "20"];

function startViewerOf(camera: string, port: number, flags: string[] = []): Program<ViewReport> {
  return new Program("view", [...[`127.0.0.1:${port}/${camera}`, "--display", "none", "--json"], ...flags]);
}

/** Sends `hello` and returns the server's first two messages: Welcome and the next one. The socket stays open. */
async function greetRaw(port: number, hello: Uint8Array): Promise<{ type: number; body: Uint8Array }[]> {
  const heard: { type: number; body: Uint8Array }[] = [];
  const enough = Promise.withResolvers<void>();
  const splitter = new MessageSplitter(1 << 20, (type, body) => {
    heard.push({ type, body: new Uint8Array(body) });
    if (heard.length === 2) enough.resolve();
  });
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: { data: (_, chunk) => splitter.feed(chunk), close: () => enough.resolve() },
  });
  socket.write(hello);
  await enough.promise;
  return heard;
}

describe("serve: runs two cameras", () => {
  test("view: shows the camera with the given name or part of a name, or the first camera without a name", async () => {
    await using server = await startServer(["--source", "pattern", "--source", CLIP, "--size", "320x240"]);
    const shown = async (camera: string) => {
      await using viewer = startViewerOf(camera, server.port, ["--frames", "3"]);
      expect(await viewer.end()).toBe(0);
      return viewer.last?.source;
    };
    expect(await shown("")).toBe("pattern");
    expect(await shown("pattern")).toBe("pattern");
    expect(await shown("vtest-6s.mp4")).toBe("vtest-6s.mp4");
    expect(await shown("VTEST")).toBe("vtest-6s.mp4");
  });

  test("view: an unknown camera ends the viewer at once with the names of the cameras", async () => {
    await using server = await startServer(TWO);
    const viewer = await runToEnd("view", [`127.0.0.1:${server.port}/roof`, "--display", "none"]);
    expect(viewer.code).toBe(1);
    expect(viewer.remarks).toContain(
      `error: 127.0.0.1:${server.port}: there is no camera 'roof': the cameras are pattern, pattern-2`,
    );
  });

  test("view --list: lists the cameras as text and as JSON, and nothing is encoded", async () => {
    await using server = await startServer(TWO);
    await server.until("frames", ({ last }) => last?.cameras?.every(({ frames }) => frames > 2) ?? false);
    const address = `127.0.0.1:${server.port}`;
    const program = await runToEnd("view", [address, "--list", "--json"]);
    expect(program.code).toBe(0);
    const entry = { hasEnded: false, width: 320, height: 240, framesPerSecond: 20 };
    expect(program.program.last).toEqual({
      cameras: [
        { name: "pattern", ...entry },
        { name: "pattern-2", ...entry },
      ],
    });
    const people = await runToEnd("view", [address, "--list"], { rawOutput: true });
    expect(people.program.bytes.toString()).toBe("pattern    320×240  20 fps\npattern-2  320×240  20 fps\n");
    const { length } = server.reports;
    await server.until("reports", ({ reports }) => reports.length > length + 3 * REPORTS_A_SECOND);
    expect(server.last).toMatchObject({ encoded: 0, viewers: 0 });
  });

  test("serve: an older viewer, which names no camera, gets the first", async () => {
    await using server = await startServer(TWO);
    const older = Buffer.from("0e00000001534c4950020600736c69702031", "hex");
    const [welcome, cameras] = await greetRaw(server.port, older);
    expect(welcome?.type).toBe(MessageType.welcome);
    expect(readWelcome(welcome?.body ?? new Uint8Array()).sourceName).toBe("pattern");
    expect(cameras?.type).toBeGreaterThanOrEqual(128); // an older viewer skips this message
    expect(readCameras(cameras?.body ?? new Uint8Array()).map(({ name }) => name)).toEqual(["pattern", "pattern-2"]);
    await server.until("its encoding", ({ last }) => (last?.cameras?.[0]?.encoded ?? 0) > 0);
    expect(server.last?.cameras?.[1]?.encoded).toBe(0);
  });

  test("serve: encodes only the watched camera, and reports sums over the cameras and the first camera's figures", async () => {
    await using server = await startServer(TWO);
    await using viewer = startViewerOf("pattern-2", server.port);
    await viewer.until("frames", ({ last }) => (last?.frames ?? 0) > 10);
    await server.until("the report of the camera", ({ last }) => (last?.cameras?.[1]?.sent ?? 0) > 10);
    const sums = server.last;
    const [first, second] = sums?.cameras ?? [];
    expect(first).toMatchObject({ name: "pattern", viewers: 0, encoded: 0, sent: 0, width: 320 });
    expect(second).toMatchObject({ name: "pattern-2", source: "pattern", viewers: 1, ended: null });
    expect(sums).toMatchObject({ source: "pattern", width: 320, viewers: 1, bytesPerFrame: first?.bytesPerFrame });
    expect(sums?.frames).toBe((first?.frames ?? 0) + (second?.frames ?? 0));
    expect([sums?.sent, sums?.encoded]).toEqual([second?.sent, second?.encoded]);
  });
});

/** The trouble of a device that is no camera. It is not opened again. */
const NO_CAMERA = "/dev/null is not a camera";

describe("serve: a camera ends while others run", () => {
  test("serve: when a camera ends, the others go on, and its present and later viewers are told", async () => {
    const flags = ["--source", "pattern", "--source", "-", "--pixel-format", "gray", "--size", "320x240"];
    await using server = await startServer(flags, { stdin: "pipe" });
    await using steady = startViewerOf("pattern", server.port);
    await using short = startViewerOf("standard", server.port, ["--once"]);
    const stdin = server.child.stdin as Bun.FileSink;
    while ((short.last?.frames ?? 0) < 3) {
      stdin.write(new Uint8Array(320 * 240).fill(short.reports.length));
      stdin.flush();
      await Bun.sleep(10);
    }
    stdin.end();
    expect(await short.end()).toBe(0);
    expect(short.remarks).toContain("standard input has ended");
    const before = steady.last?.frames ?? 0;
    await steady.until("more frames", ({ last }) => (last?.frames ?? 0) > before + 20);
    expect(steady.last?.reconnects).toBe(0);
    const late = await runToEnd("view", [`127.0.0.1:${server.port}/standard input`, "--display", "none", "--once"]);
    expect(late.remarks).toContain("standard input has ended");
    await server.until("its end", ({ last }) => last?.cameras?.[1]?.ended === "standard input has ended");
    const list = await runToEnd("view", [`127.0.0.1:${server.port}`, "--list", "--json"]);
    expect(list.program.last).toMatchObject({ cameras: [{ hasEnded: false }, { hasEnded: true }] });
  });

  test("serve: a camera that fails at once does not stop the others", async () => {
    await using server = await startServer(["--source", "/dev/null", "--source", "pattern", "--fps", "20"]);
    await using viewer = startViewerOf("pattern", server.port, ["--frames", "3"]);
    expect(await viewer.end()).toBe(0);
    await server.until("its end", ({ remarks }) => remarks.includes(`/dev/null has ended: ${NO_CAMERA}`));
    const list = await runToEnd("view", [`127.0.0.1:${server.port}`, "--list", "--json"]);
    expect(list.program.last).toMatchObject({ cameras: [{ name: "/dev/null", hasEnded: true }, { name: "pattern" }] });
    const first = await runToEnd("view", [`127.0.0.1:${server.port}`, "--display", "none", "--once"]);
    expect(first.remarks).toContain(NO_CAMERA);
  });

  test("serve: fails when all cameras have failed", async () => {
    const { code, remarks } = await runToEnd("serve", [
      "--source",
      "/dev/null",
      "--source",
      "/dev/zero",
      "--port",
      "0",
    ]);
    expect(code).toBe(1);
    expect(remarks).toEndWith(`error: ${NO_CAMERA}\n`);
  });

  test("serve: exits with code 2 when all cameras have wrong options", async () => {
    const { code, remarks } = await runToEnd("serve", [...TWO, "--device", "x", "--port", "0"]);
    expect([code, remarks]).toEqual([
      2,
      "error: --device applies only to --source webcam: to read the camera directly write --source x\n",
    ]);
  });

  test("serve: ends when all cameras have ended", async () => {
    const { code } = await runToEnd("serve", [...TWO, "--frames", "5", "--port", "0"]);
    expect(code).toBe(0);
  });
});

describe("serve: serve: a camera that is missing at the start", () => {
  test("serve: waits for one of several cameras, and tells its viewers the reason", async () => {
    const folder = mkdtempSync(join(tmpdir(), "slipstream-late-"));
    const path = join(folder, "late.mp4");
    await using server = await startServer(["--source", path, "--source", "pattern", "--size", "320x240"]);
    const why = `cannot read ${path}: there is no such file or device; trying again`;
    await server.until("the line", ({ remarks }) => remarks.includes(`late.mp4: ${why}`));
    await using viewer = startViewerOf("late", server.port);
    await viewer.until("the notice", ({ last, remarks }) => last?.trouble === why && remarks.includes(why));
    const list = await runToEnd("view", [`127.0.0.1:${server.port}`, "--list", "--json"]);
    expect(list.program.last).toMatchObject({ cameras: [{ name: "late.mp4", hasEnded: false }, { hasEnded: false }] });
    await using other = startViewerOf("pattern", server.port, ["--frames", "3"]);
    expect(await other.end()).toBe(0);
    copyFileSync(CLIP, path);
    await viewer.until("pictures", ({ last }) => (last?.frames ?? 0) > 3 && last?.trouble === null);
    expect(viewer.last).toMatchObject({ reconnects: 0, source: "late.mp4" });
    rmSync(folder, { recursive: true });
  });

  test("serve: a missing camera ends the server at once if it is the only one", async () => {
    const { code, remarks } = await runToEnd("serve", ["--source", "/nowhere/a", "--port", "0"]);
    expect([code, remarks]).toEqual([1, "error: cannot read /nowhere/a: there is no such file or device\n"]);
  });
});
