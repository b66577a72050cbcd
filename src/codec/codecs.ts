// The list of codecs and their features. It is plain data, so main threads read it without loading a codec. threads/load-codec.ts
// loads codecs.

/** The features of a codec. */
export interface CodecAbilities {
  /** Whether the codec encodes pictures as tiles, so that only changed tiles are encoded and sent. */
  readonly encodesTiles: boolean;
}

export const CODECS = {
  simd: { encodesTiles: true },
  jsquash: { encodesTiles: false },
} as const satisfies Record<string, CodecAbilities>;

export type CodecName = keyof typeof CODECS;
export const CODEC_NAMES = Object.keys(CODECS) as CodecName[];
export const DEFAULT_CODEC: CodecName = "simd";
