// A folder of videos as a source, read by real ffmpeg: the files follow each other in the order of their names, each at its own
// times, and files that are no videos are named once.

import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inOrder, namesAfter } from "../../../src/capture/file/folder-order.ts";
import { createFolderSource } from "../../../src/capture/file/folder-source.ts";
import { openSource } from "../../../src/capture/open.ts";
import { SourceError } from "../../../src/core/errors.ts";
import { type Log, SILENT_LOG } from "../../../src/core/log.ts";
import { ffmpeg } from "../../support/jpeg-tools.ts";
import { TEST_TIMEOUT_MS } from "../../support/programs.ts";
import { RecordingSink } from "../../support/recording-sink.ts";
import { until } from "../../support/wait-until.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const made = mkdtempSync(join(tmpdir(), "slipstream-test-"));
ffmpeg([
  ...["-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25", "-frames:v", "9"],
  ...["-c:v", "mjpeg", "-q:v", "4", "-f", "image2", join(made, "%02d.jpg")],
]);
const pictures = readdirSync(made)
  .toSorted()
  .map((name) => readFileSync(join(made, name)));
rmSync(made, { recursive: true });

let folder = "";
let warnings: string[] = [];
const log: Log = { ...SILENT_LOG, warning: (text) => void warnings.push(text) };
const at = (name: string) => join(folder, name);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipstream-test-"));
  warnings = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Writes pictures 40 ms apart into a file. With `pauseSeconds`, the last one comes so much later. */
function write(name: string, numbers: readonly number[], pauseSeconds = 0): void {
  const jpegs = Buffer.concat(numbers.map((number) => pictures[number] as Buffer));
  const input = ["-f", "mjpeg", "-r", "25", "-i", "-", "-c", "copy"];
  const last = numbers.length - 1;
  // The times are those of Matroska, in milliseconds.
  const times = pauseSeconds === 0 ? [] : ["-bsf:v", `setts=ts=TS+gte(N\\,${last})*${1000 * pauseSeconds}`];
  const { bytes } = ffmpeg([...input, ...times, "-f", "matroska", "-"], jpegs);
  writeFileSync(at(name), bytes);
}

const source = () =>
  createFolderSource({ location: folder, name: "recordings", size: null, framesPerSecond: null, log });

/** Runs the source until `isTrue`, and returns the numbers of the pictures that came. */
async function runUntil(isTrue: (numbers: readonly number[]) => boolean, onPicture = (_: number) => {}) {
  const sink = new RecordingSink();
  const numbers: number[] = [];
  const { jpeg } = sink;
  sink.jpeg = (...frame) => {
    const delivery = jpeg.apply(sink, frame);
    numbers.push(pictures.findIndex((picture) => Buffer.compare(picture, sink.jpegs.at(-1) as Uint8Array) === 0));
    onPicture(numbers.at(-1) as number);
    return delivery;
  };
  const stopping = new AbortController();
  const running = source().run(sink, stopping.signal);
  await Promise.race([running, until(() => isTrue(numbers), "pictures", 40_000)]);
  stopping.abort();
  await running;
  expect(sink.held).toBe(0);
  return numbers;
}

/** Leaves out the pictures that came again because the next one took long. */
const withoutRepeats = (numbers: readonly number[]) => numbers.filter((number, index) => number !== numbers[index - 1]);

const errorOf = async (run: () => unknown): Promise<Error> => {
  try {
    await run();
  } catch (error) {
    return error as Error;
  }
  throw new Error("there is no error");
};

describe("folder source: order", () => {
  test("inOrder: numbers are compared by their value, and a recording's second file of a time follows the first", () => {
    const names = ["d_2026-11-29_08-10-00.mkv", "d_2026-11-29_08-10-00_2.mkv", "d_2026-11-29_08-10-00_10.mkv", "d_2026-11-30_00-00-00.mkv"]; // prettier-ignore
    expect(inOrder(names.toReversed())).toEqual(names);
    expect(inOrder(["cam_10.avi", "cam_9.avi", "Cam_1.avi", "cam_09.avi"])).toEqual(["Cam_1.avi", "cam_09.avi", "cam_9.avi", "cam_10.avi"]); // prettier-ignore
    expect(namesAfter(["a", "c", "d"], "b")).toEqual(["c", "d"]);
    expect(namesAfter(["a", "c"], "c")).toEqual([]);
  });

  test("folder source: plays file after file, and then from the beginning", async () => {
    write("cam_10.mkv", [3, 4, 5]);
    write("cam_9.mkv", [0, 1, 2]);
    writeFileSync(at("cam_11.mjpeg"), Buffer.concat(pictures.slice(6)));
    write(".cam_1.mkv", [8]);
    const numbers = withoutRepeats(await runUntil((all) => withoutRepeats(all).length >= 12));
    expect(numbers.slice(0, 12)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 2]);
    expect(warnings).toEqual([]);
  });

  test("folder source: at the end of a round, files that have come meanwhile follow, and deleted ones are left out", async () => {
    write("1.mkv", [0, 1, 2]);
    write("2.mkv", [3, 4]);
    const numbers = await runUntil(
      (all) => withoutRepeats(all).filter((number) => number === 5).length >= 2,
      (number) => {
        if (number !== 3) return;
        rmSync(at("1.mkv"), { force: true });
        write("3.mkv", [5]);
      },
    );
    expect(withoutRepeats(numbers).slice(0, 9)).toEqual([0, 1, 2, 3, 4, 5, 3, 4, 5]);
  });
});

describe("folder source: times", () => {
  test("folder source: the last picture of a file comes at its own time, and the next file follows it", async () => {
    write("1.mkv", [0, 1, 2], 2);
    write("2.mkv", [3, 4, 5]);
    const numbers = await runUntil((all) => all.includes(5));
    // During the pause of more than 2 s before its last picture, the one before is delivered again.
    expect(numbers.indexOf(2) - numbers.indexOf(1)).toBeGreaterThan(1);
    expect([...new Set(numbers)]).toEqual([0, 1, 2, 3, 4, 5]);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  });
});

describe("folder source: what cannot be played", () => {
  test("folder source: files that are no videos are named once and skipped, and tried again when they have changed", async () => {
    write("2.mkv", [0, 1]);
    writeFileSync(at("1.txt"), "this is no video\n".repeat(100));
    writeFileSync(at("3.jpg"), pictures[0] as Buffer);
    mkdirSync(at("4"));
    await runUntil((all) => withoutRepeats(all).filter((number) => number === 0).length >= 3);
    expect(warnings).toEqual([
      "1.txt is a text, not a video; the file is skipped",
      "3.jpg is a still picture, not a video; the file is skipped",
    ]);
    warnings = [];
    const numbers = await runUntil(
      (all) => all.includes(8),
      (number) => number === 1 && write("1.txt", [8]),
    );
    expect(withoutRepeats(numbers).slice(0, 3)).toEqual([0, 1, 8]);
  });

  test("folder source: names with any characters are played, and a line about such a file stays one line", async () => {
    const names = ["-a.mkv", "b%02d.mkv", "c\nd 'e'.mkv"];
    for (const [index, name] of names.entries()) write(name, [2 * index, 2 * index + 1]);
    writeFileSync(at("f\n\x1b[2J.jpg"), pictures[0] as Buffer);
    const numbers = withoutRepeats(await runUntil((all) => withoutRepeats(all).length >= 7));
    expect(numbers.slice(0, 7)).toEqual([0, 1, 2, 3, 4, 5, 0]);
    expect(warnings).toEqual(["f[2J.jpg is a still picture, not a video; the file is skipped"]);
  });

  test("folder source: an empty folder, one with folders only, and one without a video fail with one line", async () => {
    expect((await errorOf(source)).message).toBe("there is no file in the folder recordings");
    mkdirSync(at("door"));
    const advice = `there is no file in the folder recordings: name one of its folders, for example ${at("door")}`;
    expect((await errorOf(source)).message).toBe(advice);
    writeFileSync(at("1.txt"), "no video");
    const error = await errorOf(() => runUntil(() => false));
    expect(error).toBeInstanceOf(SourceError);
    expect(error.message).toBe("there is no video in recordings: none of its files can be played");
  });

  test("folder source: a folder that vanishes fails with one line, and may come back", async () => {
    write("1.mkv", [0, 1, 2]);
    const error = await errorOf(() =>
      runUntil(
        () => false,
        (number) => number === 2 && rmSync(folder, { recursive: true, force: true }),
      ),
    );
    expect(error).toMatchObject({
      message: `cannot read the folder ${folder}: there is no such folder`,
      retry: "soon",
    });
    mkdirSync(folder);
  });

  test("openSource: a folder is a source with the folder's name", () => {
    copyFileSync(import.meta.path, at("a.mkv"));
    mkdirSync(at("door"));
    copyFileSync(import.meta.path, at("door/a.mkv"));
    expect(openSource({ source: `${at("door")}/` }).name).toBe("door");
  });

  const isRoot = process.getuid?.() === 0;
  test.skipIf(isRoot)(
    `folder source: a folder without permission gives that reason${isRoot ? " (skipped: root may read it)" : ""}`,
    async () => {
      mkdirSync(at("secret"), { mode: 0o600 });
      const error = await errorOf(() => openSource({ source: at("secret") }));
      expect(error.message).toBe(`cannot read the folder ${at("secret")}: no permission`);
    },
  );
});
