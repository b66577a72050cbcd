// `bun run bench`: the command line of the benches.

import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Argument, Command, Option } from "commander";
import { number, wholeNumber } from "../src/cli/flags.ts";
import { asProgram, runMain } from "../src/cli/program.ts";
import { VERSION } from "../src/core/version.ts";
import { type Bench, type BenchResult, formatTable } from "./bench.ts";
import { renderChart } from "./chart.ts";
import { camerasBench } from "./cameras.ts";
import { codecBench } from "./codec.ts";
import { COMPARABLE, compareCheckouts } from "./compare.ts";
import { fanOutBench } from "./fan-out.ts";
import { hostileBench } from "./hostile.ts";
import { latencyBench } from "./latency.ts";
import { latenessBench } from "./lateness.ts";
import { motionBench } from "./motion.ts";
import { noiseBench } from "./noise.ts";
import { overloadBench } from "./overload.ts";
import { pageBench } from "./page.ts";
import { plainClientsBench } from "./plain-clients.ts";
import { passthroughBench } from "./passthrough.ts";
import { installPeers, peersBench } from "./peers.ts";
import { recordBench } from "./record.ts";
import { relayBench } from "./relay.ts";
import { sharingBench } from "./sharing.ts";
import { slowViewerBench } from "./slow-viewer.ts";
import { smallChangeBench } from "./small-change.ts";
import { stagesBench } from "./stages.ts";
import { stillBench } from "./still.ts";
import { thinLinkBench } from "./thin-link.ts";
import { tlsBench } from "./tls.ts";
import { throughputBench } from "./throughput.ts";

const BENCHES: Record<string, Bench> = {
  codec: codecBench,
  stages: stagesBench,
  sharing: sharingBench,
  latency: latencyBench,
  lateness: latenessBench,
  throughput: throughputBench,
  "slow-viewer": slowViewerBench,
  noise: noiseBench,
  motion: motionBench,
  "thin-link": thinLinkBench,
  "fan-out": fanOutBench,
  cameras: camerasBench,
  still: stillBench,
  "small-change": smallChangeBench,
  passthrough: passthroughBench,
  record: recordBench,
  relay: relayBench,
  tls: tlsBench,
  hostile: hostileBench,
  page: pageBench,
  "plain-clients": plainClientsBench,
  peers: peersBench,
  overload: overloadBench,
};

/** Benches that run only if they are named. They take long, or measure other programs too. */
const ONLY_WHEN_NAMED: ReadonlySet<string> = new Set([
  "lateness",
  "motion",
  "record",
  "relay",
  "tls",
  "hostile",
  "page",
  "plain-clients",
  "peers",
  "overload",
]);

const RESULTS = fileURLToPath(new URL("./results", import.meta.url));

const command = asProgram(new Command("bun run bench"), VERSION)
  .description("Measures Slipstream with real processes and sockets. A code in its pixels identifies each frame.")
  .addArgument(
    new Argument(
      "[names...]",
      "which benches (default: all but lateness, motion, record, relay, tls, hostile, page, plain-clients, peers and overload)",
    ).choices(Object.keys(BENCHES)),
  )
  .addOption(new Option("--quick", "short runs; all benches together take less than a minute").default(false))
  .addOption(new Option("--check", "exit with 1 if a committed bound does not hold").default(false))
  .addOption(
    new Option("--install-peers", "first install the programs that peers compares with (Debian packages)").default(
      false,
    ),
  )
  .addOption(new Option("--json", "print one JSON object per bench on standard output").default(false))
  .action(runBenches);

command
  .command("compare")
  .description(
    "Runs benches of this and of another checkout alternately; a ratio above 1 means that this one is worse.",
  )
  .argument("<checkout>", "folder of the other checkout, with its packages installed and its kernels built")
  .addArgument(new Argument("[names...]", `which benches (default: ${COMPARABLE.join(", ")})`).choices(COMPARABLE))
  .addOption(
    new Option("--rounds <count>", "runs of each bench in each checkout").argParser(wholeNumber(1, 100)).default(3),
  )
  .addOption(new Option("--limit <ratio>", "largest ratio that holds").argParser(number(1, 100)).default(1.03))
  .exitOverride()
  .action(runCompare);

await runMain(async () => {
  await command.parseAsync();
});

interface Flags {
  quick: boolean;
  check: boolean;
  json: boolean;
  installPeers: boolean;
}

async function runBenches(named: string[], { quick, check, json, installPeers: installsPeers }: Flags): Promise<void> {
  if (installsPeers) installPeers();
  const names = named.length > 0 ? named : Object.keys(BENCHES).filter((name) => !ONLY_WHEN_NAMED.has(name));
  let broken = 0;
  for (const name of names) {
    const bench = BENCHES[name];
    if (bench === undefined) continue; // does not happen, because commander refuses unknown names
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
  if (check) failIfBroken(broken);
}

async function runCompare(
  checkout: string,
  named: string[],
  { rounds, limit }: { rounds: number; limit: number },
): Promise<void> {
  const { quick, json, check } = command.opts<Flags>();
  const benches = named.length > 0 ? named : COMPARABLE;
  const compared = await compareCheckouts({ otherCheckout: checkout, benches, rounds, quick, limit, progress });
  clearProgress();
  if (json) {
    for (const each of compared) console.log(JSON.stringify(each));
  } else {
    const rows = compared.map(({ bench, figure, other, ours, ratio, holds }) => [
      bench,
      figure,
      ...[other, ours].map((value) => value.toFixed(2)),
      `${ratio.toFixed(3)}${holds ? "" : "  WORSE"}`,
    ]);
    console.log(formatTable([["bench", "figure", checkout, "this checkout", "ratio"], ...rows]));
  }
  if (check) failIfBroken(compared.filter(({ holds }) => !holds).length);
}

function failIfBroken(broken: number): void {
  if (broken === 0) return;
  console.error(`${broken} bound${broken === 1 ? " does" : "s do"} not hold`);
  process.exit(1);
}

function asJson({ name, figures, bounds }: BenchResult, quick: boolean): object {
  return { bench: name, quick, ...figures, bounds };
}

/** Stores the figures of the last full run, and a chart of them, in bench/results. */
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
