// `bun run bench`: the command line of the benches.

import { Argument, Command, Option } from "commander";
import { asProgram, runMain } from "../src/core/main-program.ts";
import { VERSION } from "../src/core/version.ts";
import { type Bench, formatTable } from "./bench.ts";
import { codecBench } from "./codec.ts";
import { latencyBench } from "./latency.ts";
import { installPeers, peersBench } from "./peers.ts";
import { sharingBench } from "./sharing.ts";
import { slowViewerBench } from "./slow-viewer.ts";
import { stagesBench } from "./stages.ts";
import { throughputBench } from "./throughput.ts";

const BENCHES: Record<string, Bench> = {
  codec: codecBench,
  stages: stagesBench,
  sharing: sharingBench,
  latency: latencyBench,
  throughput: throughputBench,
  "slow-viewer": slowViewerBench,
};

/** Long, and about more than Slipstream: run where it is named only. */
const ON_REQUEST: Record<string, Bench> = { peers: peersBench };

const command = asProgram(new Command("bun run bench"), VERSION)
  .description("Measures Slipstream: real processes, real sockets, frames told apart by what is in their pixels.")
  .addArgument(
    new Argument("[names...]", "which benches (default: all but peers)").choices([
      ...Object.keys(BENCHES),
      ...Object.keys(ON_REQUEST),
    ]),
  )
  .addOption(new Option("--quick", "short runs; all benches together end within 45 s").default(false))
  .addOption(new Option("--check", "exit with 1 where a committed bound does not hold").default(false))
  .addOption(new Option("--install-peers", "first install what peers compares with (Debian packages)").default(false))
  .addOption(new Option("--json", "one JSON object per bench on standard output").default(false));

await runMain(async () => {
  command.parse();
  const flags = command.opts<{ quick: boolean; check: boolean; json: boolean; installPeers: boolean }>();
  const { quick, check, json } = flags;
  if (flags.installPeers) installPeers();
  const names = command.processedArgs[0]?.length > 0 ? (command.processedArgs[0] as string[]) : Object.keys(BENCHES);
  let broken = 0;
  for (const name of names) {
    const bench = BENCHES[name] ?? ON_REQUEST[name];
    if (bench === undefined) continue; // commander has refused unknown names
    const result = await bench({ quick, progress });
    clearProgress();
    broken += result.bounds.filter(({ holds }) => !holds).length;
    if (json) {
      const { figures, bounds } = result;
      console.log(JSON.stringify({ bench: name, quick, ...figures, bounds }));
    } else {
      const rows = result.bounds.map(({ name: what, value, bound, holds }) => [
        `  ${holds ? "holds" : "BROKEN"}`,
        what,
        String(value),
        bound,
      ]);
      console.log(`\n${name}\n${formatTable(result.table)}\n${formatTable(rows)}`);
    }
  }
  if (check && broken > 0) {
    console.error(`${broken} bound${broken === 1 ? " does" : "s do"} not hold`);
    process.exit(1);
  }
});

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${text}`);
}

function clearProgress(): void {
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[2K");
}
