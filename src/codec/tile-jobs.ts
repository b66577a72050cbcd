// The jobs of codec threads for tiles. They are plain data, so main threads make jobs without loading a kernel.

import type { PixelFormat, Size } from "../core/pixel-format.ts";
import type { ChromaSampling } from "./jpeg/sampling.ts";

/** A job that computes the tables for encoding a picture format. Its result is a PreparedPicture. */
export interface PrepareTilesJob extends Size {
  kind: "prepare-tiles";
  format: PixelFormat;
  sampling: ChromaSampling;
  quality: number;
  /** The address of old tables whose memory is reused, or null for new memory. No thread may use the old tables any more. */
  stateAddress: number | null;
}

/** A job that encodes one frame. It is posted to every idle thread. Each thread takes the next band until all bands are taken. */
export interface EncodeTilesJob {
  kind: "encode-tiles";
  format: PixelFormat;
  /** The address of an i32 in the arena with the number of the next band to take. */
  counterAddress: number;
  bands: number;
  /**
   * The number of MCU lines of the first (largest) scale in a band. It is a multiple of the number that becomes one line of the
   * smallest scale.
   */
  bandLines: number;
  /** The scales, with the largest first. Each has half the size of the previous one. */
  scales: ScaleJob[];
  /** True if each band is posted as soon as it is finished. Otherwise all bands are posted with the result. */
  saysParts: boolean;
}

/** The work for one size (scale) of the frame. */
export interface ScaleJob extends Size {
  /**
   * The address of the pixels, which have no padding. The caller fills the first scale. The job fills each other scale by halving
   * the previous one.
   */
  address: number;
  mcuLines: number;
  tilesPerLine: number;
  mcuHeight: number;
  /** The address of the pixels that were last encoded, in the same layout. With null every tile counts as changed. */
  referenceAddress: number | null;
  /**
   * Whether this frame's pixels become the next reference. If true, unchanged tiles are copied from the reference to the frame.
   * If false, changed tiles are copied from the frame to the reference.
   */
  becomesReference: boolean;
  /** The noise bound in levels (SimdEncoder.tileDiffers). With null every tile counts as changed. */
  noise: number | null;
  /** The tiles that are encoded even if they have not changed. */
  refresh: { first: number; count: number };
  renditions: RenditionJob[];
}

/** The work for one size and quality (rendition) of the frame. */
export interface RenditionJob {
  picture: PreparedPicture;
  /** True if the rendition has no tiles yet, so that all tiles are encoded. */
  isNew: boolean;
  /** The address of a `u32[tiles]` in the arena for the tiles' lengths in bytes. Tiles that are not encoded get UNCHANGED. */
  lengthsAddress: number;
}

/** The length value of a tile that was not encoded. */
export const UNCHANGED = 0xffff_ffff;

/** The result of a band: the place of the bytes of its encoded tiles, one tile after the other. */
export interface BandOutput {
  band: number;
  /** The number of changed tiles, by scale. */
  changed: number[];
  /** One entry for each rendition, in the order of scales and their renditions. */
  outputs: { address: number; bytes: number }[];
}

/**
 * Returns the first line of a band in a scale, in MCU lines of that scale. A band after the last one begins where the picture
 * ends.
 */
export function bandStart(job: EncodeTilesJob, scale: number, band: number): number {
  const { mcuLines } = job.scales[scale] as ScaleJob;
  return band >= job.bands ? mcuLines : Math.min(mcuLines, (band * job.bandLines) >> scale);
}

/** A prepared picture format. It is plain data, so it can be posted to threads. The state stays in the arena. */
export interface PreparedPicture {
  readonly stateAddress: number;
  readonly tileCount: number;
  readonly tilesPerLine: number;
  readonly restartIntervalMcus: number;
  /** The number of planes of the pixel format. */
  readonly planeCount: number;
  /** The JPEG's header from SOI to SOS. */
  readonly header: Uint8Array;
}

/** The tile encoder of one codec thread. Any number of threads may work on one frame. */
export interface TileEncoder {
  /** Makes the tables. Throws CodecError for a format that cannot be encoded. */
  prepare(job: PrepareTilesJob): PreparedPicture;
  /**
   * Encodes bands until none is left, and calls `onBand` after each. It asks `mayGoOn` before each band except the first. Returns
   * whether no band is left. Throws CodecError.
   */
  encode(job: EncodeTilesJob, onBand: (band: BandOutput) => void, mayGoOn?: () => boolean): boolean;
}

/**
 * A job that decodes batches of tiles. It is posted to every idle thread. Each thread takes the next batch until all batches are
 * taken. The caller must check all addresses, because the kernel cannot check all of them.
 */
export interface TileJob {
  kind: "tiles";
  /** The address of the state that has the picture's header (JpegPicture.state). */
  state: number;
  /** The number of bytes of scratch memory that each thread needs for the picture. */
  scratchBytes: number;
  /** The address of the list of tiles, batch after batch. Its entries have TILE_BYTES bytes (kernel/decode/layout.ts). */
  list: number;
  /** The number of tiles of each batch. */
  batches: readonly number[];
  /** The address of two i32 in the arena: the number of the next batch to take, and the number of unfinished batches. */
  counters: number;
  /** The address of pixel (0, 0) of the RGBA picture, or 0 if no pixels are converted. */
  pixels: number;
  strideBytes: number;
  /** Whether whole lines of MCUs, except the seams (`waitingRows`), are converted while they are in the cache. */
  convertsLines: boolean;
  /**
   * The x, y, width and height of each rectangle to convert after the tiles. The thread that finishes the last batch converts
   * them, so no thread must be woken. Without batches, the thread that gets the job converts them.
   */
  rectangles: readonly number[];
}

/** The indexes of the words at `counters`. */
export const NEXT_BATCH = 0;
export const BATCHES_LEFT = 1;
export const COUNTERS_BYTES = 8;
