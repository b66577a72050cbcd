// Which test files run together: the one place to edit when a test file starts programs or needs the whole machine.
//
// Entries are paths below test/: a file, or the beginning of several. A file that no entry names belongs to the unit tests:
// it starts no program, opens no window, and depends on nothing that another file could change or slow down.

/** These start programs (ffmpeg, djpeg, servers, windows) or work for seconds. Everything they use is their own. */
const SLOW = [
  "bench/chart",
  "bench/footage",
  "bench/peers",
  "bench/python-frame-code",
  "capture/camera/webcam",
  "capture/pattern/frame-code",
  "capture/pipe/",
  "capture/v4l2/frame-copy",
  "capture/v4l2/layouts",
  "cli/",
  "client/connect/ask",
  "client/decode/interval-decoder",
  "client/decode/picture-decoder",
  "client/decode/tile-streams",
  "client/tile-view",
  "codec/",
  "core/pixel-format",
  "e2e/",
  "scripts/run-files",
  "server/cameras/sources",
  "server/deliver/tiles-model",
  "server/encode/",
  "server/renditions/tile-store",
  "server/settings/settings-file",
];

/** These run after all others, one at a time, each for its reason. */
const ALONE: Readonly<Record<string, string>> = {
  "core/pace": "compares the gaps between wake-ups with the requested rate",
  "support/link": "measures the rate of the simulated link",
};

export type Group = "unit" | "slow" | "alone";

/** Divides test files, given relative to the checkout (`test/core/pace.test.ts`). Throws where an entry above names no file. */
export function groupFiles(files: readonly string[]): Record<Group, string[]> {
  const groups: Record<Group, string[]> = { unit: [], slow: [], alone: [] };
  const isNamedBy = (entries: readonly string[], file: string) =>
    entries.some((entry) => file.startsWith(`test/${entry}`));
  for (const file of files) {
    if (isNamedBy(Object.keys(ALONE), file)) groups.alone.push(file);
    else groups[isNamedBy(SLOW, file) ? "slow" : "unit"].push(file);
  }
  for (const entry of [...SLOW, ...Object.keys(ALONE)]) {
    if (!files.some((file) => isNamedBy([entry], file)))
      throw new Error(`scripts/test/groups.ts: no test file is test/${entry}…`);
  }
  return groups;
}
