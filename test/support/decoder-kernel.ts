// Runs the decoder kernel in tests: both builds, on shared memory with guard bytes. cjpeg makes the inputs, and djpeg is the oracle.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type DecodeReport,
  type DecoderExports,
  instantiateDecoder,
  JpegPicture,
} from "../../src/codec/simd/decoder.ts";
import { ProgramAnswers } from "./program-answers.ts";

export type Build = "relaxed" | "plain";
export const BUILDS: readonly Build[] = ["relaxed", "plain"];

const GUARD_BYTES = 4096;
const GUARD = 0xa5;
/** A guard that is not damaged. Guards are longer by the bytes that align the next region. */
const INTACT = Buffer.alloc(GUARD_BYTES + 64, GUARD);

const compiled = new Map<Build, WebAssembly.Module>();

/** Returns the compiled module of a build. `bun run build` makes the files. */
export function moduleOf(build: Build): WebAssembly.Module {
  let module = compiled.get(build);
  if (!module) {
    module = new WebAssembly.Module(
      readFileSync(join(import.meta.dir, `../../src/codec/kernel/build/decoder.${build}.wasm`)),
    );
    compiled.set(build, module);
  }
  return module;
}

/** The RGBA pixels of a decoded picture. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** A kernel with memory of its own. The guard bytes around each region must not change. */
export class DecoderFixture {
  readonly memory = new WebAssembly.Memory({ initial: 1024, maximum: 32768, shared: true });
  kernel!: DecoderExports;
  picture!: JpegPicture;
  bytes = new Uint8Array(this.memory.buffer);
  readonly #guards: number[] = [];
  #free = 1 << 17;

  static async create(build: Build, maxPixels?: number): Promise<DecoderFixture> {
    const fixture = new DecoderFixture();
    fixture.kernel = instantiateDecoder(moduleOf(build), fixture.memory);
    fixture.picture = new JpegPicture(fixture.kernel, fixture.memory, (size) => fixture.allocate(size), maxPixels);
    return fixture;
  }

  /** Returns a region between two guards. */
  allocate(size: number): number {
    const at = this.#free + GUARD_BYTES;
    this.#free = (at + size + 63) & ~63;
    const end = this.#free + GUARD_BYTES;
    if (end > this.memory.buffer.byteLength) {
      this.memory.grow(Math.ceil((end - this.memory.buffer.byteLength) / 65536));
      this.bytes = new Uint8Array(this.memory.buffer);
    }
    this.bytes.fill(GUARD, at - GUARD_BYTES, at);
    this.bytes.fill(GUARD, at + size, end);
    this.#guards.push(at - GUARD_BYTES, at, at + size, end);
    return at;
  }

  /** Returns the address of the first guard byte that has changed, or -1. */
  brokenGuard(): number {
    for (let i = 0; i < this.#guards.length; i += 2) {
      const at = this.#guards[i] ?? 0;
      const guard = Buffer.from(this.memory.buffer, at, (this.#guards[i + 1] ?? 0) - at);
      // There are thousands of guards, so each is compared as a whole.
      if (!guard.equals(INTACT.subarray(0, guard.length))) return at + guard.findIndex((byte) => byte !== GUARD);
    }
    return -1;
  }

  /** Copies bytes into memory. */
  put(data: Uint8Array): number {
    const at = this.allocate(data.length);
    this.bytes.set(data, at);
    return at;
  }

  /** Decodes with a stride that is wider than the picture, and checks that only the picture was written. */
  decode(jpeg: Uint8Array, box = false): Pixels & { report: DecodeReport } {
    const at = this.put(jpeg);
    const info = this.picture.readHeader(at, jpeg.length);
    const stride = info.width * 4 + 52;
    const pixels = this.allocate(stride * info.height);
    this.bytes.fill(GUARD, pixels, pixels + stride * info.height);
    const report = this.picture.decode(at, jpeg.length, pixels, stride, { box });
    const data = this.pick(pixels, stride, info.width, info.height);
    if (this.brokenGuard() >= 0) throw new Error("wrote outside of what it was given");
    return { width: info.width, height: info.height, data, report };
  }

  /** Copies a picture out, and checks that the bytes between its lines have not changed. */
  pick(pixels: number, stride: number, width: number, height: number): Uint8Array {
    const data = new Uint8Array(width * height * 4);
    for (let y = 0; y < height; y++) {
      const line = pixels + y * stride;
      data.set(this.bytes.subarray(line, line + width * 4), y * width * 4);
      for (let i = line + width * 4; i < line + stride; i++) {
        if (this.bytes[i] !== GUARD) throw new Error(`wrote between lines ${y} and ${y + 1}`);
      }
    }
    return data;
  }
}

/** Returns the names of the programs that tests need but this machine lacks, or an empty text. */
export function missingPrograms(): string {
  return ["djpeg", "cjpeg", "jpegtran"].filter((name) => !Bun.which(name)).join(", ");
}

/** Returns a binary PPM. */
export function ppm(width: number, height: number, rgb: Uint8Array): Uint8Array {
  const head = new TextEncoder().encode(`P6\n${width} ${height}\n255\n`);
  const file = new Uint8Array(head.length + rgb.length);
  file.set(head);
  file.set(rgb, head.length);
  return file;
}

const encoded = new ProgramAnswers<Uint8Array>();
const decoded = new ProgramAnswers<Pixels>();

/** Runs cjpeg on a PPM. The caller may change the result. */
export function cjpeg(image: Uint8Array, ...options: string[]): Uint8Array {
  const command = ["cjpeg", ...options];
  const jpeg = encoded.of(command, image, () => {
    const run = Bun.spawnSync(command, { stdin: image });
    if (!run.success) throw new Error(`cjpeg ${options.join(" ")}: ${run.stderr}`);
    return new Uint8Array(run.stdout);
  });
  return jpeg.slice();
}

/** Decodes with djpeg, to RGBA. The caller must not change the result. */
export function djpeg(jpeg: Uint8Array, box = false): Pixels {
  const command = ["djpeg", "-pnm", ...(box ? ["-nosmooth"] : [])];
  return decoded.of(command, jpeg, () => askDjpeg(command, jpeg));
}

function askDjpeg(command: string[], jpeg: Uint8Array): Pixels {
  const run = Bun.spawnSync(command, { stdin: jpeg });
  const output = new Uint8Array(run.stdout);
  const head = new TextDecoder("latin1").decode(output.subarray(0, 40)).match(/^P([56])\s(\d+)\s(\d+)\s255\s/);
  if (!head) throw new Error(`djpeg: ${run.stderr}`);
  const width = Number(head[2]);
  const height = Number(head[3]);
  const samples = output.subarray(head[0].length);
  const data = new Uint8Array(width * height * 4).fill(255);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) data[i * 4 + c] = (head[1] === "6" ? samples[i * 3 + c] : samples[i]) ?? 0;
  }
  return { width, height, data };
}

/** Returns the largest difference and the sum of squared differences, alpha included. */
export function compare(ours: Pixels, theirs: Pixels): { max: number; squares: number; samples: number } {
  if (ours.width !== theirs.width || ours.height !== theirs.height) {
    throw new Error(`${ours.width}×${ours.height} is not ${theirs.width}×${theirs.height}`);
  }
  let max = 0;
  let squares = 0;
  for (let i = 0; i < ours.data.length; i++) {
    const difference = Math.abs((ours.data[i] ?? 0) - (theirs.data[i] ?? 0));
    if (difference > max) max = difference;
    squares += difference * difference;
  }
  return { max, squares, samples: ours.width * ours.height * 3 };
}

export function psnr(squares: number, samples: number): number {
  return squares === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10((255 * 255 * samples) / squares);
}

/** A repeatable sequence of numbers from 0 to 1 (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export type Content = "photo" | "noise" | "text" | "gradient";

/** A test picture: smooth shapes with some grain, noise, sharp black and white, or a gradient. */
export function picture(content: Content, width: number, height: number, seed = 1): Uint8Array {
  const random = randomFrom(seed);
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = (y * width + x) * 3;
      for (let c = 0; c < 3; c++) {
        let value = 0;
        if (content === "noise") value = random() * 256;
        else if (content === "gradient") value = ((x * (c + 1)) / width + y / height) * 85;
        else if (content === "text") value = Math.sin(x * 1.7) * Math.sin(y * 0.9) > 0.6 ? 0 : 255;
        else value = 128 + 70 * Math.sin(x / (9 + c * 4)) + 50 * Math.cos((y + c * 7) / 13) + random() * 16 - 8;
        rgb[i + c] = Math.max(0, Math.min(255, value));
      }
    }
  }
  return ppm(width, height, rgb);
}

/** Returns the test images of libjpeg-turbo's source package, if SLIPSTREAM_TESTIMAGES names their folder. */
export function testImages(): string | undefined {
  const folder = process.env["SLIPSTREAM_TESTIMAGES"];
  return folder && existsSync(join(folder, "testorig.jpg")) ? folder : undefined;
}
