// JPEGs in a folder, which fake cameras deliver one after the other: fake-camera.c for other servers, and a source for ours. Each camera
// writes down when it delivers a picture.

import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Source } from "../../src/capture/source.ts";
import { deliverJpeg } from "../../src/capture/source.ts";
import { type Micros, nowMicros } from "../../src/core/clock.ts";
import { pace } from "../../src/core/pace.ts";

/** The file with the time of the last delivery of each picture: 64-bit integers, in microseconds since 1970. */
const TIMES = "times";
const MOST_JPEGS = 300;

export class JpegFolder implements AsyncDisposable {
  readonly path: string;
  readonly #times: BigInt64Array;

  private constructor(path: string) {
    this.path = path;
    this.#times = timesIn(path);
  }

  static async create(jpegs: readonly Uint8Array[]): Promise<JpegFolder> {
    const path = await mkdtemp(join(tmpdir(), "slipstream-bench-"));
    for (const [index, jpeg] of jpegs.entries()) {
      await Bun.write(join(path, `${String(index).padStart(4, "0")}.jpg`), jpeg);
    }
    await Bun.write(join(path, TIMES), new Uint8Array(8 * MOST_JPEGS));
    return new JpegFolder(path);
  }

  /** Returns the time when a camera last delivered this picture, or 0 if it has not. */
  deliveredAt(index: number): Micros {
    return Number(this.#times[index] ?? 0n);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return rm(this.path, { recursive: true });
  }
}

/** Creates a source that delivers the pictures of a folder in a loop, as a camera of Motion JPEG does. */
export function createFolderSource(path: string, framesPerSecond: number): Source {
  return {
    name: "recorded JPEGs",
    framesPerSecond,
    async run(sink, signal) {
      const names = (await readdir(path)).filter((name) => name.endsWith(".jpg")).toSorted();
      const jpegs = await Promise.all(names.map((name) => Bun.file(join(path, name)).bytes()));
      const times = timesIn(path);
      let frame = 0;
      await pace(framesPerSecond, signal, async () => {
        const index = frame++ % jpegs.length;
        const now = nowMicros();
        times[index] = BigInt(now);
        deliverJpeg(sink, jpegs[index] as Uint8Array, now);
      });
    },
  };
}

function timesIn(path: string): BigInt64Array {
  const { buffer, byteOffset } = Bun.mmap(join(path, TIMES));
  return new BigInt64Array(buffer, byteOffset, MOST_JPEGS);
}
