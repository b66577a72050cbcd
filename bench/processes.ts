// The processes that benches measure: a real server, and real viewers that look at their pixels.

import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import type { Size } from "../src/core/pixel-format.ts";
import type { ServeReport } from "../src/server/serve.ts";
import type { FootageKind } from "./footage-file.ts";
import type { ProbeReport } from "./probe-viewer.ts";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** What a process left behind: its last report and the processor time it took. */
export interface Finished<Report> {
  report: Report;
  cpuMs: number;
}

export interface RunningServer {
  port: number;
  pid: number;
  /** Ends the server and gives its last report. */
  stop(): Promise<Finished<ServeReport>>;
}

/** A server on a free port, listening. */
export function startServer(flags: readonly string[]): Promise<RunningServer> {
  return startServing("../src/server/main.ts", ["--port", "0", "--json", ...flags]);
}

export interface FootageFlags {
  kind: FootageKind;
  size: Size;
  /** 0: as fast as it goes. */
  fps: number;
  /** `--workers`, `--quality`, `--codec`, as of `serve`. */
  flags?: readonly string[];
}

/** The same with footage for its source. */
export function startFootageServer({ kind, size, fps, flags = [] }: FootageFlags): Promise<RunningServer> {
  return startServing("./footage-server.ts", [kind, `${size.width}x${size.height}`, String(fps), ...flags]);
}

async function startServing(script: string, flags: readonly string[]): Promise<RunningServer> {
  const child = Bun.spawn([process.execPath, at(script), ...flags], { stdio: ["ignore", "pipe", "pipe"] });
  const listening = Promise.withResolvers<ServeReport>();
  const reports = readReports<ServeReport>(child.stdout, (report) => listening.resolve(report));
  reports.catch(() => listening.reject(new Error("the server ended before it listened")));
  const { port } = await listening.promise;
  return {
    port,
    pid: child.pid,
    async stop() {
      child.kill("SIGTERM");
      return { report: await reports, ...(await end(child, "the server")) };
    },
  };
}

export interface ProbeFlags {
  port: number;
  seconds: number;
  /** Takes so long over each picture, as a slow machine would. */
  slowMs?: number;
  /** Shows in a window instead of nowhere. */
  window?: boolean;
  /** Measures only from so long after the first picture on, and then for `seconds`. */
  warmUpSeconds?: number;
  /** Hears the process id. */
  onStarted?: (pid: number) => void;
  /** Hears that the measured seconds have begun, where there is a warm-up. */
  onWarm?: () => void;
  /** Beside this process's; DISPLAY for a window. */
  env?: Record<string, string>;
}

/** A viewer that reads the frame code out of what it shows; resolves with its figures when its time is over. */
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
  const flags = [String(port), String(seconds), String(slowMs), window ? "sdl" : "none"];
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

/** Waits for a process's end. Throws with what it said where it failed. */
export async function end(child: Bun.Subprocess<"ignore", "pipe", "pipe">, what: string): Promise<{ cpuMs: number }> {
  const remarks = await new Response(child.stderr).text();
  const code = await child.exited;
  if (code !== 0) throw new Error(`${what} failed with exit code ${code}: ${remarks}`);
  return { cpuMs: Number(child.resourceUsage()?.cpuTime.total ?? 0) / 1000 };
}

/** Hears each JSON line; resolves with the last. */
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

/** Processors of this machine, for figures that depend on it. */
export const CORES = availableParallelism();
