// How much processor time processes take while they are measured, as Linux has it in /proc.
//
// What `resourceUsage()` says at the end of a process includes its start, which in a short round would be most of it.

import { readdirSync, readFileSync } from "node:fs";

/** USER_HZ, the unit of proc(5)'s times: 100 on every architecture that Bun runs on. */
const TICKS_PER_SECOND = 100;
/** Before a round's planned end, so that the processes are still there. */
const MARGIN_MS = 250;

interface Stat {
  parent: number;
  milliseconds: number;
}

/** From now to shortly before a round's end: the share of one processor that each process took, its children included. */
export async function processorShares(pids: readonly number[], seconds: number): Promise<number[] | null> {
  const before = totals(pids);
  const startedAt = performance.now();
  await Bun.sleep(seconds * 1000 - MARGIN_MS);
  const after = totals(pids);
  const elapsed = performance.now() - startedAt;
  if (before === null || after === null) return null;
  return after.map((ms, index) => (ms - (before[index] ?? 0)) / elapsed);
}

/** Milliseconds so far of each process and all its descendants; null where there is no /proc or one has ended. */
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
      // proc(5): the name in parentheses may hold anything; behind it the 2nd field is the parent, 12th and 13th the times.
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const ticks = Number(fields[11]) + Number(fields[12]);
      processes.set(Number(name), { parent: Number(fields[1]), milliseconds: (ticks * 1000) / TICKS_PER_SECOND });
    } catch {
      // it has ended since the folder was listed
    }
  }
  return processes;
}
