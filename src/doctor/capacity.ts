// Measures for a second how many pictures this machine encodes and decodes, and computes how many cameras it can carry.

import { BUN_RUNTIME } from "../codec/bun/runtime.ts";
import { Arena } from "../codec/memory/arena.ts";
import { CodecPool } from "../codec/threads/pool.ts";
import type { EncodeJob, JobResult } from "../codec/threads/job.ts";
import { nowMicros } from "../core/clock.ts";
import { CodecError } from "../core/errors.ts";
import type { Size } from "../core/pixel-format.ts";

/** What the machine does with pictures of one size. */
export interface Capacity extends Size {
  /** Whole pictures in a second, with all cores. */
  encodedPerSecond: number;
  decodedPerSecond: number;
  /** The number of cameras of this size that can be served, by frames a second. All of each picture changes. */
  cameras: Record<string, number>;
}

const SIZES: readonly Size[] = [
  { width: 640, height: 480 },
  { width: 1280, height: 720 },
  { width: 1920, height: 1080 },
];
const RATES = [15, 30, 60];
/** The time of all measurements together. */
const MEASURED_MS = 1000;
/**
 * The share of the processor that encoding may take. The rest is for capturing, comparing and sending, which take about as much as
 * two thirds of the encoding (docs/latency.md).
 */
const ENCODING_SHARE = 0.6;
const QUALITY = 75;

/** Measures with this number of threads. Rejects with CodecError if the codec fails. */
export async function measureCapacity(threads: number, signal: AbortSignal): Promise<Capacity[]> {
  const arena = Arena.create();
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => undefined); // the measurement that runs rejects with the reason
  let onIdle = () => {};
  const pool = new CodecPool({
    runtime: BUN_RUNTIME,
    arena,
    codec: "simd",
    threads,
    onIdle: () => onIdle(),
    onBroken: (reason) => broken.reject(new CodecError(reason.message, { cause: reason })),
    onRestarted: () => undefined, // the job that hit the defect fails, and so does the measurement
  });
  /**
   * Keeps all threads busy for some time. Resolves with the number of jobs in a second of a machine that does nothing else: the
   * processor time of this process counts, so other programs that run meanwhile do not matter.
   */
  const perSecond = async (tryRun: (done: (result: JobResult) => void) => boolean): Promise<number> => {
    const ended = Promise.withResolvers<number>();
    const startedAt = nowMicros();
    const before = process.cpuUsage();
    let [finished, running] = [0, 0];
    const done = (result: JobResult) => {
      running--;
      finished++;
      if (!result.ok) ended.reject(new CodecError(result.message));
    };
    onIdle = () => {
      const elapsed = nowMicros() - startedAt;
      if (elapsed < (MEASURED_MS * 1000) / SIZES.length / 2) {
        while (pool.idleThreads > 0 && tryRun(done)) running++;
      } else if (running === 0) {
        const { user, system } = process.cpuUsage(before);
        ended.resolve((finished * threads * 1e6) / (user + system));
      }
    };
    onIdle();
    return Promise.race([ended.promise, broken.promise]);
  };
  try {
    await Promise.race([pool.started, broken.promise]);
    // The memory is the same for all sizes, because the first use of a page takes time.
    const mostBytes = Math.max(...SIZES.map(({ width, height }) => width * height * 4));
    const [address, ...targets] = Array.from({ length: threads + 1 }, () => arena.take(mostBytes));
    for (const target of targets) arena.bytes(target, mostBytes).fill(0);
    const capacities: Capacity[] = [];
    for (const { width, height } of SIZES) {
      signal.throwIfAborted();
      const bytes = width * height * 4;
      paint(arena.bytes(address as number, bytes), width);
      const encode: EncodeJob = {
        kind: "encode",
        format: "rgba",
        width,
        height,
        address: address as number,
        quality: QUALITY,
      };
      let jpeg = new Uint8Array();
      const encoding = (done: (result: JobResult) => void) =>
        pool.tryRun(encode, (result) => {
          if (result.ok) jpeg = result.value.jpeg;
          done(result);
        });
      const decoding = (done: (result: JobResult) => void) => {
        const target = targets.shift() as number;
        targets.push(target); // as many jobs run as there are targets, so this one is free
        return pool.tryRun({ kind: "decode", jpeg: jpeg.slice(), target: { address: target, bytes } }, done);
      };
      capacities.push(capacityOf({ width, height }, await perSecond(encoding), await perSecond(decoding)));
    }
    return capacities;
  } finally {
    await pool.close();
  }
}

function capacityOf(size: Size, encodedPerSecond: number, decodedPerSecond: number): Capacity {
  const cameras = RATES.map((rate) => [String(rate), Math.floor((encodedPerSecond * ENCODING_SHARE) / rate)]);
  return {
    ...size,
    encodedPerSecond: Math.round(encodedPerSecond),
    decodedPerSecond: Math.round(decodedPerSecond),
    cameras: Object.fromEntries(cameras),
  };
}

/** Paints a picture that costs about as much as that of a camera: soft shapes with the noise of a sensor. */
function paint(rgba: Uint8Array, width: number): void {
  let random = 1;
  for (let at = 0; at < rgba.length; at += 4) {
    const pixel = at >> 2;
    const x = pixel % width;
    const y = (pixel - x) / width;
    random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
    const light = 128 + 60 * Math.sin(x / 37) * Math.cos(y / 23) + ((random >>> 24) % 13) - 6;
    rgba[at] = light + 20 * Math.sin(x / 90);
    rgba[at + 1] = light;
    rgba[at + 2] = light + 20 * Math.cos(y / 70);
    rgba[at + 3] = 255;
  }
}
