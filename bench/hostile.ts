// `bench hostile`: hostile peers of each kind beside one good viewer, whose rate and latency must not become worse.
//
// The attackers run on the same machine, but get only processor time that no other process wants. So the figures show what an attack
// costs the server, and not what the attackers themselves take away from it. Floods are also measured with attackers that compete
// for the processors. That has no bound.

import { HOSTILE_KINDS, type HostileKind } from "../test/support/hostile-peers.ts";
import { atLeast, atMost, type Bench, type Bound } from "./bench.ts";
import { type Crowd, runCrowds } from "./hostile-crowds.ts";
import { type Figures, FPS, runSeries, SIZE } from "./hostile-series.ts";

/** The rate of the good viewer ÷ its rate alone. */
const RATE_LIMIT = 0.97;
/** The 99th percentile of the good viewer's latency ÷ the same alone. */
const LATENCY_LIMIT = 2;
/** The least memory of the server in the ten seconds after the attack ÷ the least before. */
const MEMORY_LIMIT = 1.05;
/** The largest number of viewers of a server (`--max-viewers`). */
const VIEWER_LIMIT = 256;
/** The kinds of which one peer uses a whole processor. */
const FLOODS: readonly HostileKind[] = ["pings", "wishes"];

export const hostileBench: Bench = async ({ quick, progress }) => {
  const counts = quick ? [20] : [1, 50, 500];
  const seconds = quick ? 5 : 6;
  const figures: Figures[] = [];
  const bounds: Bound[] = [];
  for (const kind of HOSTILE_KINDS) {
    const series = await runSeries({ kind, counts, seconds, waitsForMemory: !quick, competes: false, progress });
    figures.push(...series);
    bounds.push(...boundsOf(series));
  }
  const competing: Figures[] = [];
  for (const kind of FLOODS) {
    const options = { kind, counts: [20], seconds, waitsForMemory: false, competes: true, progress };
    competing.push(...(await runSeries(options)));
  }
  const crowds = quick ? [] : await runCrowds(progress);
  for (const { what, bounds: ofCrowd } of crowds) {
    bounds.push(...ofCrowd.map((bound) => ({ ...bound, name: `${bound.name}, ${what}` })));
  }
  return {
    name: "hostile",
    figures: {
      size: SIZE,
      fps: FPS,
      cases: figures,
      competing,
      crowds: crowds.map(({ bounds: _, ...crowd }) => crowd),
    },
    bounds,
    table: [
      [
        "peers",
        "kind",
        "fps",
        "p50 ms",
        "p99 ms",
        "server's cores",
        "attackers'",
        "memory after ÷ before",
        "refused or ended",
      ],
      ...figures.map((each) => row(each, each.kind)),
      ...competing.map((each) => row(each, each.peers === 0 ? each.kind : `${each.kind}, competing`)),
      ...crowds.map(crowdRow),
    ],
  };
};

function boundsOf([alone, ...attacks]: readonly Figures[]): Bound[] {
  if (alone === undefined) return [];
  return attacks.flatMap(({ kind, peers, fps, p99Ms, memoryRatio, mostViewers }) => {
    const what = `${peers} × ${kind}`;
    const bounds = [
      atLeast(`rate ÷ alone, ${what}`, fps / alone.fps, RATE_LIMIT),
      atMost(`p99 ÷ alone, ${what}`, p99Ms / alone.p99Ms, LATENCY_LIMIT),
      atMost(`viewers, ${what}`, mostViewers, VIEWER_LIMIT),
    ];
    if (memoryRatio !== null) bounds.push(atMost(`memory after ÷ before, ${what}`, memoryRatio, MEMORY_LIMIT));
    return bounds;
  });
}

function row(
  { peers, fps, p50Ms, p99Ms, memoryRatio, serverCores, attackerCores, refusedBy }: Figures,
  kind: string,
): string[] {
  return [
    ...[String(peers), kind, fps.toFixed(1), p50Ms.toFixed(1), p99Ms.toFixed(1)],
    ...[serverCores.toFixed(2), attackerCores.toFixed(2), memoryRatio?.toFixed(2) ?? "", formatCounts(refusedBy)],
  ];
}

function crowdRow({ peers, what, fps, memoryMiB, refusedBy }: Crowd): string[] {
  return [
    String(peers),
    what,
    fps.toFixed(1),
    "",
    "",
    "",
    "",
    `${memoryMiB.toFixed(0)} MiB more`,
    formatCounts(refusedBy),
  ];
}

function formatCounts(counts: Record<string, number>): string {
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([limit, count]) => `${limit} ${count}`)
    .join(", ");
}
