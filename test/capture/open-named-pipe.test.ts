// A named pipe as a source: its pictures are passed on unchanged, and a second writer continues it.

import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSource } from "../../src/capture/open.ts";
import { PICTURES } from "../support/jpeg-streams.ts";
import { TEST_TIMEOUT_MS } from "../support/programs.ts";
import { RecordingSink } from "../support/recording-sink.ts";
import { until } from "../support/wait-until.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const folder = mkdtempSync(join(tmpdir(), "slipstream-named-pipe-"));
afterAll(() => rmSync(folder, { recursive: true }));

function namedPipe(name: string): string {
  const path = join(folder, name);
  expect(Bun.spawnSync(["mkfifo", path]).success).toBe(true);
  return path;
}

/** Runs the source until the pipe ends or `signal` aborts. Returns the error of the run. */
function run(path: string, signal: AbortSignal = new AbortController().signal) {
  const sink = new RecordingSink();
  const ended = openSource({ source: path })
    .run(sink, signal)
    .catch((error: Error) => error.message);
  return { sink, ended };
}

test("named pipe: each picture comes with its last byte, unchanged, and the source ends with its writer", async () => {
  const path = namedPipe("run.mjpeg");
  const [first, second] = PICTURES as [Uint8Array, Uint8Array];
  for (const written of [first, second]) {
    const { sink, ended } = run(path);
    const writer = await open(path, "w");
    await writer.write(written);
    await until(() => sink.jpegs.length === 1, "the picture");
    expect(Buffer.from(sink.jpegs[0] as Uint8Array).equals(written)).toBe(true);
    await writer.close();
    expect(await ended).toBe("run.mjpeg has ended");
  }
});

test("named pipe: video that is not JPEG is read by ffmpeg", async () => {
  const path = namedPipe("other");
  const { sink, ended } = run(path);
  const input = ["-re", "-f", "lavfi", "-i", "testsrc=size=64x48:rate=25"];
  const output = ["-c:v", "mpeg2video", "-f", "mpegts", "-flush_packets", "1", "-y", path];
  const writer = Bun.spawn(["ffmpeg", "-v", "error", ...input, ...output], { stdin: "ignore", stderr: "ignore" });
  await until(() => sink.frames.length > 3, "frames", 30_000);
  writer.kill("SIGKILL");
  expect(await ended).toBe("other has ended");
  expect(sink.frames[0]).toMatchObject({ width: 64, height: 48 });
});

test("named pipe: the source ends at once when it is stopped, even if no program has opened the pipe for writing", async () => {
  const stopping = new AbortController();
  const { sink, ended } = run(namedPipe("unwritten"), stopping.signal);
  await Bun.sleep(100);
  stopping.abort();
  expect(await ended).toBeUndefined();
  expect(sink.jpegs.length).toBe(0);
});
