// What codec threads are asked to do with tiles. Plain data: main threads make jobs without loading a kernel.

import type { PixelFormat, Size } from "../core/pixel-format.ts";
import type { ChromaSampling } from "./jpeg/sampling.ts";

/** Asks a thread to make the tables for a picture format; the result is a PreparedPicture. */
export interface PrepareTilesJob extends Size {
  kind: "prepare-tiles";
  format: PixelFormat;
  sampling: ChromaSampling;
  quality: number;
  /** Memory of an older state to use again. No thread may be encoding with it any more. Null: take new memory. */
  stateAddress: number | null;
}

/** One frame, posted to every idle thread. Each takes the next band until there is none left. */
export interface EncodeTilesJob {
  kind: "encode-tiles";
  format: PixelFormat;
  /** Address of an i32 in the arena: the number of the next band that no thread has taken. */
  counterAddress: number;
  bands: number;
  /** MCU lines of the first scale in a band: a multiple of those that the smallest scale needs for one of its lines. */
  bandLines: number;
  /** Largest first; each is half the size of the one before. */
  scales: ScaleJob[];
  /** Whether each band is posted as soon as it is done, instead of all with the result. */
  saysParts: boolean;
}

/** The frame in one size. */
export interface ScaleJob extends Size {
  /** Address of the pixels, without padding. The job fills all but the first scale, each from the scale before. */
  address: number;
  mcuLines: number;
  tilesPerLine: number;
  mcuHeight: number;
  /** Address of the pixels that were last encoded, in the same layout. Null: there are none, and every tile counts as changed. */
  referenceAddress: number | null;
  /**
   * Whether this frame's pixels become the next reference. If so, unchanged tiles are copied from the reference to the frame;
   * if not, changed tiles are copied from the frame to the reference.
   */
  becomesReference: boolean;
  /** How far pixels may differ without counting as changed, in levels (SimdEncoder.tileDiffers). Null: every tile counts as changed. */
  noise: number | null;
  /** These tiles are encoded even if they have not changed. */
  refresh: { first: number; count: number };
  renditions: RenditionJob[];
}

/** The frame in one size and quality. */
export interface RenditionJob {
  picture: PreparedPicture;
  /** The rendition has no tiles yet, so all of them are encoded. */
  isNew: boolean;
  /** Address of a `u32[tiles]` in the arena for the tiles' lengths in bytes; UNCHANGED for tiles that are not encoded. */
  lengthsAddress: number;
}

/** The length that stands for a tile that was not encoded. */
export const UNCHANGED = 0xffff_ffff;

/** The result of a band: where the bytes of its encoded tiles are, one tile after the other. */
export interface BandOutput {
  band: number;
  /** How many tiles have changed, by scale. */
  changed: number[];
  /** One entry a rendition, in the order of scales and their renditions. */
  outputs: { address: number; bytes: number }[];
}

/** The first line of a band in a scale, in MCU lines of that scale. A band after the last one begins where the picture ends. */
export function bandStart(job: EncodeTilesJob, scale: number, band: number): number {
  const { mcuLines } = job.scales[scale] as ScaleJob;
  return band >= job.bands ? mcuLines : Math.min(mcuLines, (band * job.bandLines) >> scale);
}

/** A prepared picture format. It is plain data, so it can be posted to threads; the state stays in the arena. */
export interface PreparedPicture {
  readonly stateAddress: number;
  readonly tileCount: number;
  readonly tilesPerLine: number;
  readonly restartIntervalMcus: number;
  /** How many planes the pixel format has. */
  readonly planeCount: number;
  /** The JPEG's header, from SOI to SOS. */
  readonly header: Uint8Array;
}

/** Lives in one codec thread; any number of threads may work on one frame. */
export interface TileEncoder {
  /** Throws CodecError for a format that cannot be encoded. */
  prepare(job: PrepareTilesJob): PreparedPicture;
  /** Takes bands until there is none left, and calls `onBand` after each. Throws CodecError. */
  encode(job: EncodeTilesJob, onBand: (band: BandOutput) => void): void;
}

/**
 * Some batches of tiles to decode, posted to every idle thread. Each takes the next batch until there is none left. The maker of
 * the job checks all addresses; the kernel checks what it can.
 */
export interface TileJob {
  kind: "tiles";
  /** Address of the state that the picture's header was read into (JpegPicture.state). */
  state: number;
  /** How much scratch memory each thread needs for the picture. */
  scratchBytes: number;
  /** Address of the list of tiles, batch after batch: entries of TILE_BYTES (kernel/decode/layout.ts). */
  list: number;
  /** How many tiles each batch has. */
  batches: readonly number[];
  /** Address of two i32 in the arena: the number of the next batch that no thread has taken, and how many are not done. */
  counters: number;
  /** Address of pixel (0, 0) of the RGBA picture; 0 if nothing is converted. */
  pixels: number;
  strideBytes: number;
  /** Whether whole lines of MCUs are converted while they are in the cache, all but the seams (`waitingRows`). */
  convertsLines: boolean;
  /**
   * x, y, width and height of each rectangle to convert after the tiles. The thread that finishes the last batch does it, so no
   * thread has to be woken. Without batches, the thread that gets the job does it.
   */
  rectangles: readonly number[];
}

/** Indexes of the words at `counters`. */
export const NEXT_BATCH = 0;
export const BATCHES_LEFT = 1;
export const COUNTERS_BYTES = 8;
