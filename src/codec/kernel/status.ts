// Status codes of the codec kernels: every exported kernel function returns 0 or a count on success and one of these on failure.
// Valid both as AssemblyScript and as TypeScript, so that kernel and host share one list. Encoder: -1 to -49, decoder: -50 to -99.

/** The picture's width or height is not in 1 to 8192. */
export const STATUS_SIZE_OUT_OF_RANGE = -1;
/** The pixel format is not one of the codes in layout-encoder.ts. */
export const STATUS_UNKNOWN_PIXEL_FORMAT = -2;
/** This pixel format cannot be encoded with this chroma sampling. */
export const STATUS_SAMPLING_NOT_AVAILABLE = -3;
/** The quality is not in 1 to 100. */
export const STATUS_QUALITY_OUT_OF_RANGE = -4;
/** The restart interval is not a divisor of the MCUs per line. */
export const STATUS_RESTART_INTERVAL_NOT_A_DIVISOR = -5;
/** The tile range asked for is empty or leaves the picture. */
export const STATUS_TILE_RANGE = -6;
/** The output area is too small; encodedBytesBound() says what is always enough. */
export const STATUS_OUTPUT_FULL = -7;
/** A row is shorter in memory than the picture is wide. */
export const STATUS_ROW_TOO_SHORT = -8;
/** The state at the address given was not prepared by prepareEncoder(). */
export const STATUS_STATE_NOT_PREPARED = -9;
/** The colour range is neither full nor limited. */
export const STATUS_UNKNOWN_COLOUR_RANGE = -10;
/** The rows asked for leave the half-size picture. */
export const STATUS_ROW_RANGE = -11;

/** No SOI marker anywhere in the bytes given. */
export const STATUS_NO_SOI = -50;
/** The bytes end before the first scan's header is complete: nothing can be shown. */
export const STATUS_HEADER_TRUNCATED = -51;
/** A marker segment contradicts itself (length, count or table number out of range). */
export const STATUS_BAD_SEGMENT = -52;
/** A Huffman table with more codes of a length than there is room for, or with a DC category above 15. */
export const STATUS_BAD_HUFFMAN_TABLE = -53;
/** A scan header names components or tables that the frame does not have. */
export const STATUS_BAD_SCAN = -54;
/** Width or height is zero (DNL is not read). */
export const STATUS_NO_SIZE = -55;
/** Progressive frame (SOF2 and its kin): another codec has to read it. */
export const STATUS_PROGRESSIVE = -56;
/** Arithmetic coding (SOF9 and above). */
export const STATUS_ARITHMETIC = -57;
/** Lossless or hierarchical frame. */
export const STATUS_LOSSLESS = -58;
/** More than 8 bits a sample. */
export const STATUS_PRECISION = -59;
/** Four components (CMYK, YCCK) or two. */
export const STATUS_COMPONENTS = -60;
/** Sampling factors whose ratio to the largest is not 1, 2, 3 or 4, or more than ten blocks in an MCU. */
export const STATUS_SAMPLING = -61;
/** The memory given for the sample planes is too small for this picture. */
export const STATUS_PLANES_TOO_SMALL = -62;
/** The tile list has no room for all tiles; the picture record says how many there are. */
export const STATUS_LIST_TOO_SMALL = -63;
/** A tile list names a scan or a tile that the picture does not have. */
export const STATUS_BAD_TILE = -64;
/** No header has been read into this state, or no planes were set. */
export const STATUS_NOT_READY = -65;
/** A rectangle that lies outside of the picture. */
export const STATUS_BAD_RECTANGLE = -66;
/** A scan refers to a quantisation table that was never sent. */
export const STATUS_NO_QUANTISATION_TABLE = -67;
