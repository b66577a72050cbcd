// The outside programs that tests judge by (cjpeg, djpeg, ffmpeg), and the pictures that are put through them.

import type { Size } from "../../src/core/pixel-format.ts";

export interface Output {
  bytes: Uint8Array<ArrayBuffer>;
  errors: string;
}

/** Runs a program to its end with `input` on its standard input. Throws where it fails. */
export function run(command: string[], input: Uint8Array = new Uint8Array()): Output {
  const { exitCode, stdout, stderr } = Bun.spawnSync(command, { stdin: input });
  const errors = stderr.toString().trim();
  if (exitCode !== 0) throw new Error(`${command.join(" ")} failed (${exitCode}): ${errors}`);
  return { bytes: new Uint8Array(stdout), errors };
}

/** Runs ffmpeg quietly; what it says all the same is a warning or an error. */
export function ffmpeg(args: string[], input?: Uint8Array): Output {
  return run(["ffmpeg", "-hide_banner", "-nostdin", "-v", "error", ...args], input);
}

export interface Samples extends Size {
  channels: number;
  pixels: Uint8Array<ArrayBuffer>;
}

/** A picture as cameras make them: smooth, with some edges, and with colours that change slowly. */
export function testPicture({ width, height }: Size, shift = 0): Samples {
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const edge = (Math.floor(x / 16) + Math.floor(y / 16)) % 2 === 0 ? 0 : 40;
      const at = (y * width + x) * 3;
      pixels[at] = 60 + 50 * Math.sin((x + shift) / 19) + edge + 30;
      pixels[at + 1] = 80 + 40 * Math.cos((y + shift) / 17) + edge + 20;
      pixels[at + 2] = 100 + 50 * Math.sin((x + y) / 23) + edge;
    }
  }
  return { width, height, channels: 3, pixels };
}

/** A picture file as cjpeg takes it (PPM or PGM). */
export function toPnm({ width, height, channels, pixels }: Samples): Uint8Array {
  return Buffer.concat([Buffer.from(`P${channels === 3 ? 6 : 5}\n${width} ${height}\n255\n`), pixels]);
}

function fromPnm(bytes: Uint8Array<ArrayBuffer>): Samples {
  const match = /^P([56])\s(\d+) (\d+)\s255\s/.exec(Buffer.from(bytes.subarray(0, 40)).toString("latin1"));
  if (match === null) throw new Error("djpeg's output is no PNM");
  const [head, kind, width, height] = match;
  const channels = kind === "6" ? 3 : 1;
  return { width: Number(width), height: Number(height), channels, pixels: bytes.slice(head.length) };
}

export function cjpeg(picture: Samples, ...args: string[]): Uint8Array<ArrayBuffer> {
  return run(["cjpeg", ...args], toPnm(picture)).bytes;
}

/** What djpeg makes of a JPEG, and throws for damage that it would only warn of. */
export function djpeg(jpeg: Uint8Array, ...args: string[]): Samples {
  const { bytes, errors } = run(["djpeg", "-pnm", ...args], jpeg);
  if (errors !== "") throw new Error(`djpeg warns: ${errors}`);
  return fromPnm(bytes);
}

export function toRgbaBytes({ channels, pixels }: Samples): Uint8Array<ArrayBuffer> {
  const rgba = new Uint8Array((pixels.length / channels) * 4).fill(255);
  for (let from = 0, to = 0; from < pixels.length; from += channels, to += 4) {
    for (let c = 0; c < 3; c++) rgba[to + c] = pixels[from + (channels === 3 ? c : 0)] as number;
  }
  return rgba;
}

/** Peak signal-to-noise ratio of two pictures of 8-bit samples, in decibels. */
export function psnr(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) throw new Error(`pictures of ${a.length} and ${b.length} bytes`);
  const squares = a.reduce((sum, value, index) => sum + (value - (b[index] as number)) ** 2, 0);
  return squares === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10((255 ** 2 * a.length) / squares);
}

/** The largest difference between two samples at the same place. */
export function largestDifference(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) throw new Error(`pictures of ${a.length} and ${b.length} bytes`);
  return a.reduce((worst, value, index) => Math.max(worst, Math.abs(value - (b[index] as number))), 0);
}

/** Waits until something has become true; says what it waited for when that does not come. */
export async function until(isTrue: () => boolean, what: string, patienceMs = 5_000): Promise<void> {
  const giveUpAt = performance.now() + patienceMs;
  while (!isTrue()) {
    if (performance.now() > giveUpAt) throw new Error(`waited in vain for ${what}`);
    await Bun.sleep(1);
  }
}
