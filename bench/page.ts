// `bench page`: our page in Chromium, against our stream and those of other servers in an <img>. It reads the frame code on the screen, and
// measures the processor time of all processes of the browser.

import { median } from "../src/core/statistics.ts";
import { CHROMIUM } from "../test/support/chromium.ts";
import { atMost, type Bench, type Bound } from "./bench.ts";
import { BrowserScreen } from "./browser-screen.ts";
import {
  type Contender,
  encodeFootage,
  type Footage,
  jpegContenders,
  pixelContenders,
  ustreamerContender,
} from "./page-contenders.ts";

const SIZE = { width: 1280, height: 720 };
/**
 * A browser presents 60 times a second. With 30 frames a second, the time from a frame to the next presentation would be the same for a
 * whole run, and chance. At this rate it passes through all values once a second.
 */
const FPS = 29.5;
const WARM_UP_MS = 2_000;

/** The largest figure of our page ÷ the best of the others. */
const LIMITS = { age: 0.9, pixelAge: 0.9, still: 0.7, frozen: 0.25 };

interface Shown {
  /** Null for footage without a frame code. */
  p50Ms: number | null;
  p95Ms: number | null;
  fps: number | null;
  /** The processor time of the browser for each frame of the source. */
  cpuMsPerFrame: number;
  /** The time from the start of the navigation to the first picture. Null for streams. */
  firstPictureMs: number | null;
}

interface Case {
  name: string;
  footage: Footage;
  contenders: readonly Contender[];
  /** The bounds of the figures of the page ÷ the best of the others. */
  bounds: (ratio: (figure: keyof Shown) => number) => Bound[];
}

export const pageBench: Bench = async ({ quick, progress }) => {
  if (CHROMIUM === null) throw new Error("bench page needs chromium: install it with 'apt-get install chromium'");
  const [rounds, seconds] = quick ? [1, 4] : [3, 4];
  const table = [["footage", "shown by", "age p50 ms", "p95 ms", "fps", "browser ms/frame", "first picture ms"]];
  const bounds: Bound[] = [];
  const figures: object[] = [];
  await using made = new AsyncDisposableStack();
  await using screen = await BrowserScreen.start(SIZE);
  for (const { name, footage, contenders, bounds: boundsOf } of await makeCases(quick, made)) {
    const shown = contenders.map((): Shown[] => []);
    for (let round = 1; round <= rounds; round++) {
      for (const [index, contender] of contenders.entries()) {
        progress(`page, ${name}, ${contender.name}, round ${round} of ${rounds}`);
        shown[index]?.push(await measure(screen, contender, footage, seconds));
      }
    }
    const middle = shown.map(medians);
    for (const [index, contender] of contenders.entries()) {
      const each = middle[index] as Shown;
      figures.push({ footage: name, shownBy: contender.name, ...each, rounds: shown[index] });
      table.push([
        ...[
          name,
          contender.name,
          each.p50Ms?.toFixed(1) ?? "",
          each.p95Ms?.toFixed(1) ?? "",
          each.fps?.toFixed(1) ?? "",
        ],
        ...[each.cpuMsPerFrame.toFixed(2), each.firstPictureMs?.toFixed(0) ?? ""],
      ]);
    }
    const [page, ...others] = middle;
    bounds.push(
      ...boundsOf(
        (figure) => (page?.[figure] ?? Number.NaN) / Math.min(...others.map((each) => each[figure] ?? Infinity)),
      ),
    );
  }
  return { name: "page", figures: { size: SIZE, fps: FPS, rounds, seconds, cases: figures }, bounds, table };
};

async function makeCases(quick: boolean, made: AsyncDisposableStack): Promise<Case[]> {
  const footage = (kind: Footage["kind"], hasCode = true): Footage => ({ kind, size: SIZE, fps: FPS, hasCode });
  const jpegsOf = async (of: Footage) => made.use(await encodeFootage(of));
  const [moving, still, frozen] = [footage("moving"), footage("still"), footage("frozen", false)];
  const against = "our page ÷ the best other";
  const cpu = (name: string, limit: number): Case["bounds"] => {
    return (ratio) => [atMost(`processor time of the browser, ${name}, ${against}`, ratio("cpuMsPerFrame"), limit)];
  };
  const age: Case = {
    name: "moving, JPEGs",
    footage: moving,
    contenders: jpegContenders(moving, await jpegsOf(moving)),
    bounds: (ratio) => [atMost(`age p50, moving, JPEGs, ${against}`, ratio("p50Ms"), LIMITS.age)],
  };
  if (quick) return [age];
  return [
    age,
    {
      name: "moving, pixels",
      footage: moving,
      contenders: pixelContenders(moving, "stream"),
      bounds: (ratio) => [atMost(`age p50, moving, pixels, ${against}`, ratio("p50Ms"), LIMITS.pixelAge)],
    },
    {
      name: "people walk",
      footage: still,
      contenders: [...pixelContenders(still, "stream"), ...ustreamerContender(still, await jpegsOf(still))],
      bounds: cpu("people walk", LIMITS.still),
    },
    {
      name: "nothing moves",
      footage: frozen,
      contenders: [...pixelContenders(frozen, "stream?every=1"), ...ustreamerContender(frozen, await jpegsOf(frozen))],
      bounds: cpu("nothing moves", LIMITS.frozen),
    },
  ];
}

async function measure(
  screen: BrowserScreen,
  contender: Contender,
  { hasCode, fps }: Footage,
  seconds: number,
): Promise<Shown> {
  await using showing = await contender.start();
  const firstPictureMs = showing.isPage ? await screen.openPage(showing.url) : await screen.openStream(showing.url);
  await Bun.sleep(WARM_UP_MS);
  const before = screen.cpuMs();
  const ages = (await screen.watch(seconds * 1000, showing.bornAt)).toSorted((a, b) => a - b);
  const cpuMsPerFrame = (screen.cpuMs() - before) / (seconds * fps);
  await screen.close();
  if (!hasCode) return { p50Ms: null, p95Ms: null, fps: null, cpuMsPerFrame, firstPictureMs };
  const percentile = (share: number) => ages[Math.floor(share * (ages.length - 1))] ?? null;
  return { p50Ms: percentile(0.5), p95Ms: percentile(0.95), fps: ages.length / seconds, cpuMsPerFrame, firstPictureMs };
}

/** The median of each figure over the rounds. */
function medians(rounds: readonly Shown[]): Shown {
  const of = (figure: keyof Shown) => median(rounds.flatMap((round) => round[figure] ?? [])) ?? null;
  return {
    p50Ms: of("p50Ms"),
    p95Ms: of("p95Ms"),
    fps: of("fps"),
    cpuMsPerFrame: of("cpuMsPerFrame") ?? Number.NaN,
    firstPictureMs: of("firstPictureMs"),
  };
}
