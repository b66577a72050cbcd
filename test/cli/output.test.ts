// A reader that does not read its pipe, a stopped terminal or a full disk does not stop servers or viewers. In real processes.

import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { closeSync, openSync } from "node:fs";
import type { ServeReport } from "../../src/server/report/report.ts";
import { Program, startViewer, TEST_TIMEOUT_MS } from "../support/programs.ts";
import { UnreadPipe } from "../support/unread-pipe.ts";
import { until } from "../support/wait-until.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const program = (name: string) => new URL(`../../src/cli/${name}.ts`, import.meta.url).href;
const PATTERN = ["--no-config", "--source", "pattern", "--size", "320x180"];
/** At this level each frame writes a line to the log. */
const TALKATIVE = { SLIPSTREAM_LOG: "debug" };
/** A test fails when it has waited this long for something. */
const PATIENCE_MS = 20_000;

const started: Bun.Subprocess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

interface Outputs {
  stdout?: number | "pipe";
  stderr?: number | "pipe";
  env?: Record<string, string>;
}

function start(name: string, flags: readonly string[], { stdout, stderr, env = {} }: Outputs) {
  const child = Bun.spawn([process.execPath, new URL(program(name)).pathname, ...flags], {
    stdin: "ignore",
    stdout: stdout ?? "ignore",
    stderr: stderr ?? "ignore",
    env: { ...process.env, ...env },
  });
  started.push(child);
  return child;
}

function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
  listener.stop(true);
  return listener.port;
}

/** Watches a server for some frames. The viewer retries, because the server might not listen yet. */
async function watch(port: number, frames: number): Promise<void> {
  await using viewer = startViewer(port, ["--frames", String(frames)]);
  expect(await viewer.end()).toBe(0);
  expect(viewer.last).toMatchObject({ frames, reconnects: 0 });
}

describe("output to a pipe that is not read", () => {
  test.each([
    { which: "stdout", flags: ["--json"] },
    { which: "stderr", flags: [] },
  ])(
    "serve: while $which is full, video goes on, and SIGTERM ends the server without an error",
    async ({ which, flags }) => {
      using pipe = new UnreadPipe();
      const port = freePort();
      const server = start("serve", [...PATTERN, "--port", String(port), ...flags], {
        [which]: pipe.writingEnd,
        env: TALKATIVE,
      });
      await watch(port, 20);
      await watch(port, 60);
      server.kill("SIGTERM");
      expect(await server.exited).toBe(0);
      expect(pipe.read()).toBe("");
    },
  );

  test("reports: a pipe that is read again gets whole lines, the newest report, and the number of dropped ones", async () => {
    using pipe = new UnreadPipe();
    const script = `
      import { runMain } from ${JSON.stringify(program("program"))};
      import { Output } from ${JSON.stringify(program("output"))};
      await runMain(async (signal) => {
        const output = new Output({ subject: "server", json: true, onReaderGone() {} });
        for (let n = 1; n <= 5000; n++) {
          output.report({ n, padding: "x".repeat(100) }, () => "");
          if (n % 100 === 0) await Bun.sleep(1);
        }
        console.error("made");
        await new Promise((resolve) => process.stdin.once("end", resolve).resume());
        output.final({ n: 5001 }, "");
      });`;
    const child = Bun.spawn([process.execPath, "-e", script], {
      stdin: "pipe",
      stdout: pipe.writingEnd,
      stderr: "pipe",
    });
    started.push(child);
    const remarks = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
    expect((await remarks.read()).value).toBe("made\n");
    let text = "";
    const take = () => {
      text += pipe.read();
      return text.includes('"n":5000');
    };
    await until(take, "the newest report", PATIENCE_MS);
    child.stdin.end();
    expect(await child.exited).toBe(0);
    text += pipe.read();
    const numbers = text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line).n as number);
    expect(numbers.slice(-2)).toEqual([5000, 5001]);
    const { value: note = "" } = await remarks.read();
    const [, dropped] = /nobody read standard output: (\d+) reports were dropped/.exec(note) ?? [];
    expect(numbers.length + Number(dropped)).toBe(5001);
    expect(Number(dropped)).toBeGreaterThan(0);
  });

  test("log: a bounded number of bytes waits, and dropped lines are counted", async () => {
    using pipe = new UnreadPipe();
    const script = `
      import { runMain } from ${JSON.stringify(program("program"))};
      import { Output } from ${JSON.stringify(program("output"))};
      await runMain(async () => {
        const output = new Output({ subject: "server", json: true, onReaderGone() {} });
        const text = "x".repeat(100);
        for (let n = 0; n < 5000; n++) output.log({ at: new Date(), level: "info", subjects: ["server"], text, fields: {} });
        await new Promise((resolve) => process.stdin.once("end", resolve).resume());
      });`;
    const child = Bun.spawn([process.execPath, "-e", script], { stdin: "pipe", stderr: pipe.writingEnd });
    started.push(child);
    let text = "";
    const take = () => {
      text += pipe.read();
      return text.includes("were dropped");
    };
    await until(take, "the line that counts", PATIENCE_MS);
    child.stdin.end();
    expect(await child.exited).toBe(0);
    const lines = (text + pipe.read()).split("\n").filter((line) => line.startsWith("xxx"));
    const [, dropped] = /nobody read standard error: (\d+) lines were dropped/.exec(text) ?? [];
    expect(lines.length + Number(dropped)).toBe(5000);
    expect(lines.join("").length).toBeLessThan(100_000);
  });

  test("an answer to a question waits for its reader and arrives whole; SIGTERM ends the wait", async () => {
    using pipe = new UnreadPipe();
    const script = `
      import { runMain } from ${JSON.stringify(program("program"))};
      import { printAnswer } from ${JSON.stringify(program("output"))};
      await runMain(async (signal) => {
        const printed = printAnswer("x".repeat(200_000), signal);
        console.error("begun");
        await printed;
      });`;
    const ask = async () => {
      const child = Bun.spawn([process.execPath, "-e", script], {
        stdin: "ignore",
        stdout: pipe.writingEnd,
        stderr: "pipe",
      });
      started.push(child);
      await child.stderr.getReader().read();
      return child;
    };
    const stopped = await ask();
    stopped.kill("SIGTERM");
    expect(await stopped.exited).toBe(0);
    const whole = await ask();
    let text = "";
    const take = () => {
      text += pipe.read();
      return text.length >= 200_001;
    };
    await until(take, "the answer", PATIENCE_MS);
    expect(await whole.exited).toBe(0);
    expect((text + pipe.read()).length).toBe(200_001);
  });
});

describe("output to a terminal that Ctrl-S has stopped", () => {
  test.each(["serve", "view"])("%s: goes on, and SIGTERM shuts it down cleanly", async (name) => {
    const port = freePort();
    let shown = "";
    const onTerminal = (flags: readonly string[], isStopped: boolean) => {
      const child = Bun.spawn([process.execPath, new URL(program(name)).pathname, ...flags], {
        env: { ...process.env, ...(isStopped ? TALKATIVE : {}) },
        terminal: {
          data(_, bytes) {
            shown += Buffer.from(bytes).toString();
          },
        },
      });
      started.push(child);
      return child;
    };
    if (name === "serve") {
      const server = onTerminal([...PATTERN, "--port", String(port)], true);
      await until(() => shown.includes("serving pattern"), "the server", PATIENCE_MS);
      server.terminal?.write("\x13");
      await watch(port, 20);
      await watch(port, 60);
      server.kill("SIGTERM");
      expect(await server.exited).toBe(0);
      return;
    }
    const server = start("serve", [...PATTERN, "--port", String(port), "--json"], { stdout: "pipe" });
    const viewer = onTerminal([`127.0.0.1:${port}`, "--display", "none"], true);
    await until(() => shown.includes("latency"), "the status line", PATIENCE_MS);
    viewer.terminal?.write("\x13");
    const lines = server.stdout as ReadableStream<Uint8Array>;
    let sent = 0;
    for await (const chunk of lines) {
      const report = /.*"sent":(\d+).*\n$/.exec(Buffer.from(chunk).toString());
      sent = Number(report?.[1] ?? sent);
      if (sent > 150) break; // 5 s of video: a server that blocks on the terminal would have stopped by then
    }
    viewer.kill("SIGTERM");
    expect(await viewer.exited).toBe(0);
  });
});

describe("an output that fails", () => {
  test("serve --json on a full disk: one line, no stack, and an orderly end", async () => {
    const full = openSync("/dev/full", "w");
    const flags = [...PATTERN, "--port", "0", "--json", "--frames", "75"];
    const server = start("serve", flags, { stdout: full, stderr: "pipe" });
    closeSync(full);
    const lines = (await (server.stderr as unknown as Response["body"] & { text(): Promise<string> }).text()).split(
      "\n",
    );
    expect(await server.exited).toBe(0);
    expect(lines.filter((line) => line.includes("standard output"))).toEqual([
      "standard output cannot be written: the disk is full; reports are dropped",
    ]);
    expect(lines.filter((line) => /^\s+at |ENOSPC/.test(line))).toEqual([]);
  });

  test("serve with its log on a full disk, or with a log that is closed: the server goes on until it is told to end", async () => {
    const full = openSync("/dev/full", "w");
    const flags = [...PATTERN, "--port", "0", "--json", "--frames", "40"];
    const server = start("serve", flags, { stdout: "pipe", stderr: full, env: TALKATIVE });
    closeSync(full);
    const closed = Bun.spawn(
      [
        "sh",
        "-c",
        `"$@" 2>&1 >/dev/null | head -n 1 >/dev/null`,
        "sh",
        process.execPath,
        new URL(program("serve")).pathname,
        ...flags,
      ],
      { stdout: "pipe" },
    );
    started.push(closed);
    expect(await (server.stdout as unknown as { text(): Promise<string> }).text()).toContain('"final":true');
    expect(await server.exited).toBe(0);
    expect(await closed.exited).toBe(0);
  });

  test("serve --json | head: ends without an error when the reader has gone, and says goodbye to its viewers", async () => {
    const port = freePort();
    // Descriptor 3 is the standard input of the shell. When the test closes it, `cat` ends, and the reports lose their reader.
    const script = `exec 3<&0; "$@" </dev/null | { head -n 1; read -r -u 3; }; echo "exit \${PIPESTATUS[0]}"`;
    const command = [
      process.execPath,
      new URL(program("serve")).pathname,
      ...PATTERN,
      "--json",
      "--port",
      String(port),
    ];
    const server = Bun.spawn(["bash", "-c", script, "bash", ...command], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "ignore",
    });
    started.push(server);
    await using viewer = startViewer(port);
    await viewer.until("the first frame", ({ last }) => (last?.frames ?? 0) > 0);
    server.stdin.end();
    await viewer.until("the goodbye", ({ remarks }) => remarks.includes("the server is shutting down"));
    expect((await server.stdout.text()).split("\n").slice(1)).toEqual(["exit 0", ""]);
  });
});

test("serve: --report-interval sets how often reports are printed", async () => {
  const flags = [...PATTERN, "--fps", "20", "--frames", "30", "--port", "0", "--json", "--report-interval"];
  const countReports = async (seconds: string) => {
    await using server = new Program<ServeReport>("serve", [...flags, seconds]);
    expect(await server.end()).toBe(0);
    return server.reports.length;
  };
  // 30 frames take 1.5 s at least. The first and the last report are always printed.
  expect(await countReports("0.1")).toBeGreaterThan(6);
  expect(await countReports("60")).toBe(2);
});
