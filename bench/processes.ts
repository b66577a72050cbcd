// The processes that benches measure: a real server, and real viewers that look at their pixels.

import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import type { ServeReport } from "../src/server/serve.ts";
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
export async function startServer(flags: readonly string[]): Promise<RunningServer> {
  const child = Bun.spawn([process.execPath, at("../src/server/main.ts"), "--port", "0", "--json", ...flags], {
    stdio: ["ignore", "pipe", "pipe"],
  });
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
  /** Hears the process id. */
  onStarted?: (pid: number) => void;
}

/** A viewer that reads the frame code out of what it shows; resolves with its figures when its time is over. */
export async function runProbe({
  port,
  seconds,
  slowMs = 0,
  window = false,
  onStarted,
}: ProbeFlags): Promise<Finished<ProbeReport>> {
  const flags = [String(port), String(seconds), String(slowMs), window ? "sdl" : "none"];
  const child = Bun.spawn([process.execPath, at("./probe-viewer.ts"), ...flags], { stdio: ["ignore", "pipe", "pipe"] });
  onStarted?.(child.pid);
  const reports = readReports<ProbeReport>(child.stdout, () => undefined);
  const finished = await end(child, "a viewer");
  return { report: await reports, ...finished };
}

async function end(child: Bun.Subprocess<"ignore", "pipe", "pipe">, what: string): Promise<{ cpuMs: number }> {
  const remarks = await new Response(child.stderr).text();
  const code = await child.exited;
  if (code !== 0) throw new Error(`${what} failed with exit code ${code}: ${remarks}`);
  return { cpuMs: Number(child.resourceUsage()?.cpuTime.total ?? 0) / 1000 };
}

/** Hears each JSON line; resolves with the last. */
async function readReports<Report>(
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
