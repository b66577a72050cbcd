// The host side of the encoder kernel. It encodes pictures in the shared memory to tiles of a baseline JPEG in the same memory.

import { halfSize, type PixelFormat, planesOf, type Size } from "../../core/pixel-format.ts";
import { type ChromaSampling, naturalSampling } from "../jpeg/sampling.ts";
import { defaultRestartInterval, mcusPerLine, mcuWidth } from "../jpeg/tile-grid.ts";
import type { PreparedPicture } from "../tile-jobs.ts";
import type { EncoderExports, PicturePair } from "./encoder-exports.ts";
import { instantiateKernel } from "./kernel-module.ts";
import { checkStatus } from "./kernel-status.ts";

export type ColourRange = "full" | "limited";

/** The kernel's number for each pixel format, and the colour range that ffmpeg assumes for it. */
const pixelFormats = {
  rgba: { code: 0, colourRange: "full" },
  rgb24: { code: 1, colourRange: "full" },
  bgr24: { code: 2, colourRange: "full" },
  yuvj420p: { code: 3, colourRange: "full" },
  yuv420p: { code: 3, colourRange: "limited" },
  nv12: { code: 4, colourRange: "limited" },
  yuyv422: { code: 5, colourRange: "limited" },
  gray: { code: 6, colourRange: "full" },
} as const satisfies Record<PixelFormat, { code: number; colourRange: ColourRange }>;

const samplingCodes: Readonly<Record<ChromaSampling, number>> = { "4:2:0": 0, "4:2:2": 1, "4:4:4": 2, gray: 3 };

/** The properties of a picture that the encoder must know before it gets the pixels. */
export interface PictureFormat extends Size {
  readonly format: PixelFormat;
  /** 1 to 100 on libjpeg's scale. */
  readonly quality: number;
  /**
   * The chroma subsampling. RGB can be 4:2:0 or 4:4:4, and yuyv422 can be 4:2:2 or 4:2:0. Default: 4:2:2 for yuyv422, and 4:2:0
   * for others.
   */
  readonly sampling?: ChromaSampling;
  /** The colour range. RGB is always full. Default: limited (BT.601 video) for yuv420p, nv12 and yuyv422, and full for others. */
  readonly colourRange?: ColourRange;
  /** The number of MCUs in a tile, which divides the MCUs per line. Default: defaultRestartInterval(). */
  readonly restartIntervalMcus?: number;
}

/** One plane of pixels in the shared memory. */
export interface PixelPlane {
  readonly address: number;
  /** The number of bytes from one row to the next. */
  readonly rowBytes: number;
}

/** The memory for encoded tiles. */
export interface TileTarget {
  /** The address for the bytes of the tiles, one tile after the other, without RST markers. */
  readonly address: number;
  readonly bytes: number;
  /** The address for the lengths of the tiles, one u32 for each tile. */
  readonly tileBytesAddress: number;
}

/** Throws RangeError unless a picture has as many planes as its format. */
function checkPlanes({ planeCount }: PreparedPicture, { length }: readonly PixelPlane[]): void {
  if (length !== planeCount) throw new RangeError(`the picture needs ${planeCount} planes, not ${length}`);
}

/**
 * Returns the parameters for a call with two pictures. Throws RangeError unless both have as many planes as the format, with the same
 * row bytes.
 */
function pairOf(picture: PreparedPicture, planes: readonly PixelPlane[], others: readonly PixelPlane[]): PicturePair {
  checkPlanes(picture, planes);
  checkPlanes(picture, others);
  if (planes.some(({ rowBytes }, plane) => rowBytes !== others[plane]?.rowBytes))
    throw new RangeError("both pictures must have the same row bytes");
  const [first, second, third] = planes;
  const [otherFirst, otherSecond, otherThird] = others;
  return [
    picture.stateAddress,
    first?.address ?? 0,
    second?.address ?? 0,
    third?.address ?? 0,
    otherFirst?.address ?? 0,
    otherSecond?.address ?? 0,
    otherThird?.address ?? 0,
    first?.rowBytes ?? 0,
    second?.rowBytes ?? 0,
    third?.rowBytes ?? 0,
  ];
}

/** The encoder kernel on a shared memory. Each thread has its own instance and scratch memory, and threads share the states. */
export class SimdEncoder {
  readonly #kernel: EncoderExports;
  readonly #memory: WebAssembly.Memory;
  /** The number of bytes of a picture's state. Its address must be a multiple of 16. */
  readonly stateBytes: number;
  /** The number of bytes of a thread's scratch memory. Its address must be a multiple of 16, and a multiple of 64 is better. */
  readonly scratchBytes: number;

  constructor(module: WebAssembly.Module, memory: WebAssembly.Memory) {
    this.#memory = memory;
    this.#kernel = instantiateKernel(module, memory) as unknown as EncoderExports;
    this.stateBytes = this.#kernel.encoderStateBytes();
    this.scratchBytes = this.#kernel.encoderScratchBytes();
  }

  /** Fills the state at `stateAddress`. No thread may encode with it during the call. Throws KernelError. */
  prepare(stateAddress: number, picture: PictureFormat): PreparedPicture {
    const known = pixelFormats[picture.format];
    const sampling = picture.sampling ?? naturalSampling(picture.format);
    const colourRange = picture.colourRange ?? known.colourRange;
    const mcus = mcusPerLine(picture.width, sampling);
    const restartIntervalMcus = picture.restartIntervalMcus ?? defaultRestartInterval(mcus, mcuWidth(sampling));
    const tileCount = checkStatus(
      this.#kernel.prepareEncoder(
        stateAddress,
        picture.width,
        picture.height,
        known.code,
        colourRange === "full" ? 0 : 1,
        samplingCodes[sampling],
        picture.quality,
        restartIntervalMcus,
      ),
    );
    const headerAddress = this.#kernel.encoderHeaderAddress(stateAddress);
    const header = new Uint8Array(
      this.#memory.buffer,
      headerAddress,
      this.#kernel.encoderHeaderBytes(stateAddress),
    ).slice();
    const planeCount = planesOf(picture.format, picture).length;
    return {
      stateAddress,
      tileCount,
      tilesPerLine: mcus / restartIntervalMcus,
      restartIntervalMcus,
      planeCount,
      header,
    };
  }

  /** Returns a number of output bytes that is enough for any `tileCount` tiles. Pictures from cameras need a twentieth of it. */
  bytesBound(picture: PreparedPicture, tileCount: number): number {
    return this.#kernel.encodedBytesBound(picture.stateAddress, tileCount);
  }

  /**
   * Encodes `tileCount` tiles from `firstTile` on. Returns the number of bytes written to the target. Throws KernelError with
   * STATUS_OUTPUT_FULL if the target is too small, and never writes outside the target.
   */
  encodeTiles(
    picture: PreparedPicture,
    scratchAddress: number,
    planes: readonly PixelPlane[],
    firstTile: number,
    tileCount: number,
    target: TileTarget,
  ): number {
    checkPlanes(picture, planes);
    const [first, second, third] = planes;
    return checkStatus(
      this.#kernel.encodeTiles(
        picture.stateAddress,
        scratchAddress,
        first?.address ?? 0,
        second?.address ?? 0,
        third?.address ?? 0,
        first?.rowBytes ?? 0,
        second?.rowBytes ?? 0,
        third?.rowBytes ?? 0,
        firstTile,
        tileCount,
        target.address,
        target.bytes,
        target.tileBytesAddress,
      ),
    );
  }

  /**
   * Returns whether the pixels of a tile differ by more than `noise` levels from `referencePlanes`, which are the pixels that
   * were last encoded. `noise` is a number from 0 up. With 0, every different byte is a change. Above 0, a block of 8 × 8 bytes
   * is a change if its mean differs by more than `noise`, or if its mean square difference is above 8 · `noise`². Sensor noise of
   * standard deviation s is not a change at `noise` = s, and is very rarely a change at 0.8 s.
   */
  tileDiffers(
    picture: PreparedPicture,
    planes: readonly PixelPlane[],
    referencePlanes: readonly PixelPlane[],
    tile: number,
    noise: number,
  ): boolean {
    if (!(noise >= 0)) throw new RangeError(`noise must be 0 or more, not ${noise}`);
    const pair = pairOf(picture, planes, referencePlanes);
    return checkStatus(this.#kernel.tileDiffers(...pair, tile, noise)) === 1;
  }

  /** Copies the pixels of a tile from `planes` to `referencePlanes`, which have the same row bytes. */
  copyTile(
    picture: PreparedPicture,
    planes: readonly PixelPlane[],
    referencePlanes: readonly PixelPlane[],
    tile: number,
  ): void {
    checkStatus(this.#kernel.copyTile(...pairOf(picture, planes, referencePlanes), tile));
  }

  /**
   * Marks the changed tiles of a range: `marksAddress` is the address of a byte for each of them, which becomes 1 if tileDiffers
   * would be true. A tile whose byte is 1 before the call counts as changed. The call copies the pixels of changed tiles to
   * `referencePlanes`, or those of unchanged tiles from there to `planes`, or nothing. Returns the number of changed tiles.
   */
  markChanges(
    picture: PreparedPicture,
    planes: readonly PixelPlane[],
    referencePlanes: readonly PixelPlane[],
    range: { firstTile: number; count: number; marksAddress: number },
    noise: number,
    copies: "changed" | "unchanged" | null,
  ): number {
    if (!(noise >= 0)) throw new RangeError(`noise must be 0 or more, not ${noise}`);
    const pair = pairOf(picture, planes, referencePlanes);
    const { firstTile, count, marksAddress } = range;
    const copied = copies === "changed" ? 1 : copies === "unchanged" ? 2 : 0;
    return checkStatus(this.#kernel.markChanges(...pair, firstTile, count, noise, copied, marksAddress));
  }

  /**
   * Halves a picture of `size` to a picture of halfSize(). Both have no gaps (planesOf). The call writes `rows` rows of the
   * target's luma from `firstRow` on, and the rows of chroma that begin there. Calls whose ranges cover all luma once also cover
   * all chroma once.
   */
  halve(
    format: PixelFormat,
    size: Size,
    sourceAddress: number,
    targetAddress: number,
    firstRow: number,
    rows: number,
  ): void {
    const half = halfSize(size);
    const targets = planesOf(format, half, targetAddress);
    for (const [index, source] of planesOf(format, size, sourceAddress).entries()) {
      const target = targets[index] ?? source;
      const isChroma = index > 0;
      const { width, height } = isChroma ? half : size;
      const first = isChroma ? Math.ceil(firstRow / 2) : firstRow;
      const end = isChroma ? Math.ceil((firstRow + rows) / 2) : firstRow + rows;
      const places = [source.address, source.rowBytes, width, height, target.address, target.rowBytes] as const;
      checkStatus(
        format === "yuyv422"
          ? this.#kernel.halveYuyv(...places, first, end - first)
          : this.#kernel.halvePlane(...places, first, end - first, source.rowBytes / width),
      );
    }
  }
}
