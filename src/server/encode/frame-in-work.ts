// A frame in work: the job that codec threads do for it, band by band, and how far they are.

import type { EncodeTilesJob, ScaleJob } from "../../codec/tile-jobs.ts";
import { type Micros, nowMicros } from "../../core/clock.ts";
import type { CapturedPixels } from "../picture.ts";
import type { Rendition } from "../renditions/rendition.ts";
import type { Scale } from "./scale.ts";

export interface RenditionInWork {
  rendition: Rendition;
  scale: ScaleJob;
  lengthsAddress: number;
  /** Bytes of its tiles that are encoded so far. */
  bytes: number;
}

export interface FrameInWork {
  pixels: CapturedPixels;
  job: EncodeTilesJob;
  /** In the order of the outputs of a band. */
  renditions: RenditionInWork[];
  bandsDone: number;
  /** Changed tiles so far, by scale. */
  changed: number[];
  /** How many threads it is given to at most. */
  threads: number;
  threadsAtWork: number;
  startedAt: Micros;
  /** How long threads were busy with it, all of them together. */
  busyMicros: number;
  failure: string | null;
  /** Whether it is committed or aborted. */
  isOver: boolean;
}

export interface FramePlan {
  /** The renditions to encode, which have their tables. */
  ready: readonly Rendition[];
  /** The scales by halvings. */
  scales: readonly Scale[];
  /** See kernel/change-detect.ts; 0 = exact, null = every tile counts as changed. */
  noise: number | null;
  threads: number;
  /** How many bands to cut the frame into, at most. */
  bands: number;
  /** Whether threads report each band when it is done. */
  saysParts: boolean;
  /** Where threads count the bands that they take. */
  counterAddress: number;
}

/** Begins the frame in all scales down to the smallest rendition. Throws CodecError when there is no memory for it. */
export function planFrame(pixels: CapturedPixels, plan: FramePlan): FrameInWork {
  const { ready, noise, threads, saysParts, counterAddress } = plan;
  const smallest = Math.max(...ready.map(({ level }) => level.halvings));
  const renditions: RenditionInWork[] = [];
  const scales: ScaleJob[] = [];
  for (let halvings = 0; halvings <= smallest; halvings++) {
    const scale = plan.scales[halvings] as Scale;
    const begun = scale.begin(halvings === 0 ? pixels.slot : null, pixels.capturedAt, noise);
    const scaleJob: ScaleJob = { ...begun, renditions: [] };
    scales.push(scaleJob);
    for (const rendition of ready) {
      const { picture, isNew, level } = rendition;
      if (level.halvings !== halvings) continue;
      if (picture === null) throw new Error("a rendition without tables was to be encoded");
      const lengthsAddress = scale.lengthsAddress(scaleJob.renditions.length);
      scaleJob.renditions.push({ picture, isNew, lengthsAddress });
      renditions.push({ rendition, scale: scaleJob, lengthsAddress, bytes: 0 });
    }
  }
  const { mcuLines } = (plan.scales[0] as Scale).grid;
  const unit = 2 ** (scales.length - 1); // bands begin at whole MCU lines of each scale
  const bandLines = Math.ceil(mcuLines / plan.bands / unit) * unit;
  const bands = Math.ceil(mcuLines / bandLines);
  return {
    pixels,
    job: { kind: "encode-tiles", format: pixels.format, counterAddress, scales, bandLines, bands, saysParts },
    renditions,
    bandsDone: 0,
    changed: scales.map(() => 0),
    threads,
    threadsAtWork: 0,
    startedAt: nowMicros(),
    busyMicros: 0,
    failure: null,
    isOver: false,
  };
}
