// Fuzzes the decoder kernel with mutated and structure-aware JPEGs, by count or by time.
//
//   bun test/fuzz/decoder.ts [--count 100000] [--seconds 60] [--seed 1] [--build relaxed|plain] [--save folder]
//
// Each input goes through header, planes, tile list, decoding and conversion; every third input also through single tiles.
// A finding is a trap, a changed byte outside the given memory (each region has guard bytes around it), an unknown status, or a run of over
// 50 ms at up to 1280 × 720 pixels (slow inputs run again, because the machine may be busy).

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { KernelError } from "../../src/codec/simd/kernel-status.ts";
import { tileRectangle } from "../../src/codec/jpeg/tile-rectangles.ts";
import { type Build, cjpeg, picture, randomFrom, DecoderFixture } from "../support/decoder-kernel.ts";

const MAX_PIXELS = 1280 * 720;
const SLOW_MS = 50;

export interface Finding {
  readonly run: number;
  readonly what: string;
  readonly jpeg: Uint8Array;
}

export interface FuzzResult {
  readonly runs: number;
  /** The number of inputs that were decoded completely or in part. */
  readonly decoded: number;
  /** The number of refused inputs, by status. */
  readonly refused: ReadonlyMap<number, number>;
  readonly slowestMs: number;
  readonly findings: readonly Finding[];
}

/** Valid JPEGs of each kind. Mutations start from these. */
export function seeds(): Uint8Array[] {
  const list: Uint8Array[] = [];
  for (const sampling of ["1x1", "2x1", "2x2", "1x2", "4x1"]) {
    list.push(cjpeg(picture("photo", 70, 45), "-quality", "80", "-sample", sampling, "-restart", "3B"));
    list.push(cjpeg(picture("noise", 33, 40), "-quality", "95", "-sample", sampling, "-optimize"));
  }
  list.push(cjpeg(picture("text", 64, 64), "-quality", "40", "-grayscale", "-restart", "1"));
  list.push(cjpeg(picture("gradient", 50, 20), "-quality", "3"));
  list.push(cjpeg(picture("photo", 40, 40), "-quality", "75", "-rgb"));
  list.push(cjpeg(picture("photo", 40, 40), "-quality", "75", "-progressive"));
  list.push(cjpeg(picture("photo", 640, 360), "-quality", "60", "-restart", "20B"));
  const scans = join(process.env["TMPDIR"] ?? "/tmp", `fuzz-scans-${process.pid}.txt`);
  writeFileSync(scans, "0;1;2;");
  list.push(cjpeg(picture("photo", 60, 60), "-quality", "75", "-scans", scans, "-restart", "4B"));
  return list;
}

interface Segment {
  readonly marker: number;
  readonly at: number;
  readonly end: number;
}

function segmentsOf(jpeg: Uint8Array): Segment[] {
  const found: Segment[] = [];
  for (let at = 2; at + 4 <= jpeg.length && jpeg[at] === 0xff;) {
    const end = at + 2 + (jpeg[at + 2] ?? 0) * 256 + (jpeg[at + 3] ?? 0);
    found.push({ marker: jpeg[at + 1] ?? 0, at, end });
    if (jpeg[at + 1] === 0xda) break;
    at = end;
  }
  return found;
}

/** Makes one to four mutations of a valid JPEG. About half of them use knowledge of the format. */
export function mutate(seed: Uint8Array, random: () => number): Uint8Array {
  let bytes: Uint8Array = seed.slice();
  const below = (n: number): number => Math.floor(random() * n);
  const anyByte = (): number => (random() < 0.5 ? below(256) : ([0, 1, 255, 128, 127, 16, 0xf0][below(7)] ?? 0));
  const set = (at: number, value: number): void => {
    if (at >= 0 && at < bytes.length) bytes[at] = value;
  };
  for (let n = 1 + below(4); n > 0; n--) {
    const parts = segmentsOf(bytes);
    const pick = (marker: number): Segment | undefined => {
      const fitting = parts.filter((part) => part.marker === marker || (marker === 0xc0 && part.marker === 0xc1));
      return fitting[below(fitting.length)];
    };
    const scanAt = parts.at(-1)?.end ?? 0;
    switch (below(16)) {
      case 0:
        set(below(bytes.length), anyByte());
        break;
      case 1:
        for (let i = 0; i < 8; i++) set(scanAt + below(bytes.length - scanAt), anyByte());
        break;
      case 2:
        bytes = bytes.slice(0, below(bytes.length));
        break;
      case 3: {
        // Wrong segment lengths.
        const part = parts[below(parts.length)];
        if (part) {
          set(part.at + 2, random() < 0.3 ? anyByte() : 0);
          set(part.at + 3, anyByte());
        }
        break;
      }
      case 4: {
        // Wrong sizes, half of them near 720p.
        const frame = pick(0xc0);
        if (frame) {
          const isNear = random() < 0.5;
          const height = isNear ? 1 + below(720) : below(65536);
          const width = isNear ? 1 + below(1280) : below(65536);
          set(frame.at + 5, height >> 8);
          set(frame.at + 6, height & 255);
          set(frame.at + 7, width >> 8);
          set(frame.at + 8, width & 255);
        }
        break;
      }
      case 5: {
        // Sampling factors, component identifiers, table selectors, number of components.
        const frame = pick(0xc0);
        if (frame) {
          const component = frame.at + 10 + below(3) * 3;
          const what = below(4);
          if (what === 0) set(component + 1, (1 + below(4)) * 16 + 1 + below(4));
          else if (what === 1) set(component, anyByte());
          else if (what === 2) set(component + 2, anyByte() & 7);
          else set(frame.at + 9, below(6));
        }
        break;
      }
      case 6: {
        // Huffman code counts and symbols.
        const table = pick(0xc4);
        if (table) {
          if (random() < 0.5) set(table.at + 5 + below(16), below(random() < 0.5 ? 4 : 256));
          else set(table.at + 21 + below(Math.max(1, table.end - table.at - 21)), anyByte());
          if (random() < 0.2) set(table.at + 4, anyByte());
        }
        break;
      }
      case 7: {
        // Quantisation tables.
        const table = pick(0xdb);
        if (table) {
          for (let i = 1 + below(64); i > 0; i--) set(table.at + 5 + below(64), anyByte());
          if (random() < 0.3) set(table.at + 4, anyByte());
        }
        break;
      }
      case 8: {
        // Scan header.
        const scan = pick(0xda);
        if (scan) set(scan.at + 4 + below(10), anyByte());
        break;
      }
      case 9: {
        // The restart interval, an existing or a new one.
        const interval = pick(0xdd);
        const value = random() < 0.5 ? below(8) : below(65536);
        if (interval) {
          set(interval.at + 4, value >> 8);
          set(interval.at + 5, value & 255);
        } else bytes = spliced(bytes, 2, 2, [0xff, 0xdd, 0, 4, value >> 8, value & 255]);
        break;
      }
      case 10: {
        // Restart markers are renumbered, added or removed.
        const at = scanAt + below(Math.max(1, bytes.length - scanAt));
        const next = bytes.findIndex((byte, i) => i >= at && byte === 0xff && ((bytes[i + 1] ?? 0) & 0xf8) === 0xd0);
        if (next >= 0 && random() < 0.7) set(next + 1, 0xd0 + below(8));
        else bytes = spliced(bytes, at, at, [0xff, random() < 0.7 ? 0xd0 + below(8) : below(256)]);
        break;
      }
      case 11: {
        // A segment is removed, doubled or moved.
        const part = parts[below(parts.length)];
        const other = parts[below(parts.length)];
        if (part && other) {
          const content = [...bytes.subarray(part.at, part.end)];
          if (random() < 0.5) bytes = spliced(bytes, part.at, part.end, []);
          else bytes = spliced(bytes, other.at, other.at, content);
        }
        break;
      }
      case 12: {
        // A run of bytes is removed or repeated.
        const at = below(bytes.length);
        const size = below(200);
        bytes =
          random() < 0.5
            ? spliced(bytes, at, at + size, [])
            : spliced(bytes, at, at, [...bytes.subarray(at, at + size)]);
        break;
      }
      case 13: {
        // A long run of one byte in the entropy-coded part.
        const at = scanAt + below(Math.max(1, bytes.length - scanAt));
        bytes.fill(anyByte(), at, Math.min(bytes.length, at + below(400)));
        break;
      }
      case 14:
        bytes = spliced(bytes, 0, 0, Array.from({ length: below(40) }, anyByte));
        break;
      default: {
        // Another frame type (SOFn).
        const frame = pick(0xc0);
        if (frame) set(frame.at + 1, 0xc0 + below(16));
      }
    }
    if (bytes.length < 4) return bytes;
  }
  return bytes;
}

function spliced(bytes: Uint8Array, from: number, to: number, content: readonly number[]): Uint8Array {
  const end = Math.min(to, bytes.length);
  const result = new Uint8Array(from + content.length + bytes.length - end);
  result.set(bytes.subarray(0, from));
  result.set(content, from);
  result.set(bytes.subarray(end), from + content.length);
  return result;
}

/** One kernel with its memory. It gets all inputs, as in a viewer. */
export class FuzzFixture {
  readonly #fixture: DecoderFixture;
  readonly #jpegAt: number;
  readonly #pixels: number;

  private constructor(fixture: DecoderFixture) {
    this.#fixture = fixture;
    this.#jpegAt = fixture.allocate(1 << 19);
    this.#pixels = fixture.allocate((MAX_PIXELS + 65536) * 4);
  }

  static async create(build: Build): Promise<FuzzFixture> {
    return new FuzzFixture(await DecoderFixture.create(build, MAX_PIXELS));
  }

  /** Decodes an input. Returns the status (0 if the input was decoded) and the time in milliseconds. Throws on a trap or a changed guard. */
  run(jpeg: Uint8Array, isTiled: boolean, box: boolean): { status: number; ms: number } {
    const { picture: target } = this.#fixture;
    const at = this.#jpegAt;
    this.#fixture.bytes.set(jpeg, at);
    const start = performance.now();
    let status = 0;
    try {
      const info = target.readHeader(at, jpeg.length);
      const stride = info.width * 4;
      if (isTiled) {
        target.clear();
        for (let number = 0; number < Math.min(info.tiles, 12); number++) {
          const from = Math.min(info.headerBytes + number * 97, jpeg.length);
          target.decodeTiles([{ number, address: at + from, length: Math.min(jpeg.length - from, 90 + number * 40) }]);
          target.convert(tileRectangle(info, number, { box }), this.#pixels, stride, { box });
        }
      } else {
        target.decode(at, jpeg.length, this.#pixels, stride, { box });
      }
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      if (error.message.startsWith("decoder status")) throw error;
      status = error.status;
    }
    return { status, ms: performance.now() - start };
  }

  /** Throws if a guard byte has changed. */
  checkGuards(): void {
    const broken = this.#fixture.brokenGuard();
    if (broken >= 0) throw new Error(`wrote outside of its regions, at ${broken}`);
  }
}

/** Runs `count` inputs, or as many as `seconds` allow. */
export async function fuzz(options: {
  build: Build;
  count: number;
  seconds: number;
  seed: number;
}): Promise<FuzzResult> {
  const good = seeds();
  let fixture = await FuzzFixture.create(options.build);
  for (const seed of good) for (let i = 0; i < 20; i++) fixture.run(seed, false, i % 2 === 0);
  const until = performance.now() + options.seconds * 1000;
  const refused = new Map<number, number>();
  const findings: Finding[] = [];
  let slowestMs = 0;
  let decoded = 0;
  let run = 0;
  for (; run < options.count && performance.now() < until; run++) {
    const random = randomFrom(options.seed * 1_000_003 + run);
    const jpeg = mutate(good[Math.floor(random() * good.length)] ?? new Uint8Array(0), random);
    if (jpeg.length > 1 << 18) continue;
    const isTiled = run % 3 === 2;
    const box = run % 2 === 1;
    try {
      let { status, ms } = fixture.run(jpeg, isTiled, box);
      for (let again = 0; again < 3 && ms > SLOW_MS; again++) ms = Math.min(ms, fixture.run(jpeg, isTiled, box).ms);
      slowestMs = Math.max(slowestMs, ms);
      if (ms > SLOW_MS) findings.push({ run, what: `took ${ms.toFixed(0)} ms`, jpeg });
      if (status === 0) decoded++;
      else refused.set(status, (refused.get(status) ?? 0) + 1);
      fixture.checkGuards();
    } catch (error) {
      findings.push({ run, what: String(error), jpeg });
      fixture = await FuzzFixture.create(options.build);
    }
  }
  return { runs: run, decoded, refused, slowestMs, findings };
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      count: { type: "string", default: "100000" },
      seconds: { type: "string", default: "3600" },
      seed: { type: "string", default: "1" },
      build: { type: "string", default: "relaxed" },
      save: { type: "string", default: "" },
    },
  });
  const result = await fuzz({
    build: values.build === "plain" ? "plain" : "relaxed",
    count: Number(values.count),
    seconds: Number(values.seconds),
    seed: Number(values.seed),
  });
  console.log(
    `${values.build}: ${result.runs} inputs, ${result.decoded} decoded, slowest ${result.slowestMs.toFixed(1)} ms`,
  );
  for (const [status, times] of [...result.refused].toSorted((a, b) => b[1] - a[1])) {
    console.log(`  ${times} × ${new KernelError(status).message}`);
  }
  for (const finding of result.findings.slice(0, 20)) {
    console.log(`FINDING in run ${finding.run} (${finding.jpeg.length} bytes): ${finding.what}`);
    if (values.save) {
      mkdirSync(values.save, { recursive: true });
      writeFileSync(join(values.save, `decoder-${values.seed}-${finding.run}.jpg`), finding.jpeg);
    }
  }
  process.exit(result.findings.length > 0 ? 1 : 0);
}
