// Finished recordings become H.264: real ffmpeg writes them, and ffprobe compares frames and times.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nowMicros } from "../../../src/core/clock.ts";
import { lineLog } from "../../../src/core/log.ts";
import { writeAsH264 } from "../../../src/server/record/h264-file.ts";
import { H264Queue } from "../../../src/server/record/h264-queue.ts";
import type { Priority } from "../../../src/server/record/low-priority.ts";
import { deleteUnfinished } from "../../../src/server/record/kept-recordings.ts";
import { Recorder } from "../../../src/server/record/recorder.ts";
import { SegmentFile } from "../../../src/server/record/segment-file.ts";
import { ffmpeg, run } from "../../support/jpeg-tools.ts";
import { TEST_TIMEOUT_MS } from "../../support/programs.ts";
import { greyJpegs, JpegCamera, readRecording, usualPriority } from "../../support/recorded-camera.ts";
import { until } from "../../support/wait-until.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

/** Both sides are odd, which H.264 with 4:2:0 cannot have. */
const SIZE = { width: 65, height: 49 };
const NAME = "door_2026-11-29_08-10-00.mkv";
const RECORD = join(import.meta.dir, "../../../src/server/record");

const made = mkdtempSync(join(tmpdir(), "slipstream-test-"));
/** A recording that keeps an encoder busy for long. */
const long = join(made, "long.mkv");
/** A recording that is written again at once, also at low priority on a busy machine. */
const short = join(made, "short.mkv");
let folder = "";
let lines: string[] = [];
const log = lineLog((line) => lines.push(line));
const at = (name: string) => join(folder, "door", name);
const left = () => readdirSync(join(folder, "door")).toSorted();

beforeAll(() => {
  const noise = (size: string) => ["-f", "lavfi", "-i", `testsrc2=size=${size}:rate=30,noise=alls=40:allf=t`];
  ffmpeg([...noise("1280x720"), "-frames:v", "150", "-c:v", "mjpeg", "-q:v", "3", long]);
  ffmpeg([...noise("160x120"), "-frames:v", "10", "-c:v", "mjpeg", "-q:v", "3", short]);
});
afterAll(() => rmSync(made, { recursive: true }));
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipstream-test-"));
  mkdirSync(join(folder, "door"));
  lines = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The mean grey of each frame. */
function greys(path: string): number[] {
  const [pixels, bytes] = [SIZE.width * SIZE.height, greyBytes(path)];
  return Array.from({ length: bytes.length / pixels }, (_, index) => {
    const frame = bytes.subarray(index * pixels, (index + 1) * pixels);
    return frame.reduce((sum, level) => sum + level, 0) / pixels;
  });
}

function greyBytes(path: string): Uint8Array {
  const crop = ["-vf", `crop=${SIZE.width}:${SIZE.height}:0:0:exact=1,format=gray`];
  return ffmpeg(["-i", path, ...crop, "-fps_mode", "passthrough", "-f", "rawvideo", "-"]).bytes;
}

test("writeAsH264: pictures that are 1 ms apart do not raise the level", async () => {
  writeFileSync(at(NAME), "");
  const start = nowMicros();
  const file = new SegmentFile(Promise.resolve(at(NAME)), SIZE, start);
  const timeOf = (index: number) => start + Math.floor(index / 2) * 66_000 + (index % 2) * 1000;
  for (const [index, jpeg] of (await greyJpegs(60, SIZE)).entries()) file.add(jpeg, timeOf(index));
  expect(await file.end(timeOf(59))).toBeNull();
  expect(await writeAsH264(at(NAME), usualPriority, new AbortController().signal)).toBeNull();
  // 30 small pictures a second need level 1.0, and 1000 would need 2.2 (ITU-T H.264 table A-1).
  expect(Number(textOf(["-show_entries", "stream=level", at(NAME)]))).toBeLessThan(20);
});

describe("H264Queue", () => {
  test("H264Queue: a finished file becomes H.264 with the same frames and times, and its old time of change", async () => {
    const jpegs = await greyJpegs(60, SIZE);
    const original = join(made, "original.mkv");
    await using queue = new H264Queue({ priority: usualPriority });
    const files = queue.of(log);
    const camera = new JpegCamera("door");
    const finished = {
      add: (path: string) => {
        copyFileSync(path, original);
        utimesSync(path, 1000, 1000);
        files.add(path);
      },
      report: files.report,
    };
    const settings = { folder, segmentSeconds: 86_400, aroundMotion: null, finished, log };
    const recorder = new Recorder(camera, { ...settings, onBegun: () => undefined });
    recorder.begin();
    const start = nowMicros() - 60_000_000;
    // Intervals of 33, 7 and 250 ms, and a pause of 20 s.
    const timeOf = (index: number) =>
      start + index * 33_333 + (index % 5) * 7000 + (index % 7 === 0 ? 3000 : 0) + (index > 40 ? 20_000_000 : 0);
    for (const [index, jpeg] of jpegs.entries()) camera.deliver(jpeg, SIZE, timeOf(index) + (index > 50 ? 217_000 : 0));
    await recorder.close();
    expect(recorder.report().h264).toMatchObject({ files: 0, leftOut: 0, waiting: 1 });
    await until(() => (recorder.report().h264?.waiting ?? 1) === 0, "the H.264 file", 50_000);
    expect(lines).toEqual([]);
    expect(recorder.report().h264).toEqual({ files: 1, leftOut: 0, waiting: 0 });
    const [name = "", ...others] = left();
    expect(others).toEqual([]);
    const path = at(name);
    expect(statSync(path).mtimeMs).toBe(1000_000);
    expect(statSync(path).size).toBeLessThan(statSync(original).size);

    const factsOf = (file: string) => textOf(["-show_entries", "stream=codec_name,width,height", file]);
    const beginOf = (file: string) => textOf(["-show_entries", "format_tags=creation_time", file]);
    expect(factsOf(path)).toBe("h264,66,50");
    expect(beginOf(path)).toMatch(/^\d{4}-/);
    expect(beginOf(path)).toBe(beginOf(original));

    const times = timesOf(path);
    const expected = readRecording(original).map(({ milliseconds }) => milliseconds);
    expect(times).toHaveLength(expected.length);
    for (const [index, time] of times.entries()) {
      expect(Math.abs(time - (expected[index] as number))).toBeLessThanOrEqual(1);
    }
    const before = greys(original);
    for (const [index, grey] of greys(path).entries())
      expect(Math.abs(grey - (before[index] as number))).toBeLessThan(4);
  });

  test("H264Queue: a file that cannot be written again stays as it is, with one line, and the next one is written", async () => {
    await using queue = new H264Queue({ priority: usualPriority });
    const files = queue.of(log);
    writeFileSync(at(NAME), "no recording");
    copyFileSync(short, at("door_2026-11-29_08-20-00.mkv"));
    files.add(at(NAME));
    files.add(at("door_2026-11-29_08-20-00.mkv"));
    files.add(at("door_2026-11-29_08-30-00.mkv")); // was deleted meanwhile, which is no failure
    await until(() => files.report().waiting === 0, "the H.264 file", 50_000);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`${at(NAME)} stays Motion JPEG: ffmpeg: `);
    expect(files.report()).toEqual({ files: 1, leftOut: 1, waiting: 0 });
    expect(readFileSync(at(NAME)).toString()).toBe("no recording");
    expect(left()).toHaveLength(2);
  });

  test("H264Queue: a file that does not become smaller stays as it is", async () => {
    await using queue = new H264Queue({ priority: usualPriority });
    const files = queue.of(log);
    ffmpeg(["-i", short, "-c:v", "libx264", "-preset", "veryfast", "-crf", "51", at(NAME)]);
    const before = readFileSync(at(NAME));
    files.add(at(NAME));
    await until(() => files.report().leftOut === 1, "the end of the work", 50_000);
    expect(lines.join()).toContain(`${at(NAME)} stays Motion JPEG: the H.264 file is not smaller`);
    expect(Buffer.compare(readFileSync(at(NAME)), before)).toBe(0);
    expect(left()).toEqual([NAME]);
  });

  test("H264Queue: a file is not replaced when the disk has no room for the last bytes of the new one", async () => {
    // ffmpeg 5 has written all pictures then, but not the index, and its exit code is 0.
    const complaint = "Error closing file: No space left on device";
    const priority: Priority = async ([program = "", ...rest]) =>
      program === "ffmpeg"
        ? ["sh", "-c", `"$@" && echo "${complaint}" >&2`, "sh", program, ...rest]
        : [program, ...rest];
    await using queue = new H264Queue({ priority });
    const files = queue.of(log);
    copyFileSync(short, at(NAME));
    files.add(at(NAME));
    await until(() => files.report().waiting === 0, "the end of the work", 50_000);
    expect(lines.join()).toContain(`${at(NAME)} stays Motion JPEG: ffmpeg: ${complaint}`);
    expect(Buffer.compare(readFileSync(at(NAME)), readFileSync(short))).toBe(0);
    expect(left()).toEqual([NAME]);
  });

  test("H264Queue: a file that comes at any moment of the end of the work is not left to wait", async () => {
    // Files that are no recordings cost the least time.
    const [first, second] = [at(NAME), at("door_2026-11-29_08-20-00.mkv")];
    for (const path of [first, second]) writeFileSync(path, "no recording");
    for (let turns = 0; turns < 6; turns++) {
      const addLater = async () => {
        for (let turn = 0; turn < turns; turn++) await Promise.resolve();
        files.add(second);
      };
      const warning = (text: string) => {
        if (text.includes(first)) void addLater();
      };
      await using queue = new H264Queue({ priority: usualPriority });
      const files = queue.of({ ...log, warning });
      files.add(first);
      await until(() => files.report().leftOut === 2, `the second file after ${turns} turns`, 50_000);
    }
  });

  test("H264Queue: further files stay Motion JPEG while the most wait, which is told once and counted", async () => {
    await using queue = new H264Queue({ mostWaiting: 1, priority: usualPriority });
    const files = queue.of(log);
    for (const minute of [10, 20, 30, 40]) {
      const path = at(`door_2026-11-29_08-${minute}-00.mkv`);
      copyFileSync(short, path);
      files.add(path);
    }
    expect(files.report()).toEqual({ files: 0, leftOut: 2, waiting: 2 });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain("H.264 takes longer than recording: files stay Motion JPEG while 1 others wait");
    await until(() => lines.length === 2, "the end of the work", 50_000);
    expect(lines[1]).toContain("all finished files are H.264 again; 2 have stayed Motion JPEG");
    expect(files.report()).toEqual({ files: 2, leftOut: 2, waiting: 0 });
  });

  test("H264Queue: at its end the file that is being written stays as it is", async () => {
    copyFileSync(long, at(NAME));
    {
      await using queue = new H264Queue({ priority: usualPriority });
      queue.of(log).add(at(NAME));
      await until(() => left().length === 2, "the unfinished file");
    }
    expect(left()).toEqual([NAME]);
    expect(Buffer.compare(readFileSync(at(NAME)), readFileSync(long))).toBe(0);
    expect(lines).toEqual([]);
  });

  test("H264Queue: after SIGKILL the recording is as before, ffmpeg ends, and the next start deletes the unfinished file", async () => {
    copyFileSync(long, at(NAME));
    const script = `import { writeAsH264 } from ${JSON.stringify(join(RECORD, "h264-file.ts"))};
      import { atLowPriority } from ${JSON.stringify(join(RECORD, "low-priority.ts"))};
      await writeAsH264(${JSON.stringify(at(NAME))}, atLowPriority, new AbortController().signal);`;
    const child = Bun.spawn([process.execPath, "-e", script], { stdio: ["ignore", "ignore", "inherit"] });
    await until(() => left().length === 2, "the unfinished file", 50_000);
    const [unfinished = ""] = left();
    // proc(5): the name in parentheses may contain any character. The nice value is the 17th field after it.
    const nices = processesWith(unfinished).map((stat) => stat.slice(stat.lastIndexOf(")") + 2).split(" ")[16]);
    if (process.platform === "linux" && Bun.which("nice") !== null) expect(nices).toEqual(["19"]);
    child.kill("SIGKILL");
    await child.exited;
    if (process.platform === "linux") await until(() => processesWith(unfinished).length === 0, "the end of ffmpeg");
    expect(Buffer.compare(readFileSync(at(NAME)), readFileSync(long))).toBe(0);
    expect(existsSync(at(unfinished))).toBe(true);
    writeFileSync(at(".holiday.mkv.h264"), "not of a recording");
    await deleteUnfinished(folder, log);
    expect(left()).toEqual([".holiday.mkv.h264", NAME]);
    expect(lines).toEqual([]);
  });
});

/** Returns what ffprobe writes. */
function textOf(question: readonly string[]): string {
  const { bytes } = run(["ffprobe", "-v", "error", "-select_streams", "v:0", "-of", "csv=p=0", ...question]);
  return Buffer.from(bytes).toString().trim();
}

/** The times of the frames in milliseconds, in the order in which they are shown. */
function timesOf(path: string): number[] {
  return textOf(["-show_entries", "packet=pts_time", path])
    .split("\n")
    .map((seconds) => Math.round(Number.parseFloat(seconds) * 1000))
    .toSorted((a, b) => a - b);
}

/** The facts (proc(5), `stat`) of the programs at work that have this text in their command line. */
function processesWith(text: string): string[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc").flatMap((pid) => {
    try {
      const isOne = /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, "utf8").startsWith("ffmpeg\0");
      const isNamed = isOne && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(text);
      return isNamed ? [readFileSync(`/proc/${pid}/stat`, "utf8")] : [];
    } catch {
      return []; // the process has ended since the folder was listed
    }
  });
}
