// The command of on-event: its words, its input, its picture, and its limits. The programs are real.

import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lineLog } from "../../../../src/core/log.ts";
import { EventCommand } from "../../../../src/server/motion/outputs/event-command.ts";
import { resolveServeOptions } from "../../../../src/server/settings/resolve.ts";
import { parseSettings } from "../../../../src/server/settings/settings-file.ts";
import { motionMessage } from "../../../support/motion-reports.ts";
import { TEST_TIMEOUT_MS } from "../../../support/programs.ts";
import { until } from "../../../support/wait-until.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

let folder = "";
let lines: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipstream-test-"));
  lines = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const log = lineLog((text, level) => lines.push(`${level} ${text}`));
const fileOf = (name: string) => join(folder, name);

test("EventCommand: runs the command with its words filled in, without a shell, and with the event as its input", async () => {
  const words = ["{camera}", "{phase} {number}", "{zones}", "$HOME", "{area}"];
  const script = 'cat > "$0"; shift 0; for word; do printf "%s\\n" "$word"; done >> "$0"';
  const command = new EventCommand({ command: ["sh", "-c", script, fileOf("out"), ...words], folder }, log);
  command.send(motionMessage("start"));
  await command.close();
  const [input = "", ...filled] = readFileSync(fileOf("out"), "utf8").trim().split("\n");
  expect(JSON.parse(input)).toEqual(motionMessage("start").report);
  expect(filled).toEqual(["front door", "start 1", "path, ; touch x", "$HOME", "0.03"]);
  expect(lines).toEqual([]);
  expect(command.lost).toBe(0);
});

test("EventCommand: the picture is a file while the command runs, and is removed afterwards", async () => {
  const command = new EventCommand(
    { command: ["sh", "-c", 'cp "$1" "$0/copy"; printf %s "$1" > "$0/path"', folder, "{picture}"], folder },
    log,
  );
  command.send(motionMessage("start", 1, new Uint8Array([1, 2, 3])));
  await command.close();
  expect([...readFileSync(fileOf("copy"))]).toEqual([1, 2, 3]);
  expect(existsSync(readFileSync(fileOf("path"), "utf8"))).toBe(false);
});

test("EventCommand: runs at the end of an event only if it asks for the phase", async () => {
  const append = (word: string) => ["sh", "-c", 'printf "%s " "$1" >> "$0"', fileOf("out"), word];
  for (const word of ["once", "{phase}"]) {
    const command = new EventCommand({ command: append(word), folder }, log);
    for (const phase of ["start", "end"] as const) {
      command.send(motionMessage(phase));
      await until(() => existsSync(fileOf("out")), "the first run");
      await Bun.sleep(0);
    }
    await command.close();
  }
  const said = readFileSync(fileOf("out"), "utf8").trim().split(" ");
  expect(said.toSorted()).toEqual(["end", "once", "start"]);
});

test("EventCommand: says why it failed, and limits the number and the time of runs", async () => {
  const failing = new EventCommand(
    { command: ["sh", "-c", "echo first >&2; echo no network >&2; exit 3"], folder },
    log,
  );
  failing.send(motionMessage("start"));
  await failing.close();
  expect(lines).toEqual(["warning on-event: sh has failed: no network"]);
  expect(failing.lost).toBe(1);

  lines = [];
  // The child of the command has to end, too.
  const slow = new EventCommand(
    { command: ["sh", "-c", 'sleep 300 & echo $! >> "$0"; wait', fileOf("pids")], folder },
    log,
    500,
  );
  for (let number = 1; number <= 7; number++) slow.send(motionMessage("start", number));
  expect(slow.lost).toBe(3);
  const pids = () => (existsSync(fileOf("pids")) ? readFileSync(fileOf("pids"), "utf8").trim().split("\n") : []);
  await until(() => slow.lost === 7, "the end of all runs", 30_000);
  await slow.close();
  expect(lines.filter((line) => line.includes("runs of sh have not ended"))).toHaveLength(1);
  expect(lines.filter((line) => line.includes("it did not end in 0.5 s"))).toHaveLength(4);
  await until(() => pids().every((pid) => !isRunning(Number(pid))), "the end of the children");
});

test("EventCommand: does not wait for what a command has left running, and says why it killed a run at the end", async () => {
  const leaving = new EventCommand(
    { command: ["sh", "-c", 'sleep 300 & echo $! > "$0"; echo why >&2; exit 3', fileOf("pid")], folder },
    log,
  );
  leaving.send(motionMessage("start"));
  await until(() => leaving.lost === 1, "the end of the run", 30_000);
  expect(lines).toEqual(["warning on-event: sh has failed: why"]);
  await leaving.close();
  process.kill(Number(readFileSync(fileOf("pid"), "utf8")));

  lines = [];
  const slow = new EventCommand({ command: ["sleep", "300"], folder }, log);
  slow.send(motionMessage("start"));
  await slow.close();
  expect(lines).toEqual(["warning on-event: sleep has failed: it was still running when the camera ended"]);
});

test("EventCommand: a program that exits at once leaves neither commands nor pictures", async () => {
  const source = join(import.meta.dir, "../../../../src/server/motion/outputs/event-command.ts");
  const support = join(import.meta.dir, "../../../support/motion-reports.ts");
  const program = `
    import { existsSync } from "node:fs";
    import { EventCommand } from ${JSON.stringify(source)};
    import { motionMessage } from ${JSON.stringify(support)};
    const words = ["sh", "-c", 'echo $$ > pid; printf %s "$0" > path; exec sleep 300', "{picture}"];
    const log = { info() {}, warning() {} };
    const command = new EventCommand({ command: words, folder: ${JSON.stringify(folder)} }, log);
    command.send(motionMessage("start", 1, new Uint8Array([1])));
    while (!existsSync(${JSON.stringify(fileOf("path"))}) || Bun.file(${JSON.stringify(fileOf("path"))}).size === 0) await Bun.sleep(10);
    process.exit(130);
  `;
  writeFileSync(fileOf("program.ts"), program);
  const child = Bun.spawn([process.execPath, fileOf("program.ts")], { stdio: ["ignore", "inherit", "inherit"] });
  expect(await child.exited).toBe(130);
  const pid = Number(readFileSync(fileOf("pid"), "utf8"));
  await until(() => !isRunning(pid), "the end of the command");
  expect(existsSync(readFileSync(fileOf("path"), "utf8"))).toBe(false);
});

function isRunning(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}

test("EventCommand: runs in its folder, with the desktop of the operator, and without other variables", async () => {
  writeFileSync(fileOf("tell"), '#!/bin/sh\nprintf "%s %s" "$XDG_RUNTIME_DIR" "$SLIPSTREAM_KEY" > told\n', {
    mode: 0o700,
  });
  const before = { ...process.env };
  Object.assign(process.env, { XDG_RUNTIME_DIR: "/run/user/7", SLIPSTREAM_KEY: "secret" });
  try {
    const command = new EventCommand({ command: ["./tell"], folder }, log);
    command.send(motionMessage("start"));
    await command.close();
  } finally {
    for (const name of ["XDG_RUNTIME_DIR", "SLIPSTREAM_KEY"] as const) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
  expect(lines).toEqual([]);
  expect(readFileSync(fileOf("told"), "utf8")).toBe("/run/user/7 ");
});

test("on-event: unknown programs and placeholders are refused", () => {
  const resolve = (command: string[]) => () =>
    resolveServeOptions({ cameras: [{ source: "pattern", motion: { command } }] });
  expect(resolve([])).toThrow("on-event needs a program");
  expect(resolve(["no-such-program"])).toThrow("on-event names the program 'no-such-program', which is not installed");
  expect(resolve(["sh", "{colour}"])).toThrow("on-event has the unknown placeholder {colour}; there are {camera}");
  expect(resolve(["sh", "{camera}"])).not.toThrow();
  const inFolder = (program: string) => parseSettings(`motion = true\non-event = ["${program}"]`, "x.toml", folder);
  expect(() => inFolder("./tell")).toThrow(
    `x.toml:2: on-event: names '${fileOf("tell")}', which is not there, or not a file that can be executed`,
  );
  writeFileSync(fileOf("tell"), "#!/bin/sh\n", { mode: 0o700 });
  expect(() => inFolder("./tell")).not.toThrow();
});
