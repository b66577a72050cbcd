// `bun run bench`: the command line of the benches.

import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Argument, Command, Option } from "commander";
import { asProgram, runMain } from "../src/cli/program.ts";
import { VERSION } from "../src/core/version.ts";
import { type Bench, type BenchResult, formatTable } from "./bench.ts";
import { renderChart } from "./chart.ts";
import { codecBench } from "./codec.ts";
import { fanOutBench } from "./fan-out.ts";
import { latencyBench } from "./latency.ts";
import { noiseBench } from "./noise.ts";
import { passthroughBench } from "./passthrough.ts";
import { installPeers, peersBench } from "./peers.ts";
import { sharingBench } from "./sharing.ts";
import { slowViewerBench } from "./slow-viewer.ts";
import { stagesBench } from "./stages.ts";
import { stillBench } from "./still.ts";
import { thinLinkBench } from "./thin-link.ts";
import { throughputBench } from "./throughput.ts";

const BENCHES: Record<string, Bench> = {
  codec: codecBench,
  stages: stagesBench,
  sharing: sharingBench,
  latency: latencyBench,
  throughput: throughputBench,
  "slow-viewer": slowViewerBench,
  noise: noiseBench,
  "thin-link": thinLinkBench,
  "fan-out": fanOutBench,
  still: stillBench,
  passthrough: passthroughBench,
  peers: peersBench,
};

/** Too long, or about more than Slipstream: run where they are named only. */
const ONLY_WHEN_NAMED: ReadonlySet<string> = new Set(["peers"]);

const RESULTS = fileURLToPath(new URL("./results", import.meta.url));

const command = asProgram(new Command("bun run bench"), VERSION)
  .description("Measures Slipstream: real processes, real sockets, frames told apart by what is in their pixels.")
  .addArgument(new Argument("[names...]", "which benches (default: all but peers)").choices(Object.keys(BENCHES)))
  .addOption(new Option("--quick", "short runs; all benches together end within a minute").default(false))
  .addOption(new Option("--check", "exit with 1 where a committed bound does not hold").default(false))
  .addOption(new Option("--install-peers", "first install what peers compares with (Debian packages)").default(false))
  .addOption(new Option("--json", "one JSON object per bench on standard output").default(false));

await runMain(async () => {
  command.parse();
  const flags = command.opts<{ quick: boolean; check: boolean; json: boolean; installPeers: boolean }>();
  const { quick, check, json } = flags;
  if (flags.installPeers) installPeers();
  const named = command.processedArgs[0] as string[];
  const names = named.length > 0 ? named : Object.keys(BENCHES).filter((name) => !ONLY_WHEN_NAMED.has(name));
  let broken = 0;
  for (const name of names) {
    const bench = BENCHES[name];
    if (bench === undefined) continue; // commander has refused unknown names
    const result = await bench({ quick, progress });
    clearProgress();
    if (!quick) await keep(result);
    broken += result.bounds.filter(({ holds }) => !holds).length;
    if (json) {
      console.log(JSON.stringify(asJson(result, quick)));
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

function asJson({ name, figures, bounds }: BenchResult, quick: boolean): object {
  return { bench: name, quick, ...figures, bounds };
}

/** The figures of the last whole run and a chart of them stay in a folder, to be looked at and to be shown. */
async function keep(result: BenchResult): Promise<void> {
  await mkdir(RESULTS, { recursive: true });
  await Bun.write(`${RESULTS}/${result.name}.json`, `${JSON.stringify(asJson(result, false), null, 2)}\n`);
  if (result.chart !== undefined) await Bun.write(`${RESULTS}/${result.name}.svg`, renderChart(result.chart));
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${text}`);
}

function clearProgress(): void {
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[2K");
}
