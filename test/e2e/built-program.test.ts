// `slipstream` as one file, and the same programs from their source: what they show, their children, and their help.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { provideProgram } from "../../scripts/build/program.ts";
import { readFrameCode } from "../../src/capture/pattern/frame-code.ts";
import { canvasPixels, CHROMIUM, openPage, startChromium } from "../support/chromium.ts";
import { Desktop, eventually } from "../support/desktop.ts";
import {
  childrenOf,
  CLIP,
  runToEnd,
  type Server,
  startServer,
  startViewer,
  TEST_TIMEOUT_MS,
} from "../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const ROOT = dirname(dirname(import.meta.dir));
const SIZE = { width: 320, height: 240 };
const PATTERN = ["--source", "pattern", "--size", "320x240", "--fps", "20"];

/** An empty working folder, and the folders of a user. So a program finds nothing of the checkout. */
const folder = mkdtempSync(join(tmpdir(), "slipstream-built-"));
const env = { XDG_CACHE_HOME: join(folder, "cache") };
let path = "";
let desktop: Desktop;
beforeAll(async () => {
  path = await provideProgram(ROOT);
  desktop = await Desktop.start({ width: 640, height: 480 });
});
afterAll(async () => {
  await desktop[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

describe.each(["the source", "the built program"])("%s", (which) => {
  const options = () => ({ env: { ...env, ...desktop.env }, built: which === "the source" ? null : path });
  let server: Server;
  beforeAll(async () => {
    server = await startServer([...PATTERN, "--http", "0", "--preview"], options());
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test("view shows the frames of the pattern, whole and in order", async () => {
    await using viewer = startViewer(server.port, ["--frames", "10", "--output", "-"], {
      ...options(),
      rawOutput: true,
    });
    expect(await viewer.end()).toBe(0);
    const frameBytes = SIZE.width * SIZE.height * 4;
    expect(viewer.bytes.length).toBe(10 * frameBytes);
    const numbers = Array.from({ length: 10 }, (_, index) =>
      readFrameCode(viewer.bytes.subarray(index * frameBytes, (index + 1) * frameBytes), SIZE),
    ).map((code) => code?.frameNumber ?? -1);
    expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
    expect(numbers[0]).toBeGreaterThanOrEqual(0);
    expect(viewer.last).toMatchObject({ final: true, frames: 10, codec: "simd" });
  });

  test.skipIf(CHROMIUM === null)("the page shows the frames in Chromium (needs chromium)", async () => {
    const browser = await startChromium();
    try {
      await using opened = await openPage(browser);
      await opened.page.goto(`http://127.0.0.1:${server.last?.http?.port}/`);
      await opened.page.waitForSelector("[data-shown]");
      const { pixels, ...size } = await canvasPixels(opened.page);
      expect(size).toEqual(SIZE);
      expect(readFrameCode(pixels, SIZE)).not.toBeNull();
      expect(opened.errors).toEqual([]);
    } finally {
      await browser.close();
    }
  });

  test("--preview shows the frames in a window, and ends with the server", async () => {
    const window = () => desktop.findWindow("pattern - Slipstream");
    await eventually("a window", () => window()?.width === SIZE.width);
    await eventually("a picture", () => {
      const found = window();
      return found !== null && readFrameCode(desktop.screenshot(found), SIZE) !== null;
    });
    expect(await server.end("SIGTERM")).toBe(0);
    expect(server.last).toMatchObject({ final: true });
    expect(server.remarks).not.toContain("preview");
    expect(window()).toBeNull();
  });

  test("plays a film with ffmpeg, which ends with it, beside a camera that is missing", async () => {
    await using server = await startServer(["--source", CLIP, "--source", "/dev/video77"], options());
    const missing = "cannot read /dev/video77: there is no such file or device"; // this comes from a thread
    await server.until("the missing camera", ({ remarks }) => remarks.includes(missing));
    await using viewer = startViewer(server.port, ["--frames", "3"], options());
    expect(await viewer.end()).toBe(0);
    const [ffmpeg = 0] = childrenOf(server.child.pid, "ffmpeg");
    expect(ffmpeg).toBeGreaterThan(0);
    server.child.kill("SIGKILL");
    await eventually("the end of ffmpeg", () => !existsSync(`/proc/${ffmpeg}`));
  });

  test("--help names its own commands, and a wrong option exits with code 2", async () => {
    const help = await runToEnd("view", ["--help"], { ...options(), rawOutput: true });
    const own = which === "the source" ? "bun run view" : "slipstream view";
    expect(help.program.bytes.toString()).toStartWith(`Usage: ${own} [options]`);
    expect(await runToEnd("serve", ["--fps", "x"], options())).toMatchObject({ code: 2 });
  });
});

test("no module but program-files.ts finds a file by its path, which a built program could not", () => {
  const text = (file: string) => readFileSync(join(ROOT, "src", file), "utf8");
  const files = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".ts"),
  );
  expect(files.filter((file) => /import\.meta\.(url|dir|path|resolve|filename)/.test(text(file)))).toEqual([
    "program-files.ts",
  ]);
});

describe("slipstream", () => {
  const run = (...args: string[]) => {
    const { exitCode, stdout, stderr } = Bun.spawnSync([path, ...args], {
      cwd: folder,
      env: { ...process.env, ...env },
    });
    return { code: exitCode, output: stdout.toString(), error: stderr.toString() };
  };

  test("has all commands, a version, and a hint for a misspelt command", async () => {
    const { version } = await Bun.file(join(ROOT, "package.json")).json();
    expect(run("--version")).toEqual({ code: 0, output: `${version}\n`, error: "" });
    const { code, output } = run("--help");
    expect(code).toBe(0);
    for (const command of ["serve", "view", "clip", "cameras", "key", "demo", "doctor", "bench"]) {
      expect(output).toMatch(new RegExp(`^  ${command} `, "m"));
      if (command === "bench" || command === "demo") continue;
      expect(run(command, "--version")).toEqual({ code: 0, output: `${version}\n`, error: "" });
      expect(run(command, "--help").output).toStartWith(`Usage: slipstream ${command} `);
    }
    const wrong = (error: string) => ({ code: 2, output: "", error: `error: ${error}\n` });
    expect(run("help", "key")).toEqual(run("key", "--help"));
    expect(run("sevre", "--port", "0")).toEqual(
      wrong("there is no such command: did you mean 'serve'? (--help lists the commands)"),
    );
    expect(run("a-secret-word")).toEqual(wrong("there is no such command (--help lists the commands)"));
    expect(run()).toEqual(wrong("write a command after 'slipstream' (--help lists the commands)"));
    expect(run("bench")).toMatchObject({
      code: 1,
      error: "error: the benches need the source of Slipstream: run 'bun run bench' in a checkout\n",
    });
  });

  test("reads no settings for Bun in the folder where it is started", () => {
    writeFileSync(join(folder, "preload.ts"), "console.log('preloaded');");
    writeFileSync(join(folder, "bunfig.toml"), 'preload = ["./preload.ts"]');
    writeFileSync(join(folder, ".env"), "SLIPSTREAM_LOG=not:a:level");
    const error = "error: no program listens on 127.0.0.1:9: start 'slipstream serve' there\n";
    expect(run("view", "127.0.0.1:9", "--list")).toEqual({ code: 1, output: "", error });
  });

  test("copies its part of SDL to the cache folder, once, and replaces a damaged copy", async () => {
    const copies = join(env.XDG_CACHE_HOME, "slipstream");
    rmSync(copies, { recursive: true, force: true });
    const view = () => run("view", "127.0.0.1:9", "--once").error;
    const noDisplay = expect.stringContaining("no window can be opened (there is no display)");
    expect(view()).toEqual(noDisplay);
    const files = () => readdirSync(copies, { recursive: true, encoding: "utf8" }).filter((name) => name.includes("/"));
    const [name = "", ...others] = files();
    expect([name, others]).toEqual([expect.stringMatching(/^[0-9a-f]{16}\/sdl\.node$/), []]);
    const copy = join(copies, name);
    const { ino } = statSync(copy);
    expect([view(), files(), statSync(copy).ino]).toEqual([noDisplay, [name], ino]);
    const whole = readFileSync(copy);
    writeFileSync(copy, whole.subarray(1000));
    expect([view(), files(), readFileSync(copy).equals(whole)]).toEqual([noDisplay, [name], true]);
  });
});
