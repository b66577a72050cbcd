// `bench slow-viewer`: a viewer that takes 100 ms for each picture beside a fast one. Neither may see an old picture.

import { atLeast, atMost, type Bench } from "./bench.ts";
import { runProbe, startServer } from "./processes.ts";

const SLOW_MS = 100;
const FPS = 30;
const SIZE = "1280x720";

/** The p95 of the slow viewer's picture age ÷ (its own time + one frame interval + the p95 of the fast viewer's latency). */
const AGE_LIMIT = 1.45;
/** The latency of the fast viewer beside a slow one ÷ its latency alone. */
const FAST_LIMIT = 1.4;

export const slowViewerBench: Bench = async ({ quick, progress }) => {
  // The first three or four pictures of a slow viewer are older, because the server does not know its pace yet. In a shorter run they
  // would be more than 5 % of its pictures, and p95 would measure them only.
  const seconds = quick ? 9 : 20;
  // Only the median of the viewer alone has a bound, and 120 pictures are enough for it.
  const aloneSeconds = quick ? 4 : seconds;
  const flags = ["--source", "pattern", "--size", SIZE, "--fps", String(FPS)];
  progress("slow-viewer: the fast viewer alone");
  const first = await startServer(flags);
  const alone = await runProbe({ port: first.port, seconds: aloneSeconds });
  await first.stop();
  progress(`slow-viewer: with a viewer that needs ${SLOW_MS} ms for each picture`);
  const server = await startServer(flags);
  const [fast, slow] = await Promise.all([
    runProbe({ port: server.port, seconds }),
    runProbe({ port: server.port, seconds, slowMs: SLOW_MS }),
  ]);
  const served = await server.stop();
  const captureFps = served.report.fps;
  const slowAge = slow.report.pixelLatencyMs;
  // The fast viewer runs at the same time, so its p95 has the same other programs of the machine in it. The bound on the fast viewer's
  // median finds a server that is late for all its viewers.
  const reference = SLOW_MS + 1000 / FPS + fast.report.pixelLatencyMs.p95;
  const viewers = [
    { name: "fast, alone", report: alone.report },
    { name: "fast, with a slow one", report: fast.report },
    { name: "slow", report: slow.report },
  ];
  return {
    name: "slow-viewer",
    figures: { slowMs: SLOW_MS, fps: FPS, size: SIZE, captureFps, alone, fast, slow, served },
    bounds: [
      atMost(
        "slow viewer's picture age p95 ÷ (its time + a frame + the fast viewer's p95)",
        slowAge.p95 / reference,
        AGE_LIMIT,
      ),
      atLeast("slow viewer's rate × its time", (slow.report.frames / slow.report.seconds) * (SLOW_MS / 1000), 0.75),
      atMost(
        "fast viewer's p50 with a slow one ÷ alone",
        fast.report.pixelLatencyMs.p50 / alone.report.pixelLatencyMs.p50,
        FAST_LIMIT,
      ),
      atLeast("captured rate ÷ nominal", captureFps / FPS, 0.9),
      atMost("frames out of order", fast.report.outOfOrder + slow.report.outOfOrder, 0),
    ],
    table: [
      ["viewer", "fps", "age p50 ms", "p95", "p99", "max"],
      ...viewers.map(({ name, report }) => [
        ...[name, (report.frames / report.seconds).toFixed(1), report.pixelLatencyMs.p50.toFixed(1)],
        ...[report.pixelLatencyMs.p95, report.pixelLatencyMs.p99, report.pixelLatencyMs.max].map((ms) => ms.toFixed(1)),
      ]),
    ],
    chart: {
      title: `A viewer that needs ${SLOW_MS} ms for each picture next to a fast one (${SIZE} at ${FPS} fps)`,
      panels: [
        {
          kind: "bars",
          title: "Age of a picture when it is shown",
          unit: "ms",
          groups: viewers.map(({ name }) => name),
          series: (["p50", "p99"] as const).map((name) => ({
            name,
            values: viewers.map(({ report }) => report.pixelLatencyMs[name]),
          })),
        },
      ],
    },
  };
};
