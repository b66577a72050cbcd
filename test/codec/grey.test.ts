// Grey copies made in a codec thread: the copy is grey as by ffmpeg, and darker, and the picture does not change.

import { expect, test } from "bun:test";
import { createGreyer } from "../../src/client/present/grey-copy.ts";
import type { DecodedPicture } from "../../src/client/picture.ts";
import type { ShownPicture } from "../../src/client/screens/screen.ts";
import { Arena } from "../../src/codec/memory/arena.ts";
import { BUN_RUNTIME } from "../../src/codec/bun/runtime.ts";
import { CodecPool } from "../../src/codec/threads/pool.ts";
import { ffmpeg } from "../support/jpeg-tools.ts";
import { testPicture, toRgbaBytes } from "../support/samples.ts";
import { until } from "../support/wait-until.ts";

test("a codec thread makes a grey and darker copy of a picture of any size", async () => {
  const arena = Arena.create();
  const ignore = () => undefined;
  const pool = new CodecPool({
    runtime: BUN_RUNTIME,
    arena,
    codec: "simd",
    threads: 2,
    onIdle: ignore,
    onBroken: ignore,
    onRestarted: ignore,
  });
  try {
    await pool.started;
    const grey = createGreyer(arena, pool);
    for (const size of [
      { width: 64, height: 48 },
      { width: 1, height: 1 },
      { width: 1281, height: 721 },
    ]) {
      const samples = testPicture(size);
      const rgba = toRgbaBytes(samples);
      const address = arena.take(rgba.length);
      const pixels = arena.bytes(address, rgba.length);
      pixels.set(rgba);
      const slot = { address, bytes: pixels, release: ignore };
      let copy: ShownPicture | null = null;
      expect(grey({ ...size, slot, pixels } as DecodedPicture, (made) => (copy = made))).toBe(true);
      expect(grey({ ...size, slot, pixels } as DecodedPicture, ignore)).toBe(false); // the job would write to its own picture
      await until(() => copy !== null, "the copy");
      const { pixels: made, width, height } = copy as unknown as ShownPicture;
      expect({ width, height }).toEqual(size);
      expect(Buffer.compare(pixels, rgba)).toBe(0);
      const flags = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", `${width}x${height}`, "-i", "-", "-pix_fmt", "gray"];
      const luma = ffmpeg([...flags, "-f", "rawvideo", "-"], samples.pixels).bytes;
      let worst = 0;
      for (let at = 0; at < luma.length; at++) {
        const [red, green, blue, alpha] = made.subarray(4 * at, 4 * at + 4);
        expect(red === green && green === blue && alpha === 255).toBe(true);
        worst = Math.max(worst, Math.abs((red as number) - 0.6 * (luma[at] as number)));
      }
      expect(worst).toBeLessThanOrEqual(2.5);
    }
  } finally {
    await pool.close();
  }
});
