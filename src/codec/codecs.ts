// Which codecs there are, and what each can do. Plain data: main threads read it without loading a codec (threads/load-codec.ts does that).

/** What a codec can do. */
export interface CodecAbilities {
  /** Encodes pictures tile by tile, so that only what has changed is encoded and sent. */
  readonly encodesTiles: boolean;
}

export const CODECS = {
  simd: { encodesTiles: true },
  jsquash: { encodesTiles: false },
} as const satisfies Record<string, CodecAbilities>;

export type CodecName = keyof typeof CODECS;
export const CODEC_NAMES = Object.keys(CODECS) as CodecName[];
export const DEFAULT_CODEC: CodecName = "simd";
