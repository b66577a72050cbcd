// The memory layout of the encoder: one state for each picture, one scratch for each worker. No other file defines offsets in
// them. The host chooses the addresses of both (multiples of 16). Offsets are in bytes.
//
// State: prepareEncoder() writes it; every worker that encodes tiles of the picture reads it.
//
//        0  sizes, format, counts (the i32 fields named below)
//      128  component number of each block of an MCU (u8, at most 6)
//      144  DC bias, one vector of eight equal i16 per component               3 × 16
//      192  input scaling and byte patterns of the colour stage (vectors)      16 each
//      512  quantisation multipliers, zigzag order, eight equal i16 each       3 × 1024
//     3584  header, SOI to SOS                                                 1024
//     4608  Huffman codes by symbol value: AC luma, AC chroma (u32)            2 × 1024
//     6656  Huffman codes by symbol value: DC luma, DC chroma (u32)            2 × 64
//     8192  symbols, luma, then chroma, SYMBOL_TABLE_BYTES apart:
//           AC by value (-1024 to 1023) and run (0 to 63)                      2048 × 64 u32
//           DC by difference (-2048 to 2047)                                   4096 u32
//
// Codes and symbols are bits << 6 | length. An AC symbol of -2^31 must be composed at run time.
//
// Scratch: belongs to one worker. No call depends on the contents that an earlier call left.
//
//        0  bit writer: pending bits (u64), their count (i32), the DC predictions (3 × i32)
//       64  non-zero masks, [block of the MCU][lane] u64                       6 × 64
//      448  DC coefficients before prediction, [block of the MCU][lane] i16    6 × 16
//      576  staging rows for pixels at the picture's right edge                2 × 1024
//     2624  entropy-coded words of one group, before byte stuffing             12288
//    14912  coefficients, [block of the MCU][zigzag position][lane] i16, and
//           two vectors of zeros after each block                              6 × 1056
//    21248  samples, [group][block of the MCU][row][column][lane] i16          GROUPS_PER_CHUNK × 6 × 1024
//
// A *group* is eight neighbouring MCUs of one MCU line. In every vector of the sample and coefficient arrays, lane n belongs
// to MCU n of the group, so that no stage between colour and entropy coding moves data across lanes.

/** "SLPE": marks a prepared state. */
export const STATE_MAGIC: i32 = 0x45504c53;

export const STATE_PREPARED: usize = 0;
export const STATE_WIDTH_PIXELS: usize = 4;
export const STATE_HEIGHT_PIXELS: usize = 8;
export const STATE_PIXEL_FORMAT: usize = 12;
export const STATE_SAMPLING: usize = 16;
export const STATE_MCU_WIDTH_PIXELS: usize = 20;
export const STATE_MCU_HEIGHT_PIXELS: usize = 24;
export const STATE_MCUS_PER_LINE: usize = 28;
export const STATE_MCU_LINES: usize = 32;
export const STATE_RESTART_INTERVAL_MCUS: usize = 36;
export const STATE_TILES_PER_LINE: usize = 40;
export const STATE_TILE_COUNT: usize = 44;
export const STATE_BLOCKS_PER_MCU: usize = 48;
export const STATE_COMPONENTS: usize = 52;
export const STATE_HEADER_BYTES: usize = 56;
export const STATE_LUMA_BLOCKS: usize = 60;
export const STATE_BLOCK_COMPONENT: usize = 128;
export const STATE_DC_BIAS: usize = 144;
export const STATE_INPUT: usize = 192;
export const STATE_QUANTISATION: usize = 512;
export const STATE_HEADER: usize = 3584;
export const STATE_AC_CODES: usize = 4608;
export const STATE_DC_CODES: usize = 6656;
/** Distance from luma's symbols to chroma's. */
export const SYMBOL_TABLE_BYTES: usize = 2048 * 256 + 4096 * 4;
/** Offset of the symbol of value 0 and run 0. Values are 256 bytes apart, in both directions. */
export const STATE_AC_SYMBOLS: usize = 8192 + 1024 * 256;
/** Offset of the symbol of difference 0. */
export const STATE_DC_SYMBOLS: usize = 8192 + 2048 * 256 + 2048 * 4;
export const STATE_BYTES: i32 = 8192 + 2 * (2048 * 256 + 4096 * 4);

/** Vectors under STATE_INPUT: multipliers to the DCT's sample scale, and clamping patterns for video-range bytes. */
export const INPUT_LUMA_SCALE: usize = 192;
export const INPUT_BLUE_SCALE: usize = 208;
export const INPUT_RED_SCALE: usize = 224;
export const INPUT_LUMA_FLOOR: usize = 240;
export const INPUT_LUMA_HEADROOM: usize = 256;
export const INPUT_CHROMA_FLOOR: usize = 272;
export const INPUT_CHROMA_HEADROOM: usize = 288;
export const INPUT_PACKED_FLOOR: usize = 304;
export const INPUT_PACKED_HEADROOM: usize = 320;
export const INPUT_PIXEL_ORDER: usize = 336;
/** The constant `held` of colour-rgb.ts. */
export const INPUT_HELD: usize = 352;

export const SCRATCH_PENDING_BITS: usize = 0;
export const SCRATCH_PENDING_COUNT: usize = 8;
export const SCRATCH_DC_PREDICTION: usize = 16;
export const SCRATCH_MASKS: usize = 64;
export const SCRATCH_DC: usize = 448;
export const SCRATCH_STAGING: usize = 576;
export const SCRATCH_STAGING_ROW_BYTES: usize = 1024;
export const SCRATCH_WORDS: usize = 2624;
export const SCRATCH_COEFFICIENTS: usize = 14912;
export const SCRATCH_SAMPLES: usize = 21248;

/** Groups that are converted before the first of them is transformed: enough for long reads, few enough for the cache. */
export const GROUPS_PER_CHUNK: i32 = 16;
export const SCRATCH_BYTES: i32 = <i32>SCRATCH_SAMPLES + GROUPS_PER_CHUNK * 6 * 1024;

export const MCUS_PER_GROUP: i32 = 8;
/** Size of one 8×8 block of eight MCUs: 64 vectors. */
export const BLOCK_BYTES: usize = 1024;
/** Size of 64 coefficients of eight MCUs and two vectors of zeros. */
export const COEFFICIENT_BLOCK_BYTES: usize = 1056;
export const SAMPLE_ROW_BYTES: usize = 128;

export const PIXEL_RGBA: i32 = 0;
export const PIXEL_RGB24: i32 = 1;
export const PIXEL_BGR24: i32 = 2;
export const PIXEL_PLANAR_420: i32 = 3;
export const PIXEL_NV12: i32 = 4;
export const PIXEL_YUYV422: i32 = 5;
export const PIXEL_GRAY: i32 = 6;

export const SAMPLING_420: i32 = 0;
export const SAMPLING_422: i32 = 1;
export const SAMPLING_444: i32 = 2;
export const SAMPLING_GRAY: i32 = 3;

export const RANGE_FULL: i32 = 0;
export const RANGE_LIMITED: i32 = 1;
