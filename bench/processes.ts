// The processes that benches measure: real servers and links, and viewers that read their pixels.

import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import type { FileSink } from "bun";
import { formatAddress } from "../src/connect/address.ts";
import type { Size } from "../src/core/pixel-format.ts";
import type { ServeReport } from "../src/server/report/report.ts";
import type { DrainReport } from "./drain-client.ts";
import type { FootageKind } from "./footage-file.ts";
import type { ProbeReport, ProbeWindow } from "./probe-viewer.ts";
import type { TWO_TILES } from "./two-tiles-source.ts";
import type { Link, LinkOptions } from "../test/support/link.ts";
import type { RelayCommand } from "./link-process.ts";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

type Child = Bun.Subprocess<number | "ignore" | "pipe", "pipe", "pipe">;

/** The result of a process that has ended: its last report and its processor time. */
export interface Finished<Report> {
  report: Report;
  cpuMs: number;
}

export interface RunningServer {
  port: number;
  pid: number;
  /** The latest report. A report comes every second. */
  latest(): ServeReport;
  /** Ends the server. Resolves with its last report. */
  stop(): Promise<Finished<ServeReport>>;
}

/**
 * Starts a server on a free port. Resolves when it listens. `through` is the beginning of the command line, for a server on another
 * machine (test/support/two-machines.ts). `input` is the descriptor of its standard input.
 */
export function startServer(
  flags: readonly string[],
  env: Record<string, string> = {},
  through: readonly string[] = [],
  input: number | "ignore" = "ignore",
): Promise<RunningServer> {
  return running(
    Bun.spawn([...through, ...serverCommand(flags)], {
      stdio: [input, "pipe", "pipe"],
      env: { ...process.env, ...env },
    }),
  );
}

export interface FootageFlags {
  kind: FootageKind | typeof TWO_TILES;
  size: Size;
  /** 0 means as fast as possible. */
  fps: number;
  /**
   * The flags of footage-server.ts, for example `--http` for an HTTP door on a free port, and `--cameras` for several cameras, whose names
   * are those of `footageCameras`.
   */
  flags?: readonly string[];
}

/** Starts a server whose source is footage. */
export function startFootageServer({ kind, size, fps, flags = [] }: FootageFlags): Promise<RunningServer> {
  const command = [kind, `${size.width}x${size.height}`, String(fps), ...flags];
  const path = at("./footage-server.ts");
  return running(Bun.spawn([process.execPath, path, ...command], { stdio: ["ignore", "pipe", "pipe"] }));
}

/** Starts a server with `--source -`. The bench writes frames to its standard input. */
export async function startFedServer(flags: readonly string[]): Promise<RunningServer & { input: FileSink }> {
  const child = Bun.spawn(serverCommand(["--source", "-", ...flags]), { stdio: ["pipe", "pipe", "pipe"] });
  return { ...(await running(child)), input: child.stdin };
}

function serverCommand(flags: readonly string[]): string[] {
  const settings = flags.includes("--config") ? [] : ["--no-config"];
  return [process.execPath, at("../src/cli/serve.ts"), ...settings, "--port", "0", "--json", ...flags];
}

async function running(child: Child): Promise<RunningServer> {
  const listening = Promise.withResolvers<ServeReport>();
  let latest: ServeReport | null = null;
  const reports = readReports<ServeReport>(child.stdout, (report) => {
    latest = report;
    listening.resolve(report);
  });
  reports.catch(() => listening.reject(new Error("the server ended before it listened")));
  const first = await listening.promise;
  return {
    port: first.port,
    pid: child.pid,
    latest: () => latest ?? first,
    async stop() {
      child.kill("SIGTERM");
      return { report: await reports, ...(await end(child, "the server")) };
    },
  };
}

export interface ProbeFlags {
  port: number;
  /** The camera to watch. Default: the first. */
  camera?: string;
  seconds: number;
  /** The extra time for each picture, as on a slow machine. */
  slowMs?: number;
  /** Shows pictures in a window. Without it the viewer has no window. */
  window?: boolean;
  /** The time between the first picture and the start of the measurement. */
  warmUpSeconds?: number;
  /** Gets the process id. */
  onStarted?: (pid: number) => void;
  /** Reports the end of the warm-up, if there is one. */
  onWarm?: () => void;
  /** Variables that are added to the environment of this process, for example DISPLAY for a window. */
  env?: Record<string, string>;
}

export interface RunningProbe {
  pid: number;
  /** Returns the figures of the next `milliseconds`. */
  measure(milliseconds: number): Promise<ProbeWindow>;
  /** Ends the viewer. Resolves with its figures of the whole time. */
  stop(): Promise<ProbeReport>;
}

/** The longest time that a probe runs, in seconds. `stop` ends it earlier. */
const PROBE_SECONDS = 600;

/** Starts a viewer that reads the frame code in its pictures. Resolves when it shows pictures and the warm-up is over. */
export async function startProbe({
  port,
  camera = "",
  warmUpSeconds = 0,
  env,
}: Omit<ProbeFlags, "seconds">): Promise<RunningProbe> {
  const address = formatAddress({ host: "127.0.0.1", port, camera });
  const flags = [address, String(PROBE_SECONDS), "0", "none", String(warmUpSeconds)];
  const child = Bun.spawn([process.execPath, at("./probe-viewer.ts"), ...flags], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  const warm = Promise.withResolvers<void>();
  let windows = Promise.withResolvers<ProbeWindow>();
  const reports = readReports<ProbeReport | ProbeWindow | { warm: true }>(child.stdout, (report) => {
    if ("warm" in report) warm.resolve();
    else if ("window" in report) windows.resolve(report);
  });
  const finished = end(child, "a viewer");
  finished.then(
    () => warm.reject(new Error("a viewer ended before it showed pictures")),
    (error: unknown) => {
      warm.reject(error);
      windows.reject(error);
    },
  );
  await warm.promise;
  const next = () => {
    windows = Promise.withResolvers();
    child.stdin.write("\n");
    child.stdin.flush();
    return windows.promise;
  };
  return {
    pid: child.pid,
    async measure(milliseconds) {
      await next();
      await Bun.sleep(milliseconds);
      return await next();
    },
    async stop() {
      child.stdin.write("end\n");
      child.stdin.flush();
      await finished;
      return (await reports) as ProbeReport;
    },
  };
}

/** Runs a viewer that reads the frame code in its pictures. Resolves with its figures when it ends. */
export async function runProbe({
  port,
  seconds,
  slowMs = 0,
  window = false,
  warmUpSeconds,
  onStarted,
  onWarm,
  env,
}: ProbeFlags): Promise<Finished<ProbeReport>> {
  const flags = [`127.0.0.1:${port}`, String(seconds), String(slowMs), window ? "sdl" : "none"];
  if (warmUpSeconds !== undefined) flags.push(String(warmUpSeconds));
  const child = Bun.spawn([process.execPath, at("./probe-viewer.ts"), ...flags], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  onStarted?.(child.pid);
  const reports = readReports<ProbeReport & { warm?: true }>(child.stdout, ({ warm }) => warm && onWarm?.());
  const finished = await end(child, "a viewer");
  return { report: await reports, ...finished };
}

/** Starts a link in a separate process, so that the work of viewers, server and bench does not disturb its timing. */
export async function startLink(options: LinkOptions): Promise<Link> {
  const child = Bun.spawn([process.execPath, at("./link-process.ts"), JSON.stringify(options)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const listening = Promise.withResolvers<number>();
  readReports<{ port: number }>(child.stdout, ({ port }) => listening.resolve(port)).catch(listening.reject);
  const port = await listening.promise;
  const tell = (command: RelayCommand) => {
    child.stdin.write(`${JSON.stringify(command)}\n`);
    child.stdin.flush();
  };
  return {
    port,
    stall: (milliseconds) => tell({ stallMs: milliseconds }),
    setRate: (bitsPerSecond) => tell({ bitsPerSecond }),
    close: () => void child.stdin.end(), // the process ends when its standard input ends
  };
}

export interface DrainClients {
  /** The figures since the start. */
  report(): Promise<DrainReport>;
  close(): Promise<void>;
}

/** Starts `count` viewers in one process that read and acknowledge without decoding. Resolves when all are connected. */
export async function startDrainClients(port: number, count: number, usesTls = false): Promise<DrainClients> {
  const flags = [String(port), String(count), ...(usesTls ? ["tls"] : [])];
  const child = Bun.spawn([process.execPath, at("./drain-client.ts"), ...flags], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  let reported = Promise.withResolvers<DrainReport>();
  readReports<DrainReport>(child.stdout, (report) => reported.resolve(report))
    .then(() => reported.reject(new Error("the draining viewers ended too early")))
    .catch((error) => reported.reject(error));
  await reported.promise;
  return {
    report() {
      reported = Promise.withResolvers();
      child.stdin.write("report\n");
      child.stdin.flush();
      return reported.promise;
    },
    async close() {
      child.stdin.end();
      const code = await child.exited;
      if (code !== 0) throw new Error(`the draining viewers failed with exit code ${code}`);
    },
  };
}

/** Waits for the end of a process. Throws an error with its error output if it failed. */
export async function end(child: Child, what: string): Promise<{ cpuMs: number }> {
  const remarks = await new Response(child.stderr).text();
  const code = await child.exited;
  if (code !== 0) throw new Error(`${what} failed with exit code ${code}: ${remarks}`);
  return { cpuMs: Number(child.resourceUsage()?.cpuTime.total ?? 0) / 1000 };
}

/** Calls `onReport` for each JSON line. Resolves with the last one. */
export async function readReports<Report>(
  stdout: ReadableStream<Uint8Array>,
  onReport: (report: Report) => void,
): Promise<Report> {
  const lines = (await readLines(stdout, (line) => onReport(JSON.parse(line)))).filter((line) => line.startsWith("{"));
  const last = lines.at(-1);
  if (last === undefined) throw new Error("no report");
  return JSON.parse(last);
}

async function readLines(stdout: ReadableStream<Uint8Array>, onLine: (line: string) => void): Promise<string[]> {
  const decoder = new TextDecoder();
  const lines: string[] = [];
  let rest = "";
  for await (const chunk of stdout) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    for (const line of parts) onLine(line);
    lines.push(...parts);
  }
  return lines;
}

/** The number of processors, for figures that depend on it. */
export const CORES = availableParallelism();
