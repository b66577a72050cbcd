// The functions that the encoder kernel exports (kernel/encode/encoder.ts). Addresses are in the shared memory. Results are
// counts or negative status codes.

/** A value for each plane of a picture, and 0 for planes that its format does not have. */
export type PerPlane = [plane0: number, plane1: number, plane2: number];

/** The state, the addresses of picture A, those of picture B, and the row bytes, which both have. */
export type PicturePair = [state: number, ...PerPlane, ...PerPlane, ...PerPlane];

export interface EncoderExports {
  encoderStateBytes(): number;
  encoderScratchBytes(): number;
  prepareEncoder(
    state: number,
    widthPixels: number,
    heightPixels: number,
    pixelFormat: number,
    colourRange: number,
    sampling: number,
    quality: number,
    restartIntervalMcus: number,
  ): number;
  encoderHeaderAddress(state: number): number;
  encoderHeaderBytes(state: number): number;
  encodedBytesBound(state: number, tileCount: number): number;
  /** The values for the planes are their addresses, and then their row bytes. */
  encodeTiles(
    ...args: [
      ...[state: number, scratch: number, ...PerPlane, ...PerPlane],
      ...[firstTile: number, tileCount: number, target: number, targetBytes: number, tileBytes: number],
    ]
  ): number;
  tileDiffers(...args: [...PicturePair, tile: number, noise: number]): number;
  /** Copies from picture A to picture B. */
  copyTile(...args: [...PicturePair, tile: number]): number;
  markChanges(
    ...args: [...PicturePair, firstTile: number, count: number, noise: number, copies: number, marks: number]
  ): number;
  halvePlane(
    source: number,
    sourceRowBytes: number,
    sourceWidth: number,
    sourceHeight: number,
    target: number,
    targetRowBytes: number,
    firstRow: number,
    rows: number,
    samplesPerPixel: number,
  ): number;
  halveYuyv(
    source: number,
    sourceRowBytes: number,
    sourceWidth: number,
    sourceHeight: number,
    target: number,
    targetRowBytes: number,
    firstRow: number,
    rows: number,
  ): number;
}
