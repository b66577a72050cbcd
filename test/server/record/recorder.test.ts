// The recorder writes the pictures of a camera to files with ffmpeg; ffprobe and ffmpeg read the files.

import { afterEach, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nowMicros } from "../../../src/core/clock.ts";
import { lineLog } from "../../../src/core/log.ts";
import type { MotionEvent } from "../../../src/core/motion.ts";
import type { GateSettings } from "../../../src/server/record/motion-gate.ts";
import { Recorder } from "../../../src/server/record/recorder.ts";
import { childrenOf, TEST_TIMEOUT_MS } from "../../support/programs.ts";
import { greyJpegs, JpegCamera, readRecording } from "../../support/recorded-camera.ts";
import { until } from "../../support/wait-until.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const SIZE = { width: 64, height: 48 };
let jpegs: Uint8Array[] = [];
let folder = "";
let lines: string[] = [];

beforeAll(async () => {
  jpegs = await greyJpegs(40, SIZE);
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipstream-test-"));
  lines = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function record(camera: JpegCamera, segmentSeconds = 86_400, aroundMotion: GateSettings | null = null) {
  const log = lineLog((line) => lines.push(line));
  const recorder = new Recorder(camera, {
    ...{ folder, segmentSeconds, aroundMotion, log },
    finished: null,
    onBegun: () => undefined,
  });
  recorder.begin();
  return recorder;
}

function event(phase: MotionEvent["phase"], startedAt: number, movedAt: number): MotionEvent {
  const box = { x: 0, y: 0, width: 1, height: 1 };
  return { phase, number: 1, startedAt, movedAt, area: 0.1, height: { area: 0.1, at: movedAt }, box, zones: [] };
}

/** Pictures as text, because an error would print all their bytes. */
const digests = (pictures: readonly Uint8Array[]) => pictures.map((jpeg) => Bun.hash(jpeg).toString(16));
const recorded = (path: string) => digests(readRecording(path).map(({ jpeg }) => jpeg));

/** The paths of the files of a camera, with the oldest first. */
const filesOf = (name: string) =>
  readdirSync(join(folder, name))
    .toSorted()
    .map((file) => join(folder, name, file));

describe("Recorder: files", () => {
  test("Recorder: a file has all pictures unchanged, with their times", async () => {
    const camera = new JpegCamera("door");
    const recorder = record(camera);
    const start = nowMicros() - 10_000_000;
    const times = jpegs.map((_, index) => start + 33_333 * index + (index > 20 ? 5_000_000 : 0));
    for (const [index, jpeg] of jpegs.entries()) camera.deliver(jpeg, SIZE, times[index]);
    await recorder.close();
    const [path = "", ...others] = filesOf("door");
    expect(others).toEqual([]);
    expect(path).toMatch(/door_\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d\.mkv$/);
    const pictures = readRecording(path);
    // The last picture is repeated at the end of the recording, because it was shown until then.
    expect(recorded(path)).toEqual(digests([...jpegs, jpegs.at(-1) as Uint8Array]));
    for (const [index, time] of times.entries()) {
      expect(Math.abs((pictures[index]?.milliseconds ?? 0) - (time - start) / 1000)).toBeLessThanOrEqual(0.5);
    }
    const bytes = jpegs.reduce((sum, { length }) => sum + length, 0) + (jpegs.at(-1)?.length ?? 0);
    expect(recorder.report()).toEqual({
      file: null,
      pictures: jpegs.length + 1,
      bytes,
      leftOut: 0,
      trouble: null,
      h264: null,
    });
    expect(camera.gone).toBe("the recording has ended");
  });

  test("Recorder: the pictures of a file count also while it is being completed", async () => {
    const camera = new JpegCamera("door");
    const recorder = record(camera);
    for (const jpeg of jpegs.slice(0, 5)) camera.deliver(jpeg, SIZE);
    await until(() => recorder.report().pictures === 5, "the pictures");
    const { bytes } = recorder.report();
    recorder.leave();
    expect(recorder.report()).toMatchObject({ file: null, pictures: 5, bytes });
    await recorder.close();
    // The last picture is repeated if the machine took more than a second.
    expect(recorder.report().pictures).toBeGreaterThanOrEqual(5);
  });

  test("Recorder: a picture without changes is not written twice", async () => {
    const camera = new JpegCamera("door");
    const recorder = record(camera);
    camera.deliver(jpegs[0] as Uint8Array, SIZE);
    recorder.frames.offer();
    recorder.frames.offer();
    await recorder.close();
    expect(readRecording(filesOf("door")[0] ?? "")).toHaveLength(1);
  });

  test("Recorder: a new file begins at each round time, and when the size changes", async () => {
    const camera = new JpegCamera("door");
    const recorder = record(camera, 10);
    const now = nowMicros();
    // Half a minute passes a round time of ten seconds three times.
    for (let index = 0; index < 30; index++)
      camera.deliver(jpegs[index] as Uint8Array, SIZE, now + 1_000_000 * (index - 30));
    const half = { width: 32, height: 24 };
    const [small] = (await greyJpegs(1, half)) as [Uint8Array];
    camera.deliver(small, half, now);
    await recorder.close();
    const files = filesOf("door");
    expect(files.length).toBeGreaterThanOrEqual(4);
    const seconds = files.map((file) => Number(/(\d\d)(?:_\d)?\.mkv$/.exec(file)?.[1]));
    // The first file begins when the recording begins, and the last one because of the size.
    for (const begins of seconds.slice(1, -1)) expect(begins % 10).toBe(0);
    expect(new Set(files.flatMap(recorded))).toEqual(new Set(digests([...jpegs.slice(0, 30), small])));
  });

  test("Recorder: files that begin in the same second have different names", async () => {
    const camera = new JpegCamera("door");
    const recorder = record(camera);
    const now = nowMicros();
    const half = { width: 32, height: 24 };
    const [small] = (await greyJpegs(1, half)) as [Uint8Array];
    const first = jpegs[0] as Uint8Array;
    camera.deliver(first, SIZE, now);
    camera.deliver(small, half, now);
    await recorder.close();
    expect(recorder.report().trouble).toBeNull();
    expect(new Set(filesOf("door").flatMap(recorded))).toEqual(new Set(digests([first, small])));
  });

  test("Recorder: names of cameras stay in the folder, and no file is overwritten", async () => {
    for (let run = 0; run < 2; run++) {
      const camera = new JpegCamera("../a door/ä");
      const recorder = record(camera);
      camera.deliver(jpegs[run] as Uint8Array, SIZE, nowMicros());
      await recorder.close();
    }
    expect(readdirSync(folder)).toEqual(["__a_door_ä"]);
    expect(filesOf("__a_door_ä").flatMap(recorded)).toEqual(digests(jpegs.slice(0, 2)));
  });

  test("Recorder: two cameras whose folders have the same name overwrite no file of each other", async () => {
    const cameras = [new JpegCamera("a door"), new JpegCamera("a/door")];
    const recorders = cameras.map((camera) => record(camera));
    const now = nowMicros();
    for (const [index, camera] of cameras.entries()) camera.deliver(jpegs[index] as Uint8Array, SIZE, now);
    await Promise.all(recorders.map((recorder) => recorder.close()));
    expect(recorders.map((recorder) => recorder.report().trouble)).toEqual([null, null]);
    expect(new Set(filesOf("a_door").flatMap(recorded))).toEqual(new Set(digests(jpegs.slice(0, 2))));
  });
});

describe("Recorder: troubles", () => {
  /** Mounts a file system of two megabytes on the folder, so that it is full soon. */
  const mount = () => Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], { stderr: "pipe" });
  const canMount =
    process.platform === "linux" &&
    Bun.spawnSync(["sh", "-c", "d=$(mktemp -d); mount -t tmpfs tmpfs $d && umount $d; s=$?; rmdir $d; exit $s"])
      .success;

  test.skipIf(!canMount)(
    `a full disk stops it with one line, and it goes on by itself${canMount ? "" : " (skipped: no file system can be mounted)"}`,
    async () => {
      expect(mount().exitCode).toBe(0);
      try {
        const camera = new JpegCamera("door");
        const recorder = record(camera);
        const big = new Uint8Array(30_000);
        big.set(jpegs[0] as Uint8Array);
        await until(
          () => {
            camera.deliver(big, SIZE);
            return recorder.report().trouble !== null;
          },
          "trouble",
          20_000,
        );
        expect(recorder.report().trouble).toBe(
          `door is not recorded: the disk of ${folder} is full (No space left on device)`,
        );
        // The file system has less room than a recorder wants, so it is remounted with more.
        for (const file of filesOf("door")) rmSync(file);
        Bun.spawnSync(["mount", "-o", "remount,size=64m", folder]);
        await until(
          () => {
            camera.deliver(jpegs[1] as Uint8Array, SIZE);
            return recorder.report().trouble === null;
          },
          "the end of the trouble",
          20_000,
        );
        await recorder.close();
        const { leftOut } = recorder.report();
        expect(leftOut).toBeGreaterThan(0);
        expect(lines.filter((line) => line.includes("is not recorded"))).toHaveLength(1);
        expect(lines.at(-1)).toContain(`door is recorded again; ${leftOut} pictures are missing`);
        expect(recorded(filesOf("door").at(-1) ?? "").at(-1)).toEqual(digests(jpegs)[1]);
      } finally {
        Bun.spawnSync(["umount", "-l", folder]);
      }
    },
  );

  /** A picture of 4 MiB. */
  function largeJpeg(): Uint8Array {
    const large = new Uint8Array(4 * 2 ** 20);
    large.set(jpegs[0] as Uint8Array);
    return large;
  }

  /** Records a picture to a disk that does not answer: its ffmpeg is stopped until `goOn`. */
  async function recordToHungDisk(
    jpeg = jpegs[0] as Uint8Array,
    capturedAt = nowMicros(),
    segmentSeconds?: number,
    aroundMotion: GateSettings | null = null,
  ) {
    const camera = new JpegCamera("door");
    const recorder = record(camera, segmentSeconds, aroundMotion);
    recorder.motion(event("start", capturedAt, capturedAt));
    camera.deliver(jpeg, SIZE, capturedAt);
    await until(() => childrenOf(process.pid, "ffmpeg").length > 0, "ffmpeg");
    const signal = (name: NodeJS.Signals) => {
      for (const pid of childrenOf(process.pid, "ffmpeg")) process.kill(pid, name);
    };
    signal("SIGSTOP");
    return { camera, recorder, goOn: () => signal("SIGCONT") };
  }

  test("Recorder: a disk that takes nothing costs pictures, and bounded memory", async () => {
    const { camera, recorder, goOn } = await recordToHungDisk();
    const large = largeJpeg();
    for (let index = 0; index < 20; index++) camera.deliver(large, SIZE);
    const { leftOut, trouble } = recorder.report();
    expect(leftOut).toBeGreaterThanOrEqual(20 - 8);
    expect(leftOut).toBeLessThan(20);
    expect(trouble).toBe("door is recorded with gaps: the disk is slower than the pictures");
    goOn();
    await recorder.close();
    expect(readRecording(filesOf("door")[0] ?? "")).toHaveLength(21 - leftOut);
  });

  test("Recorder: a disk that takes nothing costs pictures of an event, and bounded memory", async () => {
    const around = { beforeMicros: 1_000_000, afterMicros: 0, lateMicros: 1_000_000 };
    const { camera, recorder, goOn } = await recordToHungDisk(undefined, undefined, undefined, around);
    const large = largeJpeg();
    // 16 MiB and a picture wait for the disk, and 64 MiB in the gate.
    for (let index = 0; index < 40; index++) {
      camera.deliver(large, SIZE);
      await Promise.resolve();
    }
    const { leftOut, trouble } = recorder.report();
    expect(leftOut).toBeGreaterThanOrEqual(40 - 5 - 16);
    expect(leftOut).toBeLessThan(40 - 16);
    expect(trouble).toBe("door is recorded with gaps: the disk is slower than the pictures");
    goOn();
    await recorder.close();
    await until(() => !recorder.isOpen, "the end of the file", 30_000);
    // The last picture is repeated if it was seen for more than a second.
    const written = readRecording(filesOf("door")[0] ?? "").length;
    expect(written).toBeWithin(41 - leftOut, 43 - leftOut);
  });

  test("Recorder: a disk that does not answer does not keep a server from its end", async () => {
    const { recorder, goOn } = await recordToHungDisk();
    await recorder.close();
    const [path = ""] = recorder.openPaths;
    expect(lines).toEqual([expect.stringContaining(path)]);
    goOn();
    await recorder.close();
    expect(recorded(path)).toEqual(digests(jpegs.slice(0, 1)));
  });

  test("Recorder: while a disk hangs, files that begin take bounded memory", async () => {
    const start = nowMicros() - 100_000_000;
    const large = largeJpeg();
    const { camera, recorder, goOn } = await recordToHungDisk(large, start, 10);
    const delivered = 50;
    // The programs of later files start only after this loop.
    for (let index = 1; index < delivered; index++) camera.deliver(large, SIZE, start + 2_000_000 * index);
    const { leftOut, trouble } = recorder.report();
    expect(leftOut).toBeGreaterThanOrEqual(delivered - 17);
    expect(trouble).toBe("door is recorded with gaps: the disk is slower than the pictures");
    goOn();
    await recorder.close();
    const written = filesOf("door").flatMap((path) => readRecording(path));
    expect(written.length).toBeGreaterThan(delivered - leftOut - 1);
  });

  test("Recorder: a folder that is deleted is made again", async () => {
    const camera = new JpegCamera("door");
    const recorder = record(camera, 10);
    const now = nowMicros();
    camera.deliver(jpegs[0] as Uint8Array, SIZE, now - 20_000_000);
    await until(() => existsSync(join(folder, "door")), "the folder");
    rmSync(join(folder, "door"), { recursive: true });
    camera.deliver(jpegs[1] as Uint8Array, SIZE, now);
    await recorder.close();
    expect(recorded(filesOf("door").at(-1) ?? "")).toEqual(digests([jpegs[1] as Uint8Array]));
  });
});

describe("Recorder: around motion", () => {
  /** Delivers 40 pictures, one each 100 ms up to `now`. */
  function deliverPast(camera: JpegCamera, now: number): void {
    for (let index = 0; index < 40; index++)
      camera.deliver(jpegs[index] as Uint8Array, SIZE, now - 100_000 * (39 - index));
  }

  test("Recorder: writes nothing without motion, and the seconds before it out of memory", async () => {
    const camera = new JpegCamera("door");
    const recorder = record(camera, 86_400, { beforeMicros: 1_000_000, afterMicros: 100_000, lateMicros: 1_000_000 });
    const now = nowMicros();
    // The event begins a second ago.
    deliverPast(camera, now);
    expect(recorder.report()).toMatchObject({ file: null, pictures: 0 });
    recorder.motion(event("start", now - 1_000_000, now));
    recorder.motion(event("end", now - 1_000_000, now));
    await until(() => !recorder.isOpen, "the end of the file", 20_000);
    expect(filesOf("door")).toHaveLength(1);
    // In 2 s there are 20 pictures, and the one that was seen at their beginning.
    const [path = ""] = filesOf("door");
    const pictures = recorded(path);
    const first = digests(jpegs).indexOf(pictures[0] ?? "");
    expect(first).toBeGreaterThanOrEqual(17);
    expect(first).toBeLessThanOrEqual(19);
    expect(pictures.slice(0, 40 - first)).toEqual(digests(jpegs.slice(first, 40)));
    // Pictures after the event are not written.
    camera.deliver(jpegs[1] as Uint8Array, SIZE);
    await recorder.close();
    expect(filesOf("door")).toHaveLength(1);
    expect(recorder.report()).toMatchObject({ file: null, leftOut: 0, trouble: null });
  });

  test("Recorder: what is held of an event is written although the camera ends as soon as it begins", async () => {
    const camera = new JpegCamera("door");
    const recorder = record(camera, 86_400, { beforeMicros: 9_000_000, afterMicros: 0, lateMicros: 1_000_000 });
    const now = nowMicros();
    deliverPast(camera, now);
    recorder.motion(event("start", now, now));
    recorder.leave();
    expect(recorder.isOpen).toBe(true);
    await recorder.close();
    expect(recorder.isOpen).toBe(false);
    const [path = ""] = filesOf("door");
    expect(recorded(path).slice(0, 40)).toEqual(digests(jpegs));
    expect(recorder.report()).toMatchObject({ file: null, leftOut: 0, trouble: null });
  });
});
