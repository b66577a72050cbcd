// A frame in work: a frame that codec threads encode at the moment, and its progress. It is cut into bands (some lines of MCUs),
// and a thread encodes one band at a time.

import type { EncodeTilesJob, ScaleJob } from "../../codec/tile-jobs.ts";
import { type Micros, nowMicros } from "../../core/clock.ts";
import type { CapturedPixels } from "../picture.ts";
import type { Rendition } from "../renditions/rendition.ts";
import type { Scale } from "./scale.ts";

export interface RenditionInWork {
  rendition: Rendition;
  scale: ScaleJob;
  lengthsAddress: number;
  /** The number of bytes of the frame's encoded tiles in this rendition so far. */
  bytes: number;
  /** Whether a tile was encoded that is not only due for its refresh, so the picture has changed as far as is known. */
  hasChanged: boolean;
}

export interface FrameInWork {
  pixels: CapturedPixels;
  job: EncodeTilesJob;
  /** The renditions (sizes and qualities) of the frame. Each band has one output for each of them, in this order. */
  renditions: RenditionInWork[];
  bandsDone: number;
  /** The number of changed tiles so far, by scale. */
  changed: number[];
  /** The largest number of threads that may work on the frame. */
  threads: number;
  threadsAtWork: number;
  startedAt: Micros;
  /** The sum of the times that threads were busy with the frame. */
  busyMicros: number;
  failure: string | null;
  /** True when the frame is committed or aborted. */
  isOver: boolean;
}

export interface FramePlan {
  /** The renditions to encode, which already have their tables. */
  ready: readonly Rendition[];
  /** The scales by the number of halvings. */
  scales: readonly Scale[];
  /** The noise bound of kernel/change-detect.ts. 0 detects every change, and null treats every tile as changed. */
  noise: number | null;
  threads: number;
  /** The largest number of bands into which the frame is cut. */
  bands: number;
  /** Whether threads report each band as soon as it is done. */
  saysParts: boolean;
  /** The address of a shared counter. It counts the bands that threads have taken. */
  counterAddress: number;
}

/**
 * Begins a frame in all sizes (scales) down to that of the smallest rendition. Throws CodecError when there is not enough memory.
 */
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
      renditions.push({ rendition, scale: scaleJob, lengthsAddress, bytes: 0, hasChanged: false });
    }
  }
  const { mcuLines } = (plan.scales[0] as Scale).grid;
  const unit = 2 ** (scales.length - 1); // Bands begin at whole MCU lines of each scale.
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
