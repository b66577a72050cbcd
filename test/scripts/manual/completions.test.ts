// The completions in real shells: bash and fish offer programs, flags and values, and zsh can load its file.

import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bashCompletions, fishCompletions, zshCompletions } from "../../../scripts/manual/completions.ts";

const FOLDER = mkdtempSync(join(tmpdir(), "slipstream-test-"));
afterAll(() => rmSync(FOLDER, { recursive: true }));
const fileOf = (name: string, text: string) => {
  const path = join(FOLDER, name);
  writeFileSync(path, text);
  return path;
};

function run(...command: string[]): string {
  const { success, stdout, stderr } = Bun.spawnSync(command, {
    env: { PATH: process.env["PATH"], HOME: FOLDER, LC_ALL: "C.UTF-8" },
    cwd: FOLDER,
    stdout: "pipe",
    stderr: "pipe",
  });
  expect(stderr.toString()).toBe("");
  expect(success).toBe(true);
  return stdout.toString().trim();
}

/** What the shell offers for the last word of each line. */
const OFFERS: readonly (readonly [line: string, offers: string])[] = [
  ["slipstream se", "serve"],
  ["slipstream key ", "--help add list remove"],
  ["slipstream serve --cod", "--codec"],
  ["slipstream serve --codec ", "jsquash simd"],
  ["slipstream serve --codec j", "jsquash"],
  ["slipstream serve --no-t", "--no-tls"],
  ["slipstream view --disp", "--display"],
  ["slipstream key add --c", "--camera --control"],
  ["slipstream key list --s", "--show"],
  ["slipstream doctor --j", "--json"],
];

const hasBash = Bun.which("bash") !== null;
test.skipIf(!hasBash)("bash offers programs, flags and values", () => {
  const file = fileOf("slipstream.bash", bashCompletions());
  // The function gets the words as bash divides them. compopt works only while bash completes for a user.
  const script = `source ${file}
    compopt() { :; }
    offers() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _slipstream; printf '%s\\n' "\${COMPREPLY[@]}" | sort | xargs; }
    ${OFFERS.map(([line]) => `offers ${line.endsWith(" ") ? `${line}""` : line}`).join("\n")}
    offers slipstream serve --codec = s
    touch slipstream.toml
    offers slipstream serve --config slip`;
  const lines = run("bash", "--norc", "-c", script).split("\n");
  expect(lines).toEqual([...OFFERS.map(([, offers]) => offers), "simd", "slipstream.bash slipstream.toml"]);
});

const hasFish = Bun.which("fish") !== null;
test.skipIf(!hasFish)(
  `fish offers programs, flags and values${hasFish ? "" : " (skipped: apt-get install fish)"}`,
  () => {
    const file = fileOf("slipstream.fish", fishCompletions());
    const script = `source ${file}; ${OFFERS.map(([line]) => `complete -C '${line}'; echo -`).join("; ")}`;
    const answers = run("fish", "--no-config", "-c", script)
      .split(/\n?^-$\n?/m)
      .slice(0, -1);
    const offered = answers.map((answer) =>
      answer
        .split("\n")
        .map((line) => line.split("\t")[0])
        .toSorted()
        .join(" "),
    );
    expect(offered).toEqual(OFFERS.map(([, offers]) => offers.replace("--help ", "")));
  },
);

const hasZsh = Bun.which("zsh") !== null;
test.skipIf(!hasZsh)(
  `zsh registers its file and finds no fault in it${hasZsh ? "" : " (skipped: apt-get install zsh)"}`,
  () => {
    const file = fileOf("_slipstream", zshCompletions());
    run("zsh", "-f", "-n", file);
    const script = `fpath=(${FOLDER} $fpath); autoload -U compinit; compinit -u -D; echo $_comps[slipstream]`;
    expect(run("zsh", "-f", "-c", script)).toBe("_slipstream");
  },
);
