// A frame in work: a frame that is being encoded at the moment, and its progress. It is cut into bands (some lines of MCUs),
// and each worker (frame-workers.ts) encodes one band at a time.

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
  /** Whether a tile was encoded for another reason than its refresh, so the picture has probably changed. */
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
  /** Whether the main thread takes part in the encoding. */
  hasOwn: boolean;
  isOwnAtWork: boolean;
  /** The largest number of threads that may work on the frame. */
  threads: number;
  threadsAtWork: number;
  startedAt: Micros;
  /** The sum of the times that threads and the main thread were busy with the frame. */
  busyMicros: number;
  failure: string | null;
  /** True when the frame is committed or aborted. */
  isOver: boolean;
}

/** The division of a frame among workers. */
export interface Division {
  /** Whether the main thread takes part. */
  hasOwn: boolean;
  /** The largest number of codec threads that are woken at first. */
  threads: number;
  /** The number of bands into which the frame is cut. */
  bands: number;
  saysParts: boolean;
}

export interface FramePlan {
  /** The renditions to encode, which already have their tables. */
  ready: readonly Rendition[];
  /** The scales by the number of halvings. */
  scales: readonly Scale[];
  /** The noise bound of kernel/change-detect.ts. 0 detects every change, and null treats every tile as changed. */
  noise: number | null;
  division: Division;
  /** The address of a shared counter. It counts the bands that threads have taken. */
  counterAddress: number;
}

/**
 * Begins a frame in all sizes (scales) down to that of the smallest rendition. Throws CodecError when there is not enough memory.
 */
export function planFrame(pixels: CapturedPixels, plan: FramePlan): FrameInWork {
  const { ready, noise, division, counterAddress } = plan;
  const { hasOwn, threads, saysParts } = division;
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
      if (picture === null) throw new Error("a rendition without tables cannot be encoded");
      const lengthsAddress = scale.lengthsAddress(scaleJob.renditions.length);
      scaleJob.renditions.push({ picture, isNew, lengthsAddress });
      renditions.push({ rendition, scale: scaleJob, lengthsAddress, bytes: 0, hasChanged: false });
    }
  }
  const { mcuLines } = (plan.scales[0] as Scale).grid;
  const unit = 2 ** (scales.length - 1); // Bands begin at whole MCU lines of each scale.
  const bandLines = Math.ceil(mcuLines / division.bands / unit) * unit;
  const bands = Math.ceil(mcuLines / bandLines);
  return {
    pixels,
    job: { kind: "encode-tiles", format: pixels.format, counterAddress, scales, bandLines, bands, saysParts },
    renditions,
    bandsDone: 0,
    changed: scales.map(() => 0),
    hasOwn,
    isOwnAtWork: false,
    threads,
    threadsAtWork: 0,
    startedAt: nowMicros(),
    busyMicros: 0,
    failure: null,
    isOver: false,
  };
}
