// The messages for the kernels' negative status codes.

import * as status from "../kernel/status.ts";

const MESSAGES: ReadonlyMap<number, string> = new Map([
  [status.STATUS_SIZE_OUT_OF_RANGE, "width and height must be from 1 to 8192 pixels"],
  [status.STATUS_UNKNOWN_PIXEL_FORMAT, "unknown pixel format"],
  [status.STATUS_SAMPLING_NOT_AVAILABLE, "this pixel format cannot be encoded with this chroma sampling"],
  [status.STATUS_QUALITY_OUT_OF_RANGE, "quality must be a whole number from 1 to 100"],
  [status.STATUS_RESTART_INTERVAL_NOT_A_DIVISOR, "the restart interval must divide the MCUs per line"],
  [status.STATUS_TILE_RANGE, "the tile range is empty or lies outside the picture"],
  [status.STATUS_OUTPUT_FULL, "the output memory is too small for these tiles"],
  [status.STATUS_ROW_TOO_SHORT, "the rows in memory are shorter than the picture is wide"],
  [status.STATUS_STATE_NOT_PREPARED, "the encoder's state was not prepared"],
  [status.STATUS_UNKNOWN_COLOUR_RANGE, "unknown colour range"],
  [status.STATUS_ROW_RANGE, "the rows lie outside the half-size picture"],
  [status.STATUS_NO_SOI, "not a JPEG: there is no SOI marker in these bytes"],
  [status.STATUS_HEADER_TRUNCATED, "the JPEG ends before its first scan begins"],
  [status.STATUS_BAD_SEGMENT, "a marker segment of the JPEG is invalid"],
  [status.STATUS_BAD_HUFFMAN_TABLE, "a Huffman table of the JPEG has too many codes"],
  [status.STATUS_BAD_SCAN, "a scan of the JPEG uses components or tables that the JPEG does not have"],
  [status.STATUS_NO_SIZE, "the JPEG has no width or no height"],
  [status.STATUS_PROGRESSIVE, "the JPEG is progressive"],
  [status.STATUS_ARITHMETIC, "the JPEG is arithmetic-coded"],
  [status.STATUS_LOSSLESS, "the JPEG is lossless or hierarchical"],
  [status.STATUS_PRECISION, "the JPEG has more than 8 bits a sample"],
  [status.STATUS_COMPONENTS, "the JPEG has two or four components, for example CMYK"],
  [status.STATUS_SAMPLING, "the JPEG has unusual sampling factors"],
  [status.STATUS_PLANES_TOO_SMALL, "the JPEG is larger than the memory for its samples"],
  [status.STATUS_LIST_TOO_SMALL, "the JPEG has more tiles than the tile list can hold"],
  [status.STATUS_BAD_TILE, "the tile list contains a tile that the JPEG does not have"],
  [status.STATUS_NOT_READY, "no JPEG header has been read yet"],
  [status.STATUS_BAD_RECTANGLE, "the rectangle lies outside the picture"],
  [status.STATUS_NO_QUANTISATION_TABLE, "the JPEG has no quantisation table for one of its components"],
]);

/** The status codes of pictures that may be valid but that this kernel does not decode. Another JPEG codec should try them. */
const FOR_ANOTHER_CODEC: ReadonlySet<number> = new Set([
  status.STATUS_PROGRESSIVE,
  status.STATUS_ARITHMETIC,
  status.STATUS_LOSSLESS,
  status.STATUS_PRECISION,
  status.STATUS_COMPONENTS,
  status.STATUS_SAMPLING,
  status.STATUS_NO_SIZE,
]);

/** The error for a negative status: a kernel refuses its arguments or its input, or its output memory is full. */
export class KernelError extends Error {
  override readonly name = "KernelError";

  /** The kernel's status code, one of kernel/status.ts. */
  readonly status: number;

  constructor(code: number) {
    super(MESSAGES.get(code) ?? `unknown kernel status ${code}`);
    this.status = code;
  }

  /** Whether the picture seems valid, but is of a kind that another codec must decode. */
  get isForAnotherCodec(): boolean {
    return FOR_ANOTHER_CODEC.has(this.status);
  }
}

/** Returns the result, or throws KernelError if it is a negative status. */
export function checkStatus(result: number): number {
  if (result < 0) throw new KernelError(result);
  return result;
}
