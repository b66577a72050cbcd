// The names of recordings and their round times.

import { expect, test } from "bun:test";
import { fileNameOf, folderNameOf, isRecordingName } from "../../../src/server/record/segment-names.ts";

test("folderNameOf: a name has no separators and no leading dot", () => {
  expect(["door", "HD Webcam: 2/3", "../..", ".", "a\\b\0c", "küche"].map(folderNameOf)).toEqual([
    "door",
    "HD_Webcam_2_3",
    "__..",
    "_",
    "a_b_c",
    "küche",
  ]);
});

test("fileNameOf: has camera and local time, and sorts by time", () => {
  const at = new Date(2026, 10, 29, 8, 10, 0).getTime();
  expect(fileNameOf("door", at, 1)).toBe("door_2026-11-29_08-10-00.mkv");
  const names = [fileNameOf("door", at, 1), fileNameOf("door", at, 2), fileNameOf("door", at + 1000, 1)];
  expect(names.toSorted()).toEqual(names);
  expect(names.every(isRecordingName)).toBe(true);
  expect(
    ["door.mkv", "door_2026-11-29.mkv", "holiday.mkv", "door_2026-11-29_08-10-00.mkv.txt"].some(isRecordingName),
  ).toBe(false);
});

// `date` of the system says what is local time. The zones have offsets of 0, 5:45 and −3:30 hours.
test.each(["UTC", "Asia/Kathmandu", "America/St_Johns"])("nextRoundTime: round times in the zone %s", (zone) => {
  const script = `
    import { nextRoundTime } from ${JSON.stringify(new URL("../../../src/server/record/segment-names.ts", import.meta.url).href)};
    const now = Date.UTC(2026, 10, 29, 8, 7, 31);
    console.log([60, 600, 3600, 86400].map((seconds) => nextRoundTime(now, seconds) / 1000).join(" "));`;
  const output = Bun.spawnSync([process.execPath, "-e", script], { env: { ...process.env, TZ: zone } });
  const times = output.stdout.toString().trim().split(" ");
  const local = (seconds: string | undefined) =>
    Bun.spawnSync(["date", "-d", `@${seconds}`, "+%H:%M:%S"], { env: { TZ: zone } })
      .stdout.toString()
      .trim();
  const [minute, tenMinutes, hour, day] = times.map(local);
  expect(minute).toMatch(/:00$/);
  expect(tenMinutes).toMatch(/0:00$/);
  expect(hour).toMatch(/:00:00$/);
  expect(day).toBe("00:00:00");
  const now = Date.UTC(2026, 10, 29, 8, 7, 31) / 1000;
  for (const [index, length] of [60, 600, 3600, 86_400].entries()) {
    const wait = Number(times[index]) - now;
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(length);
  }
});
