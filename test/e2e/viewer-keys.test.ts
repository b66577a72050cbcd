// The sources from which a viewer takes the key of a server: link, environment, file, store and terminal. Real servers and viewers.

import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ViewReport } from "../../src/client/figures.ts";
import { Desktop, eventually } from "../support/desktop.ts";
import { commandOf, Program, runToEnd, type Server, startServer, TEST_TIMEOUT_MS } from "../support/programs.ts";
import { Terminal } from "../support/terminal.ts";
import { until } from "../support/wait-until.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const KEY = "k7qf-2mzd-9x4t-b0hn-5rwv";
const PLAIN_KEY = KEY.replaceAll("-", "");
const WRONG_KEY = "0000-1111-2222-3333-4444";
const PATTERN = ["--source", "pattern", "--size", "320x240", "--fps", "20"];
const THREE_FRAMES = ["--display", "none", "--frames", "3"];

let folder = "";
let keyFile = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipstream-test-"));
  keyFile = join(folder, "key");
  await writeFile(keyFile, `${KEY}\n`, { mode: 0o600 });
});

afterEach(() => rm(folder, { recursive: true }));

const storePath = () => join(folder, "viewer/slipstream/known-servers.json");

/** The environment of a viewer: a state folder of its own, and no key. */
const viewerEnv = (key = "") => ({ XDG_STATE_HOME: join(folder, "viewer"), SLIPSTREAM_KEY: key });

/** A server on this machine that needs KEY. */
const serve = (...flags: string[]): Promise<Server> =>
  startServer([...PATTERN, "--key-file", keyFile, ...flags], {
    env: { XDG_STATE_HOME: join(folder, "server"), SLIPSTREAM_KEY: "" },
  });

const viewing = (flags: readonly string[], key?: string) =>
  new Program<ViewReport>("view", [...flags, "--json"], { env: viewerEnv(key) });

/** Runs a viewer until it ends. */
const view = (flags: readonly string[], key?: string) => runToEnd("view", flags, { env: viewerEnv(key) });

const onTerminal = (...flags: string[]) => Terminal.start([...commandOf("view"), ...flags], viewerEnv());

/** Fails if a text contains the key in any form. */
function expectNoKey(text: string): void {
  expect(text.length).toBeGreaterThan(0);
  expect(text.toLowerCase().replaceAll("-", "")).not.toContain(PLAIN_KEY);
}

describe("keys of viewers", () => {
  test("view: stores the key of a link, and then the address is enough, even for --list and --grid", async () => {
    await using server = await serve("--allow-controls");
    const host = `127.0.0.1:${server.port}`;
    const first = await view([`slip://${KEY}@${host}/pattern`, ...THREE_FRAMES]);
    expect([first.code, first.remarks]).toEqual([0, expect.stringContaining(`connected to ${host}`)]);
    expect((await stat(storePath())).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(storePath(), "utf8"))[host].key).toBe(PLAIN_KEY);
    for (const flags of [THREE_FRAMES, ["--list"], ["--grid", ...THREE_FRAMES]]) {
      const { code, remarks } = await view([host, ...flags]);
      expect([code, remarks]).toEqual([0, expect.any(String)]);
    }
    const controls = await view([host, "--controls"]);
    expect(controls.remarks).not.toContain("key");
  });

  test("view: a key from the environment or a file is accepted", async () => {
    await using server = await serve();
    const host = `127.0.0.1:${server.port}`;
    const variable = await view([host, ...THREE_FRAMES], KEY.toUpperCase());
    expect(variable.code).toBe(0);
    await rm(storePath());
    const file = await view([host, ...THREE_FRAMES, "--key-file", keyFile]);
    expect(file.code).toBe(0);
  });

  test("view: after a wrong key the stored one is tried, and a right key replaces the stored one", async () => {
    await using server = await serve();
    const host = `127.0.0.1:${server.port}`;
    expect((await view([host, ...THREE_FRAMES], KEY)).code).toBe(0);
    expect((await view([host, ...THREE_FRAMES], WRONG_KEY)).code).toBe(0);
    expect(JSON.parse(await readFile(storePath(), "utf8"))[host].key).toBe(PLAIN_KEY);
    const text = await readFile(storePath(), "utf8");
    await writeFile(storePath(), text.replace(PLAIN_KEY, "0".repeat(20)));
    expect((await view([`slip://${KEY}@${host}`, ...THREE_FRAMES])).code).toBe(0);
    expect(JSON.parse(await readFile(storePath(), "utf8"))[host].key).toBe(PLAIN_KEY);
  });

  test("view: without a terminal, a missing or wrong key gives one line that says what to do, and exit code 1", async () => {
    await using server = await serve();
    const host = `127.0.0.1:${server.port}`;
    for (const flags of [
      ["--display", "none"],
      ["--display", "none", "--wait"],
      ["--list"],
      ["--controls"],
      ["--grid", "--display", "none"],
    ]) {
      const { code, remarks } = await view([host, ...flags]);
      expect(code).toBe(1);
      expect(remarks.trim().split("\n").length).toBe(1);
      expect(remarks).toStartWith(`error: ${host} needs a key: give the link`);
    }
    const { code, remarks } = await view([`slip://${WRONG_KEY}@${host}`, "--display", "none"]);
    expect(code).toBe(1);
    expect(remarks).toStartWith(`error: the key of the link is not right for ${host}: give the link`);
    expect(await Bun.file(storePath()).exists()).toBe(false);
  });

  test.each([
    ["the variable", ["127.0.0.1:1"], "hunter2hunter", "SLIPSTREAM_KEY"],
    ["a missing key file", ["127.0.0.1:1", "--key-file", "/nowhere/hunter2hunter"], undefined, "key-file"],
    ["the link", ["slips://hunter2hunter@127.0.0.1:1"], undefined, "the link"],
  ])("view: a text in %s that cannot be a key ends it with code 2 and is not quoted", async (_, flags, key, named) => {
    const { code, remarks } = await view([...flags, "--display", "none"], key);
    expect(code).toBe(2);
    expect(remarks.trim().split("\n").length).toBe(1);
    expect(remarks).toContain(named);
    expect(remarks).not.toContain("hunter2");
  });
});

describe("view: a key on the terminal", () => {
  test("view: asks for a key without echo, and stores it", async () => {
    await using server = await serve();
    const host = `127.0.0.1:${server.port}`;
    await using terminal = onTerminal(host, ...THREE_FRAMES);
    await terminal.until(`Key of ${host}: `);
    terminal.type(`${WRONG_KEY}\r`);
    await terminal.until("the key is not right");
    terminal.type("short\r");
    await terminal.until(`Key of ${host}: `, 3);
    terminal.type(`${KEY.toUpperCase()}x\u007f\r`);
    expect(await terminal.end()).toBe(0);
    expect(terminal.shown).toContain("3 frames shown");
    expectNoKey(terminal.shown);
    expect(terminal.shown).not.toContain("0000");
    await using again = onTerminal(host, "--list");
    expect(await again.end()).toBe(0);
    expect(again.shown).not.toContain("Key of");
  });

  test("view: --grid asks for a key once", async () => {
    await using server = await serve("--source", "pattern");
    const host = `127.0.0.1:${server.port}`;
    await using terminal = onTerminal(host, "--grid", ...THREE_FRAMES);
    await terminal.until(`Key of ${host}: `);
    terminal.type(`${PLAIN_KEY}\r`);
    expect(await terminal.end()).toBe(0);
    expect(terminal.shown.split("Key of").length).toBe(2);
  });

  test("view: asks for a key at most three times, and Ctrl-C ends the question", async () => {
    await using server = await serve();
    const host = `127.0.0.1:${server.port}`;
    await using wrong = onTerminal(host, ...THREE_FRAMES);
    for (let question = 1; question <= 3; question++) {
      await wrong.until(`Key of ${host}: `, question);
      wrong.type(`${WRONG_KEY.replace(/0$/, "")}${question}\r`);
    }
    expect(await wrong.end()).toBe(1);
    expect(wrong.shown).toContain("error:");
    await using stopped = onTerminal(host, ...THREE_FRAMES);
    await stopped.until(`Key of ${host}: `);
    stopped.type("k7qf\u0003");
    expect(await stopped.end()).toBe(0);
    expect(stopped.shown).not.toContain("error:");
  });
});

describe("view: the store of keys", () => {
  test("view: --forget removes a server, and lists the known ones", async () => {
    await using server = await serve();
    const host = `127.0.0.1:${server.port}`;
    expect((await view([host, ...THREE_FRAMES], KEY)).code).toBe(0);
    const run = async (...flags: string[]) => {
      const { code, program } = await runToEnd("view", flags, { env: viewerEnv(), rawOutput: true });
      return [code, program.bytes.toString()];
    };
    expect(await run("--forget", "127.0.0.1:7")).toEqual([0, `127.0.0.1:7 is not known (${host} is)\n`]);
    expect(await run("--forget", host)).toEqual([0, `${host} is forgotten\n`]);
    expect(await run("--forget", host)).toEqual([0, `${host} is not known\n`]);
    expect((await view([host, "--list"])).code).toBe(1);
    expectNoKey(await readFile(storePath(), "utf8"));
  });

  test("view: a store that is damaged or that others can read is refused with one line and not changed", async () => {
    await using server = await serve();
    const host = `127.0.0.1:${server.port}`;
    expect((await view([host, ...THREE_FRAMES], KEY)).code).toBe(0);
    const text = await readFile(storePath(), "utf8");
    await chmod(storePath(), 0o644);
    const open = await view([host, ...THREE_FRAMES]);
    expect([open.code, open.remarks]).toEqual([2, expect.stringMatching(/^error: .*other users.*chmod 600.*\n$/)]);
    expect(await readFile(storePath(), "utf8")).toBe(text);
    await chmod(storePath(), 0o600);
    await writeFile(storePath(), text.slice(0, -5));
    const damaged = await view([host, ...THREE_FRAMES]);
    expect([damaged.code, damaged.remarks]).toEqual([2, expect.stringMatching(/^error: .*is damaged.*\n$/)]);
    expect(await readFile(storePath(), "utf8")).toBe(text.slice(0, -5));
    expectNoKey(open.remarks + damaged.remarks);
  });

  test("view: two viewers that store keys at the same time store both", async () => {
    await using one = await serve();
    await using other = await serve();
    const codes = await Promise.all([one, other].map(({ port }) => view([`127.0.0.1:${port}`, ...THREE_FRAMES], KEY)));
    expect(codes.map(({ code }) => code)).toEqual([0, 0]);
    const names = Object.keys(JSON.parse(await readFile(storePath(), "utf8")));
    expect(names.toSorted()).toEqual([`127.0.0.1:${one.port}`, `127.0.0.1:${other.port}`].toSorted());
  });
});

test("serve and view: no output, no trace and no argument of a child process contains a key", async () => {
  const traces = ["serve", "view"].map((name) => join(folder, `${name}.json`));
  await using server = await serve("--log-level", "debug", "--trace", traces[0] as string);
  const host = `127.0.0.1:${server.port}`;
  const debug = ["--log-level", "debug"];
  await using viewer = viewing([host, "--display", "none", ...debug, "--trace", traces[1] as string], KEY);
  await viewer.until("frames", ({ last }) => (last?.frames ?? 0) > 5);
  for (const pid of [viewer.child.pid, server.child.pid]) {
    const all = Bun.spawnSync(["ps", "-o", "args=", "--ppid", `${pid}`, "--pid", `${pid}`]).stdout.toString();
    expectNoKey(all);
  }
  expect(await viewer.end("SIGTERM")).toBe(0);
  const wrong = await view([`slip://${KEY}@${host}/nothing`, "--display", "none", ...debug]);
  const unknown = await view([`slips://${KEY}@nowhere.invalid`, "--display", "none", ...debug]);
  const misplaced = await view([`${KEY}@${host}`]);
  const option = await view([host, `--sizes=${KEY}`]);
  const started = Bun.spawnSync(["bun", "run", "view", `slip://${KEY}@${host}/nothing`, "--display", "none"], {
    cwd: join(import.meta.dir, "../.."),
    env: { ...process.env, ...viewerEnv() },
  });
  expect(started.exitCode).toBe(1);
  expectNoKey(started.stdout.toString() + started.stderr.toString());
  await server.end("SIGTERM");
  for (const { reports, remarks } of [server, viewer]) expectNoKey(JSON.stringify(reports) + remarks);
  for (const { code, remarks } of [wrong, unknown, misplaced, option]) {
    expect(code).toBeGreaterThan(0);
    expectNoKey(remarks);
  }
  for (const trace of traces) expectNoKey(await readFile(trace, "utf8"));
});

test("a key is in no title of a window, before and after the connection", async () => {
  await using server = await serve();
  await using desktop = await Desktop.start({ width: 800, height: 600 });
  for (const [port, title] of [
    [9, "Slipstream - 127.0.0.1:9/pattern"],
    [server.port, "pattern - Slipstream"],
  ] as const) {
    const env = { ...viewerEnv(), ...desktop.env };
    await using viewer = new Program("view", [`slip://${KEY}@127.0.0.1:${port}/pattern`], { env });
    await eventually(`the window ${title}`, () => desktop.findWindow(title) !== null);
    const ids = desktop.xdotool("search", "--name", ".").split("\n");
    expectNoKey(ids.map((id) => desktop.xdotool("getwindowname", id)).join("\n"));
    expect(await viewer.end("SIGTERM")).toBe(0);
    expectNoKey(viewer.remarks);
  }
});

describe("serve: the link for viewers", () => {
  test("serve: prints the link with the first key on a terminal, and a viewer can use it", async () => {
    const env = { XDG_STATE_HOME: join(folder, "server"), SLIPSTREAM_KEY: "" };
    const flags = ["--no-config", "--host", "0.0.0.0", "--port", "0", "--no-announce", ...PATTERN];
    await using server = Terminal.start([...commandOf("serve"), ...flags], env);
    const line = /to watch: bun run view (slips:\/\/((?:[0-9a-z]{4}-){4}[0-9a-z]{4})@[^\s:]+:(\d+))[\r\n]/;
    await until(() => line.test(server.shown), "the link", 20_000);
    const link = line.exec(server.shown);
    const [, , key, port] = link ?? [];
    const { code, remarks } = await view([`slips://${key}@127.0.0.1:${port}`, ...THREE_FRAMES]);
    expect([code, remarks]).toEqual([0, expect.stringContaining("connected to")]);
    const own = await readFile(join(folder, "server/slipstream/keys.json"), "utf8");
    expect(JSON.parse(own).keys[0].key).toBe(key);
    server.type("\u0003");
    expect(await server.end()).toBe(0);
  });

  test("serve: prints no link and no key into a pipe", async () => {
    const env = { XDG_STATE_HOME: join(folder, "server"), SLIPSTREAM_KEY: "" };
    await using server = await startServer([...PATTERN, "--host", "0.0.0.0", "--no-announce"], { env });
    await server.until("the line for viewers", ({ remarks }) => remarks.includes("bun run key list --show"));
    const own = JSON.parse(await readFile(join(folder, "server/slipstream/keys.json"), "utf8")).keys[0].key as string;
    expect(own).toMatch(/^([0-9a-z]{4}-){4}[0-9a-z]{4}$/);
    expect(server.remarks.replaceAll("-", "")).not.toContain(own.replaceAll("-", ""));
  });
});
