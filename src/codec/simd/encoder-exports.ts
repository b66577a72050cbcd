// The functions that the encoder kernel exports (kernel/encode/encoder.ts). Addresses are in the shared memory. Results are
// counts or negative status codes.

/** Two pictures of the same format, and with the same row bytes. */
export type PicturePair = [
  state: number,
  planeA0: number,
  planeA1: number,
  planeA2: number,
  planeB0: number,
  planeB1: number,
  planeB2: number,
  rowBytes0: number,
  rowBytes1: number,
  rowBytes2: number,
];

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
  encodeTiles(
    state: number,
    scratch: number,
    plane0: number,
    plane1: number,
    plane2: number,
    rowBytes0: number,
    rowBytes1: number,
    rowBytes2: number,
    firstTile: number,
    tileCount: number,
    target: number,
    targetBytes: number,
    tileBytes: number,
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
