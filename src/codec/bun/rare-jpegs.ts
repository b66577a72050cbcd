// Decoders for rare kinds of JPEG. They are loaded when the first such picture comes. Both also decode progressive scans.
//
// libjpeg-turbo in WebAssembly (@cornerstonejs/codec-libjpeg-turbo-8bit) decodes arithmetic coding, which the build of MozJPEG
// does not, but it cannot convert CMYK. jpeg-js converts CMYK, but does not decode arithmetic coding.

/// <reference path="./libjpeg-turbo.d.ts" /> — a program that uses the library checks this file without our tsconfig.json

import createLibjpegTurbo, { type LibjpegTurbo } from "@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs";
import { decode as decodeWithJpegJs } from "jpeg-js";
import { CodecError, messageOf } from "../../core/errors.ts";
import { PROGRAM_FILES } from "../../program-files.ts";
import { isArithmeticCoded } from "../jpeg/frame-kind.ts";
import { headerSegments } from "../jpeg/header.ts";
import type { RareDecoder } from "../rare-kinds.ts";

const APP14 = 0xee;
const EOI = [0xff, 0xd9] as const;
/** An Adobe segment (APP14) that declares CMYK (Adobe Technical Note 5116, section 18). */
const ADOBE_CMYK = Uint8Array.fromHex("ffee000e41646f626500640000000000");
/** The memory limit for jpeg-js. It counts up to 30 bytes for a pixel, so this is enough for MAX_FOUR_COMPONENT_PIXELS. */
const MAX_MEGABYTES = 288;

/** The loaded decoder. Null while it is not loaded, or after a failure that may have corrupted its memory. */
let libjpegTurbo: Promise<LibjpegTurbo> | null = null;

export const decodeRareJpeg: RareDecoder = (jpeg, kind) =>
  isArithmeticCoded(kind) ? decodeArithmetic(jpeg) : Promise.resolve(decodeFourComponents(jpeg));

async function decodeArithmetic(jpeg: Uint8Array): Promise<Awaited<ReturnType<RareDecoder>>> {
  libjpegTurbo ??= Bun.file(PROGRAM_FILES.wasm["libjpeg-turbo"])
    .arrayBuffer()
    .then((wasmBinary) => createLibjpegTurbo({ wasmBinary }));
  const { JPEGDecoder } = await libjpegTurbo;
  const decoder = new JPEGDecoder();
  try {
    // Without EOI, as in a cut picture, the decoder would warn and throw.
    let isDamaged = !(jpeg.at(-2) === EOI[0] && jpeg.at(-1) === EOI[1]);
    const encoded = decoder.getEncodedBuffer(jpeg.length + (isDamaged ? EOI.length : 0));
    encoded.set(jpeg);
    if (isDamaged) encoded.set(EOI, jpeg.length);
    try {
      decoder.decode();
    } catch (cause) {
      libjpegTurbo = null; // it throws C++ exceptions, whose memory is never freed, so the next picture gets a new instance
      // It throws for warnings too, but only after it has decoded what is there.
      if (!decoder.getDecodedBuffer().some((sample) => sample > 0))
        throw new CodecError("libjpeg-turbo could not decode the arithmetic-coded JPEG: it is damaged", { cause });
      isDamaged = true;
    }
    const { width, height, componentCount } = decoder.getFrameInfo();
    return { width, height, rgba: toRgba(decoder.getDecodedBuffer(), componentCount), isDamaged };
  } finally {
    decoder.delete();
  }
}

/**
 * Decodes a JPEG with four components. Adobe's programs store CMYK inverted, and so all readers invert it. jpeg-js does that only
 * if there is an Adobe segment, so one is added.
 */
function decodeFourComponents(jpeg: Uint8Array): Awaited<ReturnType<RareDecoder>> {
  const hasAdobe = headerSegments(jpeg).some(
    ({ marker, at }) =>
      marker === APP14 && ADOBE_CMYK.subarray(4, 9).every((byte, index) => jpeg[at + 4 + index] === byte),
  );
  const whole = hasAdobe ? jpeg : Buffer.concat([jpeg.subarray(0, 2), ADOBE_CMYK, jpeg.subarray(2)]);
  try {
    const { width, height, data } = decodeWithJpegJs(whole, { useTArray: true, maxMemoryUsageInMB: MAX_MEGABYTES });
    return { width, height, rgba: data, isDamaged: false };
  } catch (cause) {
    // jpeg-js does not check its input, so damage causes a TypeError.
    const reason = cause instanceof TypeError ? "it is damaged" : messageOf(cause);
    throw new CodecError(`jpeg-js could not decode the JPEG of four components: ${reason}`, { cause });
  }
}

/** Converts grey or RGB to RGBA. */
function toRgba(samples: Uint8Array, components: number): Uint8Array {
  const rgba = new Uint8Array((samples.length / components) * 4).fill(255);
  for (let from = 0, to = 0; from < samples.length; from += components, to += 4) {
    for (let c = 0; c < 3; c++) rgba[to + c] = samples[from + (components === 3 ? c : 0)] as number;
  }
  return rgba;
}
