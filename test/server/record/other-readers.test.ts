// Recordings, clips and H.264 files are read by programs without ffmpeg's Matroska: MKVToolNix and VLC.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isInstalled } from "../../../scripts/setup/system-packages.ts";
import { nowMicros } from "../../../src/core/clock.ts";
import { SILENT_LOG } from "../../../src/core/log.ts";
import { clipOf, writeClip } from "../../../src/server/past/clip-file.ts";
import { Clips } from "../../../src/server/past/clips.ts";
import { Past } from "../../../src/server/past/past.ts";
import { writeAsH264 } from "../../../src/server/record/h264-file.ts";
import { Recorder } from "../../../src/server/record/recorder.ts";
import { TEST_TIMEOUT_MS } from "../../support/programs.ts";
import { greyJpegs, JpegCamera, readRecording, usualPriority } from "../../support/recorded-camera.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const SIZE = { width: 320, height: 240 };
const INTERVAL_MICROS = 70_000;
const PICTURES = 30;
let folder = "";
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "slipstream-test-"));
  const [camera, watched] = [new JpegCamera("door"), new JpegCamera("door")];
  const settings = { folder, segmentSeconds: 86_400, aroundMotion: null, finished: null, log: SILENT_LOG };
  const recorder = new Recorder(camera, { ...settings, onBegun: () => undefined });
  const past = new Past(watched, { micros: 60e6, bytes: 1e7 }, new Clips());
  recorder.begin();
  past.begin();
  const jpegs = await greyJpegs(PICTURES, SIZE);
  const start = nowMicros() - jpegs.length * INTERVAL_MICROS;
  for (const [index, jpeg] of jpegs.entries()) {
    for (const each of [camera, watched]) each.deliver(jpeg, SIZE, start + index * INTERVAL_MICROS);
  }
  await recorder.close();
  const [name = ""] = readdirSync(at("door"));
  copyFileSync(join(at("door"), name), at("recording.mkv"));
  copyFileSync(join(at("door"), name), at("h264.mkv"));
  const frames = past.copy();
  const clip = frames === null ? null : clipOf(frames, 60);
  if (clip === null) throw new Error("nothing is kept");
  writeFileSync(at("clip.mkv"), "");
  const { signal } = new AbortController();
  expect([
    await writeClip(clip, at("clip.mkv"), signal),
    await writeAsH264(at("h264.mkv"), usualPriority, signal),
  ]).toEqual([null, null]);
});
afterAll(() => rmSync(folder, { recursive: true }));

function run(...command: string[]) {
  const { exitCode, stdout, stderr } = Bun.spawnSync(command, { env: { ...process.env, LC_ALL: "C", HOME: folder } });
  return { exitCode, text: stdout.toString() + stderr.toString() };
}

const hasMkvtoolnix = isInstalled("mkvtoolnix");
const reason = hasMkvtoolnix ? "" : " (skipped: mkvtoolnix is not installed)";

test.skipIf(!hasMkvtoolnix).each(["recording", "clip", "h264"])(
  `mkvinfo and mkvmerge find no fault in a %s, and its times${reason}`,
  (kind) => {
    const path = at(`${kind}.mkv`);
    const all = run("mkvinfo", "--ui-language", "en_US", "--all", "--verbose", path);
    expect(all.exitCode).toBe(0);
    expect(all.text).toMatch(kind === "h264" ? "Codec ID: V_MPEG4/ISO/AVC" : "Codec ID: V_MJPEG");
    expect(all.text).toMatch(/\+ Date: \d{4}-/);
    expect(all.text).not.toMatch(/unknown element|invalid|broken|damaged|error/i);

    const summary = run("mkvinfo", "--ui-language", "en_US", "--summary", path).text;
    const times = Array.from(summary.matchAll(/frame, track 1, timestamp (\d+):(\d+):(\d+)\.(\d{3})/g), (found) => {
      const [hours = 0, minutes = 0, seconds = 0, milliseconds = 0] = found.slice(1).map(Number);
      return ((hours * 60 + minutes) * 60 + seconds) * 1000 + milliseconds;
    });
    // The last picture may be repeated at the end.
    expect(times.length).toBeWithin(PICTURES, PICTURES + 2);
    for (const [index, time] of times
      .toSorted((a, b) => a - b)
      .slice(0, PICTURES)
      .entries()) {
      expect(Math.abs(time - (index * INTERVAL_MICROS) / 1000)).toBeLessThanOrEqual(1);
    }

    // mkvmerge reads the whole file. It ends with 1 if it has a warning.
    const merged = run("mkvmerge", "--ui-language", "en_US", "-o", at(`${kind}-merged.mkv`), path);
    expect(merged).toMatchObject({ exitCode: 0 });
    expect(merged.text).not.toMatch(/warning|error/i);
  },
);

const hasVlc = isInstalled("VLC") && isInstalled("VLC's modules");
test.skipIf(!hasVlc).each(["recording", "clip"])(
  `VLC plays a %s${hasVlc ? "" : " (skipped: VLC is not installed)"}`,
  (kind) => {
    const shared = mkdtempSync(join(tmpdir(), "slipstream-test-"));
    try {
      // VLC does not run as root.
      chmodSync(shared, 0o777);
      copyFileSync(at(`${kind}.mkv`), join(shared, "file.mkv"));
      const asOther = process.getuid?.() === 0 ? ["setpriv", "--reuid=65534", "--clear-groups"] : [];
      const output = `#std{access=file,mux=mpjpeg,dst=${join(shared, "out")}}`;
      const play = ["cvlc", "-I", "dummy", "--no-audio", "--play-and-exit", "--sout", output, join(shared, "file.mkv")];
      run(...asOther, "env", `HOME=${shared}`, ...play);
      const seen = readFileSync(join(shared, "out"));
      // VLC's muxer writes a picture when the next one has come.
      const pictures = readRecording(at(`${kind}.mkv`)).slice(0, -1);
      const isSeen = pictures.map(({ jpeg }) => seen.includes(jpeg));
      expect(isSeen).toEqual(pictures.map(() => true));
    } finally {
      rmSync(shared, { recursive: true });
    }
  },
);
