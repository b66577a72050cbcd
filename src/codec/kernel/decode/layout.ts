// The memory layout of the decoder: the state (one for each picture) and the scratch (one for each worker). The file is valid
// AssemblyScript and TypeScript: plain byte offsets, so that the host reads the picture record by the same names.
//
//   state                                       scratch
//   +0     picture record    32 × u32           +0      bit-reader window's bookkeeping
//   +128   components        4 × 128            +64     plan: 8 MCUs × 10 blocks × 32
//   +640   scans             4 × 64             +2624   DC predictions 4 × i32
//   +1024  DQT tables        4 × 64 × u16       +2688   coefficient groups 10 × 1056
//   +1536  DQT present       4 × u32            +13248  inverse DCT's middle 64 × 16
//   +1664  DHT tables        8 × 288            +14272  slack, window (16 KiB), slack
//   +4096  decode tables     4 × TABLES_BYTES   +33856  upsampled chroma of two thousand pixels
//   +63552 work for building look-ups           +50240  edges, spare line of pixels, chroma lines
//
// A coefficient group is eight blocks side by side: 64 vectors of eight 16-bit lanes (one lane for each block), a vector that
// takes the stores beyond position 63, and the mask of rows and columns in use.

// Picture record, u32 each.
export const PICTURE_READY = 0;
export const PICTURE_WIDTH = 4;
export const PICTURE_HEIGHT = 8;
export const PICTURE_COMPONENTS = 12;
export const PICTURE_H_MAX = 16;
export const PICTURE_V_MAX = 20;
/** MCUs per line and lines of MCUs of an interleaved scan. */
export const PICTURE_MCUS_PER_LINE = 24;
export const PICTURE_MCU_LINES = 28;
/** Restart interval of the first scan in MCUs; 0 if there is none. */
export const PICTURE_RESTART_INTERVAL = 32;
/** One of COLOUR_… below. */
export const PICTURE_COLOUR = 36;
export const PICTURE_SCANS = 40;
/** Bytes that setPlanes needs. */
export const PICTURE_PLANES_BYTES = 44;
/** Offset of the first entropy-coded byte after the first SOS. */
export const PICTURE_HEADER_BYTES = 48;
/** Number of tiles in all scans; set by indexTiles. */
export const PICTURE_TILES = 52;
/** Address of the planes; 0 until setPlanes. */
export const PICTURE_PLANES = 56;
/** 1 if the bytes ended early or a scan is missing, so that tiles are missing. */
export const PICTURE_TRUNCATED = 60;
/** Adobe transform byte, or -1 without an APP14 segment. */
export const PICTURE_ADOBE = 64;
/** 1 if the picture has a JFIF APP0 segment. */
export const PICTURE_JFIF = 68;
/** Bytes of the scratch that this picture needs. */
export const PICTURE_SCRATCH_BYTES = 72;
/** One of SHAPE_… below: the fused conversion for this picture. */
export const PICTURE_SHAPE = 76;
/** Address at which marker reading continues. */
export const PICTURE_CURSOR = 80;

export const COLOUR_GREY = 0;
export const COLOUR_YCBCR = 1;
export const COLOUR_RGB = 2;

export const SHAPE_GENERAL = 0;
export const SHAPE_444 = 1;
export const SHAPE_422 = 2;
export const SHAPE_420 = 3;
export const SHAPE_440 = 4;
export const SHAPE_GREY = 5;

export const COMPONENTS = 128;
export const COMPONENT_BYTES = 128;
// Component record, u32 each.
export const COMPONENT_ID = 0;
export const COMPONENT_H = 4;
export const COMPONENT_V = 8;
export const COMPONENT_TQ = 12;
/** Blocks of 8 × 8 per line, and lines of blocks, that contain pixels of the picture (A.2.2). */
export const COMPONENT_BLOCKS_PER_LINE = 16;
export const COMPONENT_BLOCK_LINES = 20;
/** Address of sample (0, 0), and bytes from one line to the next. */
export const COMPONENT_PLANE = 24;
export const COMPONENT_STRIDE = 28;
/** Samples per line, and lines, that contain pixels of the picture. */
export const COMPONENT_SAMPLES = 32;
export const COMPONENT_LINES = 36;
/** Pixels per sample, horizontally and vertically. */
export const COMPONENT_ACROSS = 40;
export const COMPONENT_DOWN = 44;
/** Scan of the component, or -1. */
export const COMPONENT_SCAN = 48;
/** Addresses of the component's decode tables (Cr may share those of Cb). */
export const COMPONENT_DC = 52;
export const COMPONENT_AC = 56;
export const COMPONENT_DEQUANTISE = 60;
/** 1: samples are stored minus 128, as signed bytes (every component but the first). */
export const COMPONENT_SIGNED = 64;
/** Bytes from the start of the planes to sample (0, 0). */
export const COMPONENT_PLANE_OFFSET = 68;
/** Lines in the plane, padded to whole MCUs. */
export const COMPONENT_PLANE_LINES = 72;
/**
 * A mask on line numbers: which lines the plane has. Usually all of them. While decodePicture decodes a whole picture, only those
 * of two lines of MCUs, which are reused alternately, so that samples stay in the cache.
 */
export const COMPONENT_LINE_MASK = 76;
/** v128: eight copies of the 15-bit fraction that converts the inverse DCT's output to whole samples. */
export const COMPONENT_DESCALE = 80;
/**
 * v128: eight copies of the term for the DC coefficient: the level shift in the scale of the inverse DCT, 0 for signed samples.
 * The plain build adds half a sample, because it converts to whole samples by a shift, and a shift does not round.
 */
export const COMPONENT_LEVEL = 96;
/** u32: fraction bits of samples in the inverse DCT. */
export const COMPONENT_FRACTION = 112;

export const SCANS = 640;
export const SCAN_BYTES = 64;
// Scan record, u32 each.
export const SCAN_COMPONENT_COUNT = 0;
export const SCAN_COMPONENT_INDEX = 4; // 4 × u32
export const SCAN_MCUS_PER_LINE = 20;
export const SCAN_MCU_LINES = 24;
/** MCUs in a tile: the restart interval, or all of them. */
export const SCAN_TILE_MCUS = 28;
export const SCAN_TILES = 32;

export const DQT_TABLES = 1024;
export const DQT_PRESENT = 1536;
export const DHT_TABLES = 1664;
export const DHT_BYTES = 288;
export const DHT_VALUES = 16;
export const DHT_PRESENT = 272;

export const TABLES = 4096;
/** Look-up width in bits for DC and AC. (longCode finds longer codes; it depends on the value ten.) */
export const DC_BITS = 10;
export const AC_BITS = 10;
export const TABLES_DEQUANTISE = 0; // 192 × u32 place and mask, 192 × u32 factor
export const DEQUANTISE_FACTORS = 768;
export const TABLES_DC = 1536; // canonical part, then 2^DC_BITS × u32
export const CANONICAL_BYTES = 448;
export const CANONICAL_END_OF_BLOCK = 276; // DC only: the EOB code that its entries were built with
export const CANONICAL_LIMIT = 288; // 18 × u32
export const CANONICAL_OFFSET = 360; // 18 × i32
export const TABLES_AC = 6080; // canonical part, then 2^AC_BITS × u64
export const TABLES_DQT = 14720; // the DQT that the dequantisation arrays were built from, and its fraction bits (0: none yet)
export const TABLES_FRACTION = 14848;
export const TABLES_BYTES = 14864;
export const LOOKUP_WORK = 63552;
export const STATE_BYTES = 65600;

export const WINDOW_SOURCE = 0;
export const WINDOW_SOURCE_END = 4;
export const WINDOW_LOW = 8;
export const WINDOW_EXHAUSTED = 12;
/** The bit reader between MCUs: the address below which bytes are unread, the bit buffer (u64), its number of bits (u64). */
export const READER = 16;
export const READER_BUFFER = 24;
export const READER_BITS = 32;
/** touchTables stores its sum here, so that the compiler does not remove its loads. */
export const TOUCHED = 40;
export const PLAN = 64;
export const PLAN_BYTES = 32;
export const PLAN_DC = 0;
export const PLAN_AC = 4;
export const PLAN_DEQUANTISE = 8;
export const PLAN_LANE = 12;
export const PLAN_MASK = 16;
export const PLAN_PREDICTION = 20;
export const PREDICTIONS = 2624;
export const GROUPS = 2688;
export const GROUP_BYTES = 1056;
export const GROUP_SWALLOW = 1024;
export const GROUP_MASK = 1040;
export const MIDDLE = 13248;
export const WINDOW = 17408;
export const WINDOW_BYTES = 16384;
/** More bytes than an MCU can have: ten blocks of 63 AC codes and a DC code of at most 31 bits each. */
export const MCU_WORST_BYTES = 2560;
/** Upsampled chroma of two lines of pixels: up to 128 groups of CHROMA_BYTES. */
export const CHROMA = 33856;
export const CHROMA_BYTES = 128;
export const CHROMA_SIXTEENS = 128;
export const LINES = 50240;

/** Entry of a tile list, u32 each. */
export const TILE_BYTES = 16;
export const TILE_SCAN = 0;
export const TILE_NUMBER = 4;
export const TILE_ADDRESS = 8;
export const TILE_LENGTH = 12;

/** Upsamples by repetition instead of the triangle filter. */
export const FLAG_BOX = 1;
/** decodePicture keeps all samples in the planes, so that tiles can be replaced and rectangles converted later. */
export const FLAG_KEEP_PLANES = 2;

/**
 * Fraction bits of a sample in the 16-bit lanes of the inverse DCT. With coarse quantisation samples overshoot far beyond black
 * and white, and are not exact anyway. They get one bit less, so that no intermediate value saturates.
 */
export const FRACTION_BITS = 6;
export const COARSE_FRACTION_BITS = 5;
/** A quantisation table counts as coarse if the sum of its factors is at least this. */
export const COARSE_SUM = 8192;
/** Fraction bits of a dequantisation factor. */
export const FACTOR_FRACTION_BITS = 12;
