// The plan of `bench peers`: short rounds, one peer after the other, so that other load on the machine affects all peers alike.

import { readFileSync } from "node:fs";
import { startVirtualDisplay } from "../../src/cli/virtual-display.ts";
import { messageOf } from "../../src/core/errors.ts";
import { frameBytes, type Size } from "../../src/core/pixel-format.ts";
import { median } from "../../src/core/statistics.ts";
import { round } from "../bench.ts";
import { footageFile } from "../footage-file.ts";
import { loadNativeTurbojpeg } from "../native-turbojpeg.ts";
import type { Outcome, Peer, Round } from "./peer.ts";

const HD: Size = { width: 1280, height: 720 };
const FULL_HD: Size = { width: 1920, height: 1080 };
const FPS = 30;
/** The time that the slow receiver spends on each picture. */
export const SLOW_MS = 100;

export const CASES = {
  "720p30": { size: HD, fps: FPS, slowMs: 0, isWindow: false },
  "1080p30": { size: FULL_HD, fps: FPS, slowMs: 0, isWindow: false },
  "720p unpaced": { size: HD, fps: 0, slowMs: 0, isWindow: false },
  "1080p unpaced": { size: FULL_HD, fps: 0, slowMs: 0, isWindow: false },
  "slow receiver": { size: HD, fps: FPS, slowMs: SLOW_MS, isWindow: false },
  window: { size: HD, fps: FPS, slowMs: 0, isWindow: true },
} as const satisfies Record<string, Omit<Round, "seconds" | "display"> & { isWindow: boolean }>;
export type CaseName = keyof typeof CASES;

/** The medians over the rounds of one peer in one case. */
export interface Figures {
  rounds: number;
  fps: number;
  p50Ms: number;
  p95Ms: number;
  p99Ms: number;
  /** The maximum over all rounds. */
  maxMs: number;
  lastSecondMs: number;
  bytesPerFrame: number | null;
  cpuMsPerFrame: { sender: number; receiver: number } | null;
  /** The sum over all rounds. */
  outOfOrder: number;
  unreadable: number;
}

/** The figures of each installed peer by name. A case is missing if it does not apply or if all its rounds failed. */
export type Measured = Map<string, Partial<Record<CaseName, Figures>>>;

export interface Measurement {
  measured: Measured;
  /** The milliseconds to encode and decode a frame with native libjpeg-turbo in one thread. Empty if it is not installed. */
  nativeMs: Partial<Record<CaseName, number>>;
  /** Descriptions of the rounds that failed. */
  failures: string[];
}

/** Runs all rounds of all cases. Before that it makes missing footage files. */
export async function measure(
  peers: readonly Peer[],
  rounds: number,
  seconds: number,
  progress: (text: string) => void,
): Promise<Measurement> {
  const outcomes = new Map<string, Outcome[]>();
  const nativeTimes = new Map<CaseName, number[]>();
  const failures: string[] = [];
  const installed = peers.filter(({ isInstalled }) => isInstalled);
  const hasDisplay = Bun.which("Xvfb") !== null;
  await using display = hasDisplay ? await startVirtualDisplay() : null;
  for (const { size } of Object.values(CASES)) footageFile("moving", size);
  for (let turn = 0; turn < rounds; turn++) {
    for (const [name, { isWindow, ...each }] of Object.entries(CASES) as [CaseName, (typeof CASES)[CaseName]][]) {
      if (isWindow && display === null) continue;
      for (const peer of installed) {
        if (isWindow && !peer.hasWindow) continue;
        progress(`peers, round ${turn + 1} of ${rounds}: ${name}, ${peer.name}`);
        const place = isWindow && display !== null ? display.name : null;
        try {
          append(outcomes, `${peer.name} ${name}`, await peer.run({ ...each, seconds, display: place }));
        } catch (error) {
          failures.push(`${peer.name}, ${name}: ${messageOf(error)}`);
          console.error(failures.at(-1));
        }
      }
      if (each.fps === 0 || each.slowMs > 0 || isWindow) continue;
      progress(`peers, round ${turn + 1} of ${rounds}: ${name}, libjpeg-turbo alone`);
      append(nativeTimes, name, ...(await nativeTimesMs(each.size, each.fps, seconds)));
    }
  }
  const measured: Measured = new Map();
  for (const { name: peer } of installed) {
    const cases = (Object.keys(CASES) as CaseName[]).flatMap((name) => {
      const all = outcomes.get(`${peer} ${name}`);
      return all === undefined ? [] : [[name, summary(all)] as const];
    });
    measured.set(peer, Object.fromEntries(cases));
  }
  const nativeMs = Object.fromEntries([...nativeTimes].map(([name, times]) => [name, middle(times)]));
  return { measured, nativeMs, failures };
}

function append<Key, Value>(map: Map<Key, Value[]>, key: Key, ...values: Value[]): void {
  if (values.length > 0) map.set(key, [...(map.get(key) ?? []), ...values]);
}

function summary(outcomes: readonly Outcome[]): Figures {
  const over = (value: (outcome: Outcome) => number) => middle(outcomes.map(value));
  const sum = (value: (outcome: Outcome) => number) => outcomes.reduce((total, each) => total + value(each), 0);
  const processor = outcomes.flatMap(({ cpuMsPerFrame }) => cpuMsPerFrame ?? []);
  const bytes = outcomes.flatMap(({ bytesPerFrame }) => bytesPerFrame ?? []);
  return {
    rounds: outcomes.length,
    fps: over(({ fps }) => fps),
    p50Ms: over(({ latencyMs }) => latencyMs.p50),
    p95Ms: over(({ latencyMs }) => latencyMs.p95),
    p99Ms: over(({ latencyMs }) => latencyMs.p99),
    maxMs: Math.max(...outcomes.map(({ latencyMs }) => latencyMs.max)),
    lastSecondMs: over(({ lastSecondMs }) => lastSecondMs),
    bytesPerFrame: bytes.length === 0 ? null : middle(bytes),
    cpuMsPerFrame:
      processor.length === 0
        ? null
        : {
            sender: middle(processor.map(({ sender }) => sender)),
            receiver: middle(processor.map(({ receiver }) => receiver)),
          },
    outOfOrder: sum(({ outOfOrder }) => outOfOrder),
    unreadable: sum(({ unreadable }) => unreadable),
  };
}

function middle(values: readonly number[]): number {
  return round(median(values) ?? Number.NaN);
}

/**
 * The times to encode and decode the same footage in this thread at the camera's rate, right after writing the pixels, as in
 * the senders. The list is empty if the library is not installed.
 */
async function nativeTimesMs({ width, height }: Size, fps: number, seconds: number): Promise<number[]> {
  const native = loadNativeTurbojpeg();
  if (native === null) return [];
  const bytes = frameBytes("rgba", width, height);
  const footage = readFileSync(footageFile("moving", { width, height }));
  const frames = Math.floor(footage.length / bytes);
  const frame = new Uint8Array(bytes);
  const decoded = new Uint8Array(bytes);
  const times: number[] = [];
  for (let number = 0; number < seconds * fps; number++) {
    await Bun.sleep(1000 / fps);
    frame.set(footage.subarray((number % frames) * bytes, ((number % frames) + 1) * bytes));
    const start = performance.now();
    native.decode(native.encode(frame, width, height, 75), decoded, width, height);
    times.push(performance.now() - start);
  }
  return times;
}
