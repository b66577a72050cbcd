// The groups of test files, which decide what runs together. The first group that applies decides:
//
//   alone     these files run after all others, one at a time. ALONE below lists them with their reasons.
//   programs  files that start programs (ffmpeg, djpeg, servers, windows), themselves or through a file that they import.
//             Several run at a time: each uses ports, displays and folders of its own.
//   unit      all other files. `bun run test unit` runs only these.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Test files below test/ that must run alone, each with the reason. */
const ALONE: Readonly<Record<string, string>> = {
  "core/pace.test.ts": "compares the gaps between wake-ups with the requested rate",
  "support/link.test.ts": "measures the rate of the simulated link",
};

/** The files below test/ that take longest. They start first where no times of an earlier run are known, for example in a fresh clone. */
const LONGEST = [
  "bench/peers.test.ts",
  "e2e/hostile.test.ts",
  "e2e/failures.test.ts",
  "e2e/signal-lost.test.ts",
  "capture/file/file-source.test.ts",
  "e2e/window-seen.test.ts",
  "e2e/discovery.test.ts",
  "e2e/viewer-keys.test.ts",
  "e2e/passed-on.test.ts",
  "cli/output.test.ts",
  "browser/grid.test.ts",
  "e2e/built-program.test.ts",
  "server/doors/http/hostile.test.ts",
  "e2e/tls.test.ts",
  "server/record/recorder.test.ts",
  "capture/file/still.test.ts",
  "e2e/streaming.test.ts",
  "browser/troubles.test.ts",
];

export type Group = "unit" | "programs" | "alone";

/**
 * Divides test files, with paths relative to the checkout `root`, into the groups, and puts the longest ones first. Throws if ALONE or
 * LONGEST names a file that is not among them.
 */
export function groupFiles(root: string, files: readonly string[]): Record<Group, string[]> {
  const groups: Record<Group, string[]> = { unit: [], programs: [], alone: [] };
  const alone = Object.keys(ALONE).map((file) => `test/${file}`);
  const longest = LONGEST.map((file) => `test/${file}`);
  for (const file of [...alone, ...longest]) {
    if (!files.includes(file)) throw new Error(`scripts/test/groups.ts: there is no ${file}`);
  }
  for (const file of new Set([...longest, ...files])) {
    const group = alone.includes(file) ? "alone" : startsPrograms(root, file) ? "programs" : "unit";
    groups[group].push(file);
  }
  return groups;
}

const transpiler = new Bun.Transpiler({ loader: "ts" });

/** Whether a file, or a file of test/, bench/ or scripts/ that it imports, starts a program. */
function startsPrograms(root: string, file: string, seen: Set<string> = new Set()): boolean {
  if (seen.has(file) || !file.endsWith(".ts") || file.startsWith("src/")) return false;
  seen.add(file);
  const text = readFileSync(join(root, file), "utf8");
  if (/\bBun\.spawn/.test(text)) return true;
  return transpiler
    .scanImports(text)
    .some(({ path }) => path.startsWith(".") && startsPrograms(root, join(dirname(file), path), seen));
}
