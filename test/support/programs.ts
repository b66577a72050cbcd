// Real servers and viewers for end-to-end tests. Each is a process of its own whose output is read.

import { afterAll } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { WindowReport } from "../../src/client/view.ts";
import type { ServeReport } from "../../src/server/report/report.ts";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export const CLIP = at("../fixtures/vtest-6s.mp4");

/** A value for setDefaultTimeout. It is longer than any wait here, because the error of a wait says more than the time-out of a test. */
export const TEST_TIMEOUT_MS = 60_000;

/** A test fails when it has waited this long. The time is long, because only an event that never comes is a failure. */
const PATIENCE_MS = Number(process.env["TEST_PATIENCE_MS"] ?? 20_000);

/** The reports of a program in a second. Without `--report-interval` it would be one, and most waits of tests are for a report. */
export const REPORTS_A_SECOND = 5;

const STATE_FOLDER = mkdtempSync(join(tmpdir(), "slipstream-test-state-"));
afterAll(() => rmSync(STATE_FOLDER, { recursive: true, force: true }));
/** Variables for programs of tests. They have a state folder of their own, so that the keys and servers of the user do not matter. */
export const TEST_VARIABLES = { XDG_STATE_HOME: STATE_FOLDER, SLIPSTREAM_KEY: "" };

interface ProgramOptions {
  /** The path of a built program, or null for the source. Default: see commandOf. */
  built?: string | null;
  /** A command that runs the program, for example `ip netns exec NAME`. */
  through?: readonly string[];
  stdin?: Uint8Array | "pipe";
  env?: Record<string, string>;
  /** The working directory. If it is given, a server reads the settings file in it. Otherwise a server reads no settings file. */
  cwd?: string;
  /** Keeps standard output as bytes, because it contains frames. */
  rawOutput?: boolean;
}

export type ProgramName = "serve" | "view" | "clip" | "cameras" | "key" | "doctor";

/**
 * The command line that starts a program. The runner of all tests builds the programs once and names the result in
 * SLIPSTREAM_TEST_PROGRAM, because a built program starts with half of the processor time. Otherwise the source runs.
 */
export function commandOf(
  name: ProgramName,
  built: string | null = process.env["SLIPSTREAM_TEST_PROGRAM"] ?? null,
): string[] {
  return built === null ? [process.execPath, at(`../../src/cli/${name}.ts`)] : [built, name];
}

/** A process with its JSON reports and its log lines so far. The end of the scope kills it. */
export class Program<Report> implements AsyncDisposable {
  readonly reports: Report[] = [];
  remarks = "";
  readonly child: Bun.Subprocess;
  readonly #bytes: Uint8Array[] = [];
  readonly #reading: Promise<unknown>;

  constructor(name: ProgramName, flags: readonly string[], options: ProgramOptions = {}) {
    const noConfig =
      name === "serve" && options.cwd === undefined && !flags.includes("--config") ? ["--no-config"] : [];
    // Servers of tests run at the same time, and only one of them could have the default port of the web page.
    const noHttp = name === "serve" && !flags.some((flag) => /^--(no-)?http$/.test(flag)) ? ["--no-http"] : [];
    const hasReports = (name === "serve" || name === "view") && flags.includes("--json");
    const interval =
      hasReports && !flags.includes("--report-interval") ? ["--report-interval", String(1 / REPORTS_A_SECOND)] : [];
    const command = [...commandOf(name, options.built), ...flags, ...noConfig, ...noHttp, ...interval];
    const child = Bun.spawn([...(options.through ?? []), ...command], {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      stdin: options.stdin ?? "ignore",
      stdout: "pipe",
      stderr: "pipe",
      env: { ...process.env, ...TEST_VARIABLES, ...options.env },
    });
    this.child = child;
    const takeReport = (line: string) => {
      if (line.startsWith("{")) this.reports.push(JSON.parse(line));
      else this.remarks += `${line}\n`;
    };
    const output = options.rawOutput
      ? (async () => {
          for await (const chunk of child.stdout) this.#bytes.push(chunk);
        })()
      : eachLine(child.stdout, takeReport);
    this.#reading = Promise.all([output, eachLine(child.stderr, takeReport)]);
  }

  /** The standard output so far, with `rawOutput`. */
  get bytes(): Buffer {
    return Buffer.concat(this.#bytes);
  }

  /** The newest report. */
  get last(): Report | undefined {
    return this.reports.at(-1);
  }

  /** Waits until `isTrue` returns true. After a time-out it throws an error with all log lines of the program. */
  async until(what: string, isTrue: (program: this) => boolean, patienceMs = PATIENCE_MS): Promise<void> {
    const deadline = Date.now() + patienceMs;
    while (!isTrue(this)) {
      if (Date.now() > deadline || (this.child.exitCode !== null && !(await this.#settled(isTrue)))) {
        throw new Error(`${what} did not happen; exit code ${this.child.exitCode}, its remarks:\n${this.remarks}`);
      }
      await Bun.sleep(10);
    }
  }

  /** Sends a signal, or waits until the program ends by itself. Resolves with the exit code. */
  async end(signal?: NodeJS.Signals): Promise<number> {
    if (signal !== undefined) this.child.kill(signal);
    const timeout = setTimeout(() => this.child.kill("SIGKILL"), PATIENCE_MS);
    const code = await this.child.exited;
    clearTimeout(timeout);
    await this.#reading;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null) this.child.kill("SIGTERM");
    await this.end();
  }

  /** After the end of the program, a condition counts as false only when all output has been read. */
  async #settled(isTrue: (program: this) => boolean): Promise<boolean> {
    await this.#reading;
    return isTrue(this);
  }
}

/** Calls `take` with each line of a stream. */
export async function eachLine(stream: ReadableStream<Uint8Array>, take: (line: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) take(line);
  }
  if (rest !== "") take(rest);
}

const SERVING = /serving .* on /;

export interface Server extends Program<ServeReport> {
  readonly port: number;
}

/** Starts a server and waits until it listens. Unless the flags contain `--port`, the port is any free one. */
export async function startServer(flags: readonly string[], options: ProgramOptions = {}): Promise<Server> {
  const port = flags.includes("--port") ? [] : ["--port", "0"];
  const program = new Program<ServeReport>("serve", [...flags, ...port, "--json"], options);
  // Two threads write the report and the log, so either may come first.
  await program.until("the server's listening", ({ reports, remarks }) => reports.length > 0 && SERVING.test(remarks));
  return Object.assign(program, { port: program.reports[0]?.port ?? 0 });
}

/** Starts a viewer. Unless the flags contain `--display`, it has no window. */
export function startViewer(
  port: number,
  flags: readonly string[] = [],
  options: ProgramOptions = {},
): Program<WindowReport> {
  const display = flags.includes("--display") ? [] : ["--display", "none"];
  return new Program("view", [`127.0.0.1:${port}`, ...display, "--json", ...flags], options);
}

/** Runs a program with these flags until it ends. */
export async function runToEnd(
  which: ProgramName,
  flags: readonly string[],
  options: ProgramOptions = {},
): Promise<{ code: number; remarks: string; program: Program<unknown> }> {
  const program = new Program<unknown>(which, flags, options);
  const code = await program.end();
  return { code, remarks: program.remarks, program };
}

/** Lists the child processes of `parent` whose command line starts with `program`. */
export function childrenOf(parent: number, program: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        // proc(5): the name in parentheses may contain any character. The parent is the second field after it.
        const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
        const parentOfPid = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
        return parentOfPid === parent && readFileSync(`/proc/${pid}/cmdline`, "utf8").startsWith(`${program}\0`);
      } catch {
        return false; // the process has ended since the folder was listed
      }
    });
}

/** Runs ffmpeg with these arguments and returns its output, which is JPEGs or raw frames. */
export function ffmpegBytes(...flags: string[]): Buffer {
  const result = Bun.spawnSync(["ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin", ...flags, "pipe:1"]);
  if (!result.success) throw new Error(`ffmpeg failed: ${result.stderr.toString()}`);
  return result.stdout;
}
