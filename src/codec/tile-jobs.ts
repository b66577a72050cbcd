// What codec threads are asked to do with tiles. Plain data: main threads make jobs without loading a kernel.

import type { PixelFormat, Size } from "../core/pixel-format.ts";
import type { ChromaSampling } from "./jpeg/sampling.ts";

/** Has a thread make the tables of a picture format; see PreparedPicture. */
export interface PrepareTilesJob extends Size {
  kind: "prepare-tiles";
  format: PixelFormat;
  sampling: ChromaSampling;
  quality: number;
  /** State area to be used again, of which nobody encodes any more; null = a new one. */
  stateAddress: number | null;
}

/** One frame, for every thread that has time for it. */
export interface EncodeTilesJob {
  kind: "encode-tiles";
  format: PixelFormat;
  /** Of an i32 in the arena: number of the next band that nobody has taken. */
  counterAddress: number;
  bands: number;
  /** MCU lines of the first scale in a band; a multiple of what the smallest scale needs for one line. */
  bandLines: number;
  /** Largest first; each is half of the one before. */
  scales: ScaleJob[];
  /** Say each band as soon as it is done, instead of all together. */
  saysParts: boolean;
}

/** The frame in one size. */
export interface ScaleJob extends Size {
  /** The pixels, without padding. For all but the first scale they are made here, from those of the scale before. */
  address: number;
  mcuLines: number;
  tilesPerLine: number;
  mcuHeight: number;
  /** The pixels last encoded, of the same layout; null = none: every tile counts as changed. */
  referenceAddress: number | null;
  /**
   * Whether this frame's pixels become the reference. Then what has not changed is made equal to the reference in the
   * frame; otherwise what has changed is copied from the frame to the reference.
   */
  becomesReference: boolean;
  /** How far pixels may be off without counting as changed, in levels; see kernel/change-detect.ts. Null: all have changed. */
  noise: number | null;
  /** Tiles that are encoded whether they have changed or not. */
  refresh: { first: number; count: number };
  renditions: RenditionJob[];
}

/** The frame in one size and quality. */
export interface RenditionJob {
  picture: PreparedPicture;
  /** All tiles are wanted, since there are none of this rendition yet. */
  isNew: boolean;
  /** Of `u32[tiles]` in the arena, where the tiles' lengths go; UNCHANGED for those that were not encoded. */
  lengthsAddress: number;
}

/** Length that says: this tile was not encoded. */
export const UNCHANGED = 0xffff_ffff;

/** What came of a band: where the bytes of the tiles that were encoded lie, one tile after the other. */
export interface BandOutput {
  band: number;
  /** Tiles that had changed, by scale. */
  changed: number[];
  /** By rendition, scale by scale. */
  outputs: { address: number; bytes: number }[];
}

/** First line of a band in a scale, in MCU lines of that scale. Bands beyond the last begin where the picture ends. */
export function bandStart(job: EncodeTilesJob, scale: number, band: number): number {
  const { mcuLines } = job.scales[scale] as ScaleJob;
  return band >= job.bands ? mcuLines : Math.min(mcuLines, (band * job.bandLines) >> scale);
}

/** A prepared picture format: plain data, so it can be posted to workers. The state stays in the shared memory. */
export interface PreparedPicture {
  readonly stateAddress: number;
  readonly tileCount: number;
  readonly tilesPerLine: number;
  readonly restartIntervalMcus: number;
  /** Planes that the pixel format has. */
  readonly planeCount: number;
  /** SOI to SOS. */
  readonly header: Uint8Array;
}

export interface TileEncoder {
  prepare(job: PrepareTilesJob): PreparedPicture;
  /** Takes bands until there are none left. Throws CodecError. */
  encode(job: EncodeTilesJob, onBand: (band: BandOutput) => void): void;
}

/**
 * Some batches of tiles, for every thread that has time for them: each takes the next batch until there is none left. It
 * holds addresses in the arena only, all checked by whoever made it; the kernel checks what it can.
 */
export interface TileJob {
  kind: "tiles";
  /** The state that the picture's header was read into (JpegPicture.state). */
  state: number;
  /** What the picture needs of scratch. */
  scratchBytes: number;
  /** Entries of TILE_BYTES, as kernel/layout-decoder.ts has them, batch after batch. */
  list: number;
  /** How many tiles each batch has. */
  batches: readonly number[];
  /** Of two i32 in the arena: the number of the next batch that nobody has taken, and how many are not done. */
  counters: number;
  /** Address of pixel (0, 0); 0 where nothing is converted. */
  pixels: number;
  strideBytes: number;
  /** Lines of MCUs that come whole are converted while they are warm, all but the seams (JpegPicture, `waitingRows`). */
  convertsLines: boolean;
  /**
   * x, y, width and height of each rectangle that is converted after the tiles, by the thread that ends the last batch,
   * which saves waking one for them. Without batches they are this job's.
   */
  rectangles: readonly number[];
}

/** Words at `counters`. */
export const NEXT_BATCH = 0;
export const BATCHES_LEFT = 1;
export const COUNTERS_BYTES = 8;
