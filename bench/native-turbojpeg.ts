// Native libjpeg-turbo through bun:ffi for comparisons, if the system has it (Debian: libturbojpeg0).

import { dlopen, FFIType, type Pointer, ptr } from "bun:ffi";

const LIBRARIES = ["libturbojpeg.so.0", "/opt/homebrew/lib/libturbojpeg.dylib", "/usr/local/lib/libturbojpeg.dylib"];

/** turbojpeg.h: TJPF_RGBA, TJSAMP_420, TJFLAG_NOREALLOC and TJFLAG_FASTUPSAMPLE. */
const TJPF_RGBA = 7;
const TJSAMP_420 = 2;
const TJFLAG_NOREALLOC = 1024;
const TJFLAG_FASTUPSAMPLE = 256;

const SYMBOLS = {
  tjInitCompress: { args: [], returns: FFIType.ptr },
  tjInitDecompress: { args: [], returns: FFIType.ptr },
  tjCompress2: {
    args: [
      ...[FFIType.ptr, FFIType.ptr, FFIType.i32, FFIType.i32, FFIType.i32, FFIType.i32],
      ...[FFIType.ptr, FFIType.ptr, FFIType.i32, FFIType.i32, FFIType.i32],
    ],
    returns: FFIType.i32,
  },
  tjDecompress2: {
    args: [
      ...[FFIType.ptr, FFIType.ptr, FFIType.u64, FFIType.ptr],
      ...[FFIType.i32, FFIType.i32, FFIType.i32, FFIType.i32, FFIType.i32],
    ],
    returns: FFIType.i32,
  },
  tjBufSize: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.u64 },
} as const;

export interface NativeTurbojpeg {
  /** Encodes RGBA to a 4:2:0 JPEG. Returns a view that the next call overwrites. */
  encode(rgba: Uint8Array, width: number, height: number, quality: number): Uint8Array;
  /** Decodes into `rgba`, which must be large enough. With `boxUpsampling`, chroma is repeated instead of interpolated. */
  decode(jpeg: Uint8Array, rgba: Uint8Array, width: number, height: number, boxUpsampling?: boolean): void;
}

/** Returns null if the library is not installed. */
export function loadNativeTurbojpeg(): NativeTurbojpeg | null {
  for (const library of LIBRARIES) {
    try {
      return bind(dlopen(library, SYMBOLS).symbols);
    } catch {
      // the library does not have this name; the loop tries the next one
    }
  }
  return null;
}

function bind(library: ReturnType<typeof dlopen<typeof SYMBOLS>>["symbols"]): NativeTurbojpeg {
  const compressor = library.tjInitCompress();
  const decompressor = library.tjInitDecompress();
  let output = new Uint8Array(0);
  return {
    encode(rgba, width, height, quality) {
      const needed = Number(library.tjBufSize(width, height, TJSAMP_420));
      if (output.length < needed) output = new Uint8Array(needed);
      const address = new BigUint64Array([BigInt(ptr(output))]);
      const size = new BigUint64Array([BigInt(output.length)]);
      const status = library.tjCompress2(
        ...([compressor, ptr(rgba), width, 0, height, TJPF_RGBA] as const),
        ...([ptr(address), ptr(size), TJSAMP_420, quality, TJFLAG_NOREALLOC] as const),
      );
      if (status !== 0) throw new Error("tjCompress2 failed");
      return output.subarray(0, Number(size[0]));
    },
    decode(jpeg, rgba, width, height, boxUpsampling = false) {
      const flags = boxUpsampling ? TJFLAG_FASTUPSAMPLE : 0;
      const status = library.tjDecompress2(
        ...([decompressor as Pointer, ptr(jpeg), BigInt(jpeg.length), ptr(rgba)] as const),
        ...([width, 0, height, TJPF_RGBA, flags] as const),
      );
      if (status !== 0) throw new Error("tjDecompress2 failed");
    },
  };
}
