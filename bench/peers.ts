// `bench peers`: sends the same moving footage through Slipstream and through programs that people use today, in one run.
//
// Each sender writes the time into the pixels of a frame when they are complete. Each receiver reads it from the decoded
// pixels. ffmpeg gets and returns frames through pipes, which are two copies that its users do not have (peers/piped.py).

import { installSystemPackages, PEER_PROGRAMS } from "../scripts/setup/system-packages.ts";
import { MissingError, messageOf } from "../src/core/errors.ts";
import { atLeast, atMost, type Bench, type Bound } from "./bench.ts";
import { OURS } from "./peers/ours.ts";
import { outsidePeers } from "./peers/outside.ts";
import type { Peer } from "./peers/peer.ts";
import { type CaseName, type Figures, type Measurement, measure, SLOW_MS } from "./peers/plan.ts";

/** Slipstream's figure ÷ the best figure of the peers that compress. `SLOW_LIMIT` is Slipstream's figure ÷ the time that the receiver itself takes. */
const P50_LIMIT = 0.5;
const P99_LIMIT = 0.6;
const WINDOW_LIMIT = 0.6;
const CPU_LIMIT = 0.6;
const FPS_LIMIT = 1.5;
const SLOW_LIMIT = 1.5;
/** Slipstream's p50 ÷ the time to encode and decode with native libjpeg-turbo in one thread. */
const NATIVE_LIMIT = 1;

/** Installs missing programs of the peers. Throws a MissingError if it cannot. */
export function installPeers(): void {
  try {
    installSystemPackages(PEER_PROGRAMS, "bench peers");
  } catch (error) {
    throw new MissingError(messageOf(error), { cause: error });
  }
}

export const peersBench: Bench = async ({ quick, progress }) => {
  const [rounds, seconds] = quick ? [1, 2] : [3, 5];
  const peers = [OURS, ...outsidePeers()];
  const measurement = await measure(peers, rounds, seconds, progress);
  return {
    name: "peers",
    figures: {
      rounds,
      secondsPerRound: seconds,
      slowMs: SLOW_MS,
      quality: 75,
      footage: "moving",
      peers: peers.map(({ name, isInstalled, compresses, hasPipes }) => ({
        name,
        isInstalled,
        compresses,
        hasPipes,
        cases: measurement.measured.get(name) ?? {},
      })),
      nativeMs: measurement.nativeMs,
      failures: measurement.failures,
    },
    bounds: boundsOf(peers, measurement),
    table: tableOf(peers, measurement),
  };
};

function boundsOf(peers: readonly Peer[], { measured, nativeMs }: Measurement): Bound[] {
  const ours = measured.get(OURS.name) ?? {};
  const others = peers.filter(({ name, compresses }) => compresses && name !== OURS.name);
  const bounds: Bound[] = [];
  /** Adds a bound if both sides have a figure. `best` chooses one of the peers' figures. */
  const against = (
    what: string,
    name: CaseName,
    value: (figures: Figures) => number | null,
    best: (...values: number[]) => number,
    bound: (what: string, ratio: number) => Bound,
  ) => {
    const own = ours[name] === undefined ? null : value(ours[name]);
    const theirs = others.flatMap((peer) => {
      const figures = measured.get(peer.name)?.[name];
      return (figures === undefined ? null : value(figures)) ?? [];
    });
    if (own === null || theirs.length === 0) return;
    bounds.push(bound(`${what}, ${name}: Slipstream's ÷ that of the best peer that compresses`, own / best(...theirs)));
  };
  const most = (limit: number) => (what: string, ratio: number) => atMost(what, ratio, limit);
  for (const name of ["720p30", "1080p30"] as const) {
    against("p50", name, ({ p50Ms }) => p50Ms, Math.min, most(P50_LIMIT));
    against("p99", name, ({ p99Ms }) => p99Ms, Math.min, most(P99_LIMIT));
    const [own, native] = [ours[name]?.p50Ms, nativeMs[name]];
    if (own !== undefined && native !== undefined) {
      bounds.push(atMost(`p50, ${name}: Slipstream's ÷ libjpeg-turbo encode + decode`, own / native, NATIVE_LIMIT));
    }
  }
  against("CPU per frame", "720p30", cpuOf, Math.min, most(CPU_LIMIT));
  for (const name of ["720p unpaced", "1080p unpaced"] as const) {
    const least = (what: string, ratio: number) => atLeast(what, ratio, FPS_LIMIT);
    against("frames a second", name, ({ fps }) => fps, Math.max, least);
  }
  against("p50", "window", ({ p50Ms }) => p50Ms, Math.min, most(WINDOW_LIMIT));
  const slow = ours["slow receiver"];
  if (slow !== undefined) {
    const what = "age of the slow receiver's last pictures: Slipstream's ÷ the receiver's own time";
    bounds.push(atMost(what, slow.lastSecondMs / SLOW_MS, SLOW_LIMIT));
  }
  const wrong = Object.values(ours).reduce((sum, { outOfOrder, unreadable }) => sum + outOfOrder + unreadable, 0);
  bounds.push(atMost("frames of Slipstream out of order or unreadable", wrong, 0));
  return bounds;
}

function cpuOf({ cpuMsPerFrame }: Figures): number | null {
  return cpuMsPerFrame === null ? null : cpuMsPerFrame.sender + cpuMsPerFrame.receiver;
}

function tableOf(peers: readonly Peer[], { measured, nativeMs }: Measurement): string[][] {
  const cell = (value: number | null | undefined, digits = 1) => value?.toFixed(digits) ?? "";
  const rows = peers.map(({ name, isInstalled, hasPipes }) => {
    if (!isInstalled) return [name, "not installed"];
    const label = hasPipes ? `${name} (with two pipes)` : name;
    const cases = measured.get(name) ?? {};
    const [hd, fullHd, fastHd] = [cases["720p30"], cases["1080p30"], cases["720p unpaced"]];
    const fastFullHd = cases["1080p unpaced"];
    return [
      ...[label, cell(hd?.p50Ms), cell(hd?.p99Ms), cell(fullHd?.p50Ms), cell(fullHd?.p99Ms)],
      ...[cell(hd?.cpuMsPerFrame?.sender), cell(hd?.cpuMsPerFrame?.receiver)],
      ...[cell(fastHd?.fps, 0), cell(fastHd?.p99Ms, 0), cell(fastFullHd?.fps, 0), cell(fastFullHd?.p99Ms, 0)],
      ...[cell(cases["slow receiver"]?.lastSecondMs, 0), cell(cases.window?.p50Ms)],
      hd === undefined || hd.bytesPerFrame === null ? "" : (hd.bytesPerFrame / 1000).toFixed(0),
    ];
  });
  return [
    [
      ...["ms", "720p30 p50", "p99", "1080p30 p50", "p99", "CPU a frame: sender", "receiver"],
      ...["720p unpaced fps", "p99", "1080p unpaced fps", "p99", "slow: age", "window p50", "kB"],
    ],
    ...rows,
    ["libjpeg-turbo alone", cell(nativeMs["720p30"]), "", cell(nativeMs["1080p30"])],
  ];
}
