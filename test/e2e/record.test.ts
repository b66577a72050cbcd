// `serve --record`: the frames in the files, their times, SIGKILL, and wrong folders.

import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createCamera } from "../../src/capture/push-camera.ts";
import { nowMicros } from "../../src/core/clock.ts";
import { serve } from "../../src/server/serve.ts";
import { childrenOf, ffmpegBytes, Program, startServer, TEST_TIMEOUT_MS } from "../support/programs.ts";
import { readRecording } from "../support/recorded-camera.ts";
import { until } from "../support/wait-until.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipstream-test-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const recordings = () =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".mkv"))
    .map((name) => join(folder, name));

test("serve --record: every frame that is encoded is in the file, in order, with its time, and without a viewer", async () => {
  const [width, height, frames] = [64, 48, 60];
  const camera = createCamera();
  const capturedAt: number[] = [];
  let file: string | null | undefined = null;
  {
    await using server = await serve({ cameras: [{ source: camera, name: "door", record: { folder } }], port: 0 });
    for (let frame = 0; frame < frames; frame++) {
      await Bun.sleep(2); // the times in the file are milliseconds
      const now = nowMicros();
      capturedAt.push(now);
      camera.push(new Uint8Array(width * height * 4).fill(4 * frame), { width, height, capturedAt: now });
      const isEncoded = () => {
        const { encoded, dropped } = server.report();
        return encoded + dropped > frame;
      };
      await until(isEncoded, `the encoding of frame ${frame}`, 20_000);
    }
    const { recording, encoded } = server.report();
    expect(encoded).toBe(frames);
    expect(recording).toMatchObject({ leftOut: 0, trouble: null });
    file = recording?.file;
  }
  const [path = ""] = recordings();
  expect(file).toBe(path);
  const grey = ffmpegBytes("-i", path, "-fps_mode", "passthrough", "-vf", "scale=1:1,format=gray", "-f", "rawvideo");
  const identities = [...grey].map((level) => Math.round(level / 4));
  expect(identities.slice(0, frames)).toEqual(Array.from({ length: frames }, (_, frame) => frame));
  const pictures = readRecording(path);
  for (const [frame, time] of capturedAt.entries()) {
    const late = (pictures[frame]?.milliseconds ?? 0) - (time - (capturedAt[0] ?? 0)) / 1000;
    expect(Math.abs(late)).toBeLessThanOrEqual(1);
  }
});

test("serve --record: after SIGKILL the file plays up to the last second", async () => {
  const flags = ["--source", "pattern", "--size", "320x240", "--fps", "30", "--record", folder];
  const server = await startServer(flags, {});
  await server.until("some seconds", ({ last }) => (last?.recording?.pictures ?? 0) > 60);
  const { recording } = server.reports.at(-1) as { recording: { pictures: number } };
  const [ffmpeg = 0] = childrenOf(server.child.pid, "ffmpeg");
  for (const pid of [ffmpeg, server.child.pid]) process.kill(pid, "SIGKILL");
  await server.child.exited;
  await server.end();
  expect(recordings()).toHaveLength(1);
  const [path = ""] = recordings();
  expect(readRecording(path).length).toBeGreaterThanOrEqual(recording.pictures - 30);
  expect(ffmpegBytes("-i", path, "-frames:v", "30", "-f", "rawvideo", "-pix_fmt", "gray")).toHaveLength(30 * 320 * 240);
  expect(statSync(dirname(path)).mode & 0o077).toBe(0);
});

test("serve --record: after SIGKILL of the server alone, ffmpeg completes the file and ends", async () => {
  const server = await startServer(["--source", "pattern", "--size", "160x120", "--record", folder], {});
  await server.until("pictures", ({ last }) => (last?.recording?.pictures ?? 0) > 10);
  const [ffmpeg = 0] = childrenOf(server.child.pid, "ffmpeg");
  server.child.kill("SIGKILL");
  await server.child.exited;
  await server.end();
  await until(() => !existsSync(`/proc/${ffmpeg}/exe`), "the end of ffmpeg", 20_000);
  // A complete file has its length.
  const [path = ""] = recordings();
  const probe = Bun.spawnSync(["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", path]);
  expect(Number(probe.stdout.toString())).toBeGreaterThan(0);
});

test("serve --record: refuses a folder that is a file, and one that it may not write to", async () => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  const run = async (where: string) => {
    await using program = new Program("serve", ["--source", "pattern", "--port", "0", "--record", where]);
    expect(await program.child.exited).toBe(2);
    await program.end();
    return program.remarks;
  };
  expect(await run(file)).toContain(`cannot record to ${file}: it is not a folder`);
  expect(await run("/proc/recordings")).toContain("cannot record to /proc/recordings: there is no such file");
});

test("serve --record: settings with a folder that cannot be used change nothing in a running server", async () => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  const source = createCamera();
  const camera = { source, name: "door", record: { folder } };
  await using server = await serve({ cameras: [camera], port: 0 });
  const push = () => source.push(new Uint8Array(64 * 48 * 4), { width: 64, height: 48 });
  const isRecorded = () => {
    push();
    return (server.report().recording?.pictures ?? 0) > 0;
  };
  await until(isRecorded, "a recording", 20_000);
  await expect(server.change({ cameras: [{ ...camera, record: { folder: file } }], port: 0 })).rejects.toThrow(
    `cannot record to ${file}: it is not a folder`,
  );
  expect(["taken", "replaced an older frame"]).toContain(push());
  expect(server.report()).toMatchObject({ source: source.name, recording: { trouble: null } });
});
