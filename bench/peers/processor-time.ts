// Measures the processor time of running processes from /proc (Linux only).
//
// `resourceUsage()` at the end of a process includes the start of the process, which would be most of a short round.

import { readdirSync, readFileSync } from "node:fs";

/** USER_HZ, the unit of the times in proc(5). It is 100 on every architecture on which Bun runs. */
const TICKS_PER_SECOND = 100;
/** The measurement ends this long before a round does, so that the processes are still running. */
const MARGIN_MS = 250;

interface Stat {
  parent: number;
  milliseconds: number;
}

/** The share of one processor that each process and its children use from now until shortly before the round ends. */
export async function processorShares(pids: readonly number[], seconds: number): Promise<number[] | null> {
  const before = totals(pids);
  const startedAt = performance.now();
  await Bun.sleep(seconds * 1000 - MARGIN_MS);
  const after = totals(pids);
  const elapsed = performance.now() - startedAt;
  if (before === null || after === null) return null;
  return after.map((ms, index) => (ms - (before[index] ?? 0)) / elapsed);
}

/** The processor time in milliseconds of each process with its descendants. Null without /proc or if a process has ended. */
function totals(pids: readonly number[]): number[] | null {
  const all = readProcesses();
  const totalOf = (pid: number): number =>
    (all.get(pid)?.milliseconds ?? 0) +
    [...all].reduce((sum, [child, { parent }]) => (parent === pid ? sum + totalOf(child) : sum), 0);
  return pids.every((pid) => all.has(pid)) ? pids.map(totalOf) : null;
}

function readProcesses(): Map<number, Stat> {
  const processes = new Map<number, Stat>();
  if (process.platform !== "linux") return processes;
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      // proc(5): the name in parentheses may contain any character. After it, field 2 is the parent, and fields 12 and 13 are the times.
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const ticks = Number(fields[11]) + Number(fields[12]);
      processes.set(Number(name), { parent: Number(fields[1]), milliseconds: (ticks * 1000) / TICKS_PER_SECOND });
    } catch {
      // the process ended after the folder was listed
    }
  }
  return processes;
}
