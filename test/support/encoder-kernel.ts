// An encoder with memory of its own for tests: pixels, state, scratch and output, with guard bytes between them.

import { frameBytes, planesOf } from "../../src/core/pixel-format.ts";
import { cutTiles, stitchTiles } from "../../src/codec/jpeg/stitch.ts";
import { type PictureFormat, SimdEncoder } from "../../src/codec/simd/encoder.ts";
import type { PreparedPicture } from "../../src/codec/tile-jobs.ts";
import { WASM } from "../../src/codec/bun/wasm.ts";
import { createKernelMemory } from "../../src/codec/simd/kernel-module.ts";
import type { KernelVariant } from "../../src/codec/wasm/variants.ts";
import { KERNEL_TABLES_BYTES } from "../../src/codec/memory/arena.ts";

import type { RgbPicture } from "./generated-pictures.ts";

/** Returns the RGBA pixels of a picture. Alpha varies, because it must not matter. */
export function rgbaOf(picture: RgbPicture): Uint8Array {
  const rgba = new Uint8Array((picture.rgb.length / 3) * 4);
  for (let n = 0; n < rgba.length / 4; n++) {
    rgba.set(picture.rgb.subarray(n * 3, n * 3 + 3), n * 4);
    rgba[n * 4 + 3] = n * 7;
  }
  return rgba;
}

const CANARY = 0xa5;
const CANARY_BYTES = 256;
const align = (address: number): number => (address + 63) & ~63;

export interface EncodedPicture {
  readonly jpeg: Uint8Array;
  readonly picture: PreparedPicture;
  readonly tileBytes: Uint32Array;
  /** The bytes of all tiles, one after the other. */
  readonly tiles: Uint8Array;
}

/** An encoder and its memory, for pictures up to a given size. */
export class EncoderFixture {
  readonly memory: WebAssembly.Memory;
  readonly encoder: SimdEncoder;
  readonly bytes: Uint8Array;
  #blocks: { start: number; end: number }[] = [];

  private constructor(module: WebAssembly.Module, memoryBytes: number) {
    this.memory = createKernelMemory(memoryBytes);
    this.encoder = new SimdEncoder(module, this.memory);
    this.bytes = new Uint8Array(this.memory.buffer);
  }

  static async create(variant: KernelVariant, memoryBytes = 64 << 20): Promise<EncoderFixture> {
    return new EncoderFixture(await WASM.kernel("encoder", variant), memoryBytes);
  }

  /** Places blocks with guard bytes around each, and returns their addresses. `offset` shifts all blocks that need no alignment. */
  layOut(sizes: readonly { bytes: number; aligned: boolean }[]): number[] {
    let at = KERNEL_TABLES_BYTES;
    this.#blocks = [];
    const addresses = sizes.map(({ bytes, aligned }) => {
      at += CANARY_BYTES;
      const start = aligned ? align(at) : at;
      at = start + bytes;
      this.#blocks.push({ start, end: at });
      return start;
    });
    if (at + CANARY_BYTES > this.bytes.length) throw new Error("the picture is too large for this fixture");
    let free = KERNEL_TABLES_BYTES;
    for (const { start, end } of this.#blocks) {
      this.bytes.fill(CANARY, free, start);
      free = end;
    }
    this.bytes.fill(CANARY, free, free + CANARY_BYTES);
    return addresses;
  }

  /** Throws if a byte between the blocks of the last layOut() has changed. */
  checkCanaries(): void {
    let free = KERNEL_TABLES_BYTES;
    const check = (end: number): void => {
      for (let at = free; at < end; at++) {
        if (this.bytes[at] !== CANARY)
          throw new Error(`byte ${at} was written, which is ${at - free} after the end of a block`);
      }
    };
    for (const { start, end } of this.#blocks) {
      check(start);
      free = end;
    }
    check(free + CANARY_BYTES);
  }

  /** Encodes a whole picture from raw pixels, `tilesACall` tiles at a time. */
  encode(format: PictureFormat, pixels: Uint8Array, tilesACall = Number.POSITIVE_INFINITY): EncodedPicture {
    const pixelBytes = frameBytes(format.format, format.width, format.height);
    if (pixels.length !== pixelBytes)
      throw new Error(`${format.format}: ${pixels.length} bytes, ${pixelBytes} expected`);
    // This is more than noise at quality 100 needs, including the edge blocks of tiny pictures.
    const targetBytes = (format.width + 16) * (format.height + 16) * (format.format === "gray" ? 2 : 6) + 65536;
    const [state = 0, scratch = 0, source = 0, target = 0, lengths = 0] = this.layOut([
      { bytes: this.encoder.stateBytes, aligned: true },
      { bytes: this.encoder.scratchBytes, aligned: true },
      { bytes: pixelBytes, aligned: false },
      { bytes: targetBytes, aligned: false },
      { bytes: 4 * 1024 * 1024, aligned: true },
    ]);
    this.bytes.set(pixels, source);
    const picture = this.encoder.prepare(state, format);
    const planes = planesOf(format.format, format, source);
    let written = 0;
    for (let tile = 0; tile < picture.tileCount; tile += tilesACall) {
      written += this.encoder.encodeTiles(
        picture,
        scratch,
        planes,
        tile,
        Math.min(tilesACall, picture.tileCount - tile),
        {
          address: target + written,
          bytes: targetBytes - written,
          tileBytesAddress: lengths + tile * 4,
        },
      );
    }
    this.checkCanaries();
    const tileBytes = new Uint32Array(this.memory.buffer, lengths, picture.tileCount).slice();
    const tiles = this.bytes.slice(target, target + written);
    return { jpeg: stitchTiles(picture.header, cutTiles(tiles, tileBytes)), picture, tileBytes, tiles };
  }
}
