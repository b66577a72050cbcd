// Status codes of the codec kernels: an exported function returns 0 or a count on success, and one of these on failure.
// The file is valid AssemblyScript and TypeScript, so that kernel and host share it. Encoder: -1 to -49, decoder: -50 to -99.

/** The picture's width or height is outside of 1 to 8192. */
export const STATUS_SIZE_OUT_OF_RANGE = -1;
/** The pixel format is not one of the codes in encode/layout.ts. */
export const STATUS_UNKNOWN_PIXEL_FORMAT = -2;
/** The encoder does not support this chroma sampling for this pixel format. */
export const STATUS_SAMPLING_NOT_AVAILABLE = -3;
/** The quality is outside of 1 to 100. */
export const STATUS_QUALITY_OUT_OF_RANGE = -4;
/** The restart interval does not divide the number of MCUs per line. */
export const STATUS_RESTART_INTERVAL_NOT_A_DIVISOR = -5;
/** The requested range of tiles is empty or exceeds the picture. */
export const STATUS_TILE_RANGE = -6;
/** The output buffer is too small. encodedBytesBound() returns a size that is always enough. */
export const STATUS_OUTPUT_FULL = -7;
/** The row bytes are fewer than the bytes of a row of the picture. */
export const STATUS_ROW_TOO_SHORT = -8;
/** prepareEncoder() has not prepared the state at this address. */
export const STATUS_STATE_NOT_PREPARED = -9;
/** The colour range is neither full nor limited. */
export const STATUS_UNKNOWN_COLOUR_RANGE = -10;
/** The requested rows exceed the half-size picture. */
export const STATUS_ROW_RANGE = -11;

/** The bytes contain no SOI marker. */
export const STATUS_NO_SOI = -50;
/** The bytes end before the header of the first scan is complete, so that there is nothing to show. */
export const STATUS_HEADER_TRUNCATED = -51;
/** A marker segment is invalid (length, count or table number out of range). */
export const STATUS_BAD_SEGMENT = -52;
/** A Huffman table has more codes of one length than are possible, or a DC category above 15. */
export const STATUS_BAD_HUFFMAN_TABLE = -53;
/** A scan header refers to components or tables that the frame does not have. */
export const STATUS_BAD_SCAN = -54;
/** Width or height is zero (the decoder does not read DNL). */
export const STATUS_NO_SIZE = -55;
/** Progressive frame (SOF2 and related); another codec has to decode it. */
export const STATUS_PROGRESSIVE = -56;
/** Arithmetic coding (SOF9 and above). */
export const STATUS_ARITHMETIC = -57;
/** Lossless or hierarchical frame. */
export const STATUS_LOSSLESS = -58;
/** More than 8 bits per sample. */
export const STATUS_PRECISION = -59;
/** Two or four components (such as CMYK, YCCK). */
export const STATUS_COMPONENTS = -60;
/** A sampling factor's ratio to the largest is not 1, 2, 3 or 4, or an MCU has more than ten blocks. */
export const STATUS_SAMPLING = -61;
/** The memory for the sample planes is too small for this picture. */
export const STATUS_PLANES_TOO_SMALL = -62;
/** The tile list is too small for all tiles; the picture record has their number. */
export const STATUS_LIST_TOO_SMALL = -63;
/** A tile list names a scan or a tile that the picture does not have. */
export const STATUS_BAD_TILE = -64;
/** The state has no header or no planes yet. */
export const STATUS_NOT_READY = -65;
/** A rectangle exceeds the picture. */
export const STATUS_BAD_RECTANGLE = -66;
/** A scan refers to a quantisation table that the stream does not contain. */
export const STATUS_NO_QUANTISATION_TABLE = -67;
