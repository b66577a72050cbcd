// Upgrades: programs of older versions with those of this one, in both directions. The older versions come from git.

import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WIRE_VERSION } from "../../src/protocol/wire.ts";
import { commandOf, eachLine, runToEnd, startServer, TEST_TIMEOUT_MS, TEST_VARIABLES } from "../support/programs.ts";
import { until } from "../support/wait-until.ts";

setDefaultTimeout(10 * TEST_TIMEOUT_MS);

const TEN_FRAMES = ["--display", "none", "--frames", "10"];
const ROOT = join(import.meta.dir, "../..");

/** The older versions. A newer release takes the place of 0.1.0 with its tag (`v0.2.0`), which is then used without an entry here. */
const OLDER = [
  { name: "0.1.0", commit: "f35e034d7d93829537fc569f77d15a95addbdc3f" },
  { name: "wire version 2 as docs/protocol.md first described it", commit: "35801b3c913a8106155b822b0f694585cefc6a60" },
] as const;

function git(...args: string[]): string | null {
  const { success, stdout } = Bun.spawnSync(["git", "-C", ROOT, ...args], { stderr: "ignore" });
  return success ? stdout.toString().trim() : null;
}

/** The newest tag of a release, or null. */
const tag = git("tag", "--list", "v*", "--sort=-v:refname")?.split("\n")[0] || null;
const versions = OLDER.map((older, index) => (index === 0 && tag !== null ? { name: tag, commit: tag } : older));

/** The reason why the versions are not tested, or "". */
const obstacle =
  process.env["SLIPSTREAM_TEST_ALL"] === undefined
    ? "takes minutes: bun run test --all"
    : versions.every(({ commit }) => git("cat-file", "-e", `${commit}^{commit}`) !== null)
      ? ""
      : "no git history";

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Makes a checkout of a version with its packages and kernels. */
async function checkout(commit: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "slipstream-upgrade-"));
  folders.push(folder);
  const archive = Bun.spawn(["git", "-C", ROOT, "archive", commit], { stdout: "pipe" });
  await run(folder, ["tar", "x"], archive.stdout);
  await run(folder, [process.execPath, "install", "--frozen-lockfile", "--prefer-offline"]);
  // `build` makes the kernels, and in later versions only `build kernels` does.
  const isLater = existsSync(join(folder, "scripts/build/program.ts"));
  await run(folder, [process.execPath, "run", "build", ...(isLater ? ["kernels"] : [])]);
  return folder;
}

async function run(cwd: string, command: string[], stdin: ReadableStream<Uint8Array> | "ignore" = "ignore") {
  const child = Bun.spawn(command, { cwd, stdin, stdout: "ignore", stderr: "pipe" });
  const errors = await child.stderr.text();
  if ((await child.exited) !== 0) throw new Error(`${command.join(" ")}: ${errors}`);
}

function olderCommand(folder: string, name: "serve" | "view"): string[] {
  const script = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).scripts[name] as string;
  return [process.execPath, join(folder, script.split(" ").at(-1) as string)];
}

const helpOf = (command: readonly string[]) => Bun.spawn([...command, "--help"], { stderr: "ignore" }).stdout.text();
const flagsIn = (help: string) => new Set(help.match(/--[a-z][a-z-]*/g));

/** Starts a program of the version in `folder`. Older programs know fewer flags than those of test/support/programs.ts. */
function startOlder(folder: string, name: "serve" | "view", flags: readonly string[]) {
  const command = [...olderCommand(folder, name), ...flags, "--json"];
  const env = { ...process.env, ...TEST_VARIABLES };
  const child = Bun.spawn(command, { cwd: folder, env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const reports: { port?: number; frames?: number }[] = [];
  let remarks = "";
  const take = (line: string) => {
    if (line.startsWith("{")) reports.push(JSON.parse(line));
    else remarks += `${line}\n`;
  };
  const reading = Promise.all([eachLine(child.stdout, take), eachLine(child.stderr, take)]);
  return {
    reports,
    async end(signal?: NodeJS.Signals) {
      if (signal !== undefined) child.kill(signal);
      const code = await child.exited;
      await reading;
      return { code, remarks };
    },
  };
}

describe.skipIf(obstacle !== "").each(versions.map(({ name, commit }) => [name, commit] as const))(
  `upgrade from %s${obstacle === "" ? "" : ` (skipped: ${obstacle})`}`,
  (_, commit) => {
    const older = obstacle === "" ? checkout(commit) : Promise.resolve("");
    older.catch(() => undefined); // the tests report the failure
    const wireOf = (folder: string) =>
      Number(/WIRE_VERSION = (\d+)/.exec(readFileSync(join(folder, "src/protocol/wire.ts"), "utf8"))?.[1]);

    /** Ten frames are shown, or each side says which version the other one speaks. */
    const check = (folder: string, outcome: { code: number; remarks: string }, frames: number) => {
      const wire = wireOf(folder);
      if (wire === WIRE_VERSION) {
        expect([outcome.code, frames, outcome.remarks]).toEqual([0, 10, expect.not.stringContaining("error")]);
        return;
      }
      expect(outcome.code).toBe(1);
      expect(outcome.remarks).toMatch(new RegExp(`speaks version ${wire} of the protocol|version ${wire}\\b`));
      expect(outcome.remarks).toContain("update the older side");
    };

    // A key of the settings file has the name of its flag.
    test.each(["serve", "view"] as const)("each flag of an older %s is still there", async (name) => {
      const before = flagsIn(await helpOf(olderCommand(await older, name)));
      const now = flagsIn(await helpOf(commandOf(name)));
      expect(before.size).toBeGreaterThan(5);
      expect([...before].filter((flag) => !now.has(flag))).toEqual([]);
    });

    test("an older server and this viewer", async () => {
      const folder = await older;
      const server = startOlder(folder, "serve", ["--source", "pattern", "--port", "0"]);
      try {
        await until(() => server.reports.some(({ port }) => port !== undefined), "the port of the server");
        const address = `127.0.0.1:${server.reports[0]?.port}`;
        const { program, ...viewer } = await runToEnd("view", [address, ...TEN_FRAMES, "--json"]);
        check(folder, viewer, (program.last as { frames?: number } | undefined)?.frames ?? 0);
      } finally {
        expect(await server.end("SIGTERM")).toMatchObject({ code: 0 });
      }
    });

    test("this server and an older viewer", async () => {
      const folder = await older;
      await using server = await startServer(["--source", "pattern"]);
      const viewer = startOlder(folder, "view", [`127.0.0.1:${server.port}`, ...TEN_FRAMES]);
      check(folder, await viewer.end(), viewer.reports.at(-1)?.frames ?? 0);
      expect(await server.end("SIGTERM")).toBe(0);
    });
  },
);
