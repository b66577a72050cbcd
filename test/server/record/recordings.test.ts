// The settings of recordings are checked before anything is recorded, and finished files are handed on.

import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MissingError } from "../../../src/core/errors.ts";
import { SILENT_LOG } from "../../../src/core/log.ts";
import { H264Queue } from "../../../src/server/record/h264-queue.ts";
import { checkRecordings, Recordings } from "../../../src/server/record/recordings.ts";
import { TEST_TIMEOUT_MS } from "../../support/programs.ts";
import { greyJpegs, JpegCamera, usualPriority } from "../../support/recorded-camera.ts";
import { until } from "../../support/wait-until.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipstream-test-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("checkRecordings: the limits of a folder are the same for all its cameras", async () => {
  const camera = (name: string, seconds: number | null, bytes: number | null = null) => ({
    record: {
      folder: join(folder, name),
      segmentSeconds: 600,
      codec: "mjpeg" as const,
      keep: { seconds, bytes },
      aroundMotion: null,
    },
  });
  await checkRecordings([{ record: null }, camera("one", 60, 1000), camera("one", 60, 1000), camera("two", null)]);
  for (const other of [camera("one", 61, 1000), camera("one", 60), camera("one", null)]) {
    await expect(checkRecordings([camera("one", 60, 1000), camera("two", 60), other])).rejects.toThrow(
      `cameras record to ${join(folder, "one")} with different limits of what is kept`,
    );
  }
});

test("checkRecordings: h264 is refused with an ffmpeg that does not know all options, and works once a newer one is there", async () => {
  const record = { folder, segmentSeconds: 600, codec: "h264" as const, keep: { seconds: null, bytes: null } };
  const check = () => checkRecordings([{ record: { ...record, aroundMotion: null } }]);
  const { PATH } = process.env;
  try {
    process.env["PATH"] = `${folder}:${PATH}`;
    const script = `#!/bin/sh\ncase " $* " in *" -fps_mode "*) exit 1;; esac\nPATH="\${PATH#*:}" exec ffmpeg "$@"\n`;
    writeFileSync(join(folder, "ffmpeg"), script, { mode: 0o755 });
    const error = await check().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MissingError);
    expect(String(error)).toContain("record-codec h264 needs ffmpeg 5.1 or newer with libx264, and ffprobe: install");
  } finally {
    process.env["PATH"] = PATH;
  }
  await check();
});

test("Recordings: with h264 finished files are replaced, and the unfinished file of a killed server is deleted", async () => {
  const unfinished = join(folder, "door", ".door_2026-11-29_08-10-00.mkv.h264");
  mkdirSync(join(folder, "door"));
  writeFileSync(unfinished, "half a file");
  await using recordings = new Recordings(new H264Queue({ priority: usualPriority }));
  const camera = new JpegCamera("door");
  const settings = { folder, segmentSeconds: 600, keep: { seconds: null, bytes: null }, aroundMotion: null };
  const recorder = recordings.create(camera, { ...settings, codec: "h264" }, SILENT_LOG);
  recorder.begin();
  const size = { width: 320, height: 240 };
  for (const jpeg of await greyJpegs(20, size)) camera.deliver(jpeg, size);
  await recorder.close();
  await until(() => recorder.report().h264?.files === 1, "the H.264 file", 50_000);
  await until(() => !existsSync(unfinished), "the removal");
});
