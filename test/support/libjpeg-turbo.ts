// Runs libjpeg-turbo's cjpeg and djpeg, and ffmpeg, with which tests compare. A warning from any of them is an error here.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RgbPicture } from "./generated-pictures.ts";
import { ffmpegBatch } from "./ffmpeg-batch.ts";
import { ProgramAnswers } from "./program-answers.ts";

interface Answer {
  output: Uint8Array;
  complaints: string;
}

const answers = new ProgramAnswers<Promise<Answer>>();

function run(command: string[], input: Uint8Array): Promise<Answer> {
  return answers.of(command, input, () => ask(command, input));
}

async function ask(command: string[], input: Uint8Array = new Uint8Array()): Promise<Answer> {
  const child = Bun.spawn(command, {
    stdin: new Blob([input as Uint8Array<ArrayBuffer>]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [output, complaints, exitCode] = await Promise.all([child.stdout.bytes(), child.stderr.text(), child.exited]);
  if (exitCode !== 0) throw new Error(`${command[0]} ended with ${exitCode}: ${complaints}`);
  return { output, complaints };
}

/** Reads binary PPM (P6) or PGM (P5); a PGM becomes grey RGB. */
export function parsePnm(file: Uint8Array): RgbPicture {
  const head = new TextDecoder("latin1").decode(file.subarray(0, 64));
  const match = /^P([56])\s+(\d+)\s+(\d+)\s+255\s/.exec(head);
  if (match === null) throw new Error("not a binary PNM of 8 bits");
  const pixels = file.subarray(match[0].length);
  const [width, height] = [Number(match[2]), Number(match[3])];
  const rgb = match[1] === "6" ? pixels : new Uint8Array(pixels.length * 3);
  if (rgb !== pixels) for (const [n, level] of pixels.entries()) rgb.fill(level, 3 * n, 3 * n + 3);
  if (rgb.length !== width * height * 3) throw new Error("PNM of the wrong length");
  return { width, height, rgb };
}

export function toPpm(picture: RgbPicture): Uint8Array {
  const head = new TextEncoder().encode(`P6\n${picture.width} ${picture.height}\n255\n`);
  const ppm = new Uint8Array(head.length + picture.rgb.length);
  ppm.set(head);
  ppm.set(picture.rgb, head.length);
  return ppm;
}

/** Decodes with djpeg, with an accurate DCT and fancy upsampling. */
export async function djpeg(jpeg: Uint8Array): Promise<RgbPicture> {
  const { output, complaints } = await run(["djpeg", "-dct", "int", "-pnm"], jpeg);
  if (complaints !== "") throw new Error(`djpeg complains: ${complaints}`);
  return parsePnm(output);
}

/** Encodes with cjpeg. `sampling` is 2x2 or 1x1, and the restart interval is in MCUs. */
export async function cjpeg(
  picture: RgbPicture,
  quality: number,
  sampling: string,
  restartIntervalMcus: number,
): Promise<Uint8Array> {
  const options = [
    "-quality",
    String(quality),
    "-sample",
    sampling,
    "-dct",
    "int",
    "-restart",
    `${restartIntervalMcus}B`,
    "-baseline",
  ];
  return (await run(["cjpeg", ...options], toPpm(picture))).output;
}

/**
 * Decodes JPEGs with ffmpeg and all its error detection. Those of a row must have the same size and sampling. Returns its messages,
 * which should be empty. One run takes all rows, because the start of ffmpeg takes longer than decoding a hundred JPEGs.
 */
export async function ffmpegComplaints(rows: Iterable<readonly Uint8Array[]>): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "slipstream-test-"));
  try {
    const files = [...rows].map((jpegs, row) => {
      const input = join(folder, `${row}.mjpeg`);
      writeFileSync(input, Buffer.concat(jpegs));
      return { jpegs, input, digests: join(folder, `${row}.md5`) };
    });
    const inputs = files.flatMap(({ input }) => ["-err_detect", "explode", "-f", "mjpeg", "-i", input]);
    const outputs = files.flatMap(({ digests }, row) => [
      ...["-map", `${row}:v`, "-fps_mode", "passthrough", "-f", "framemd5", digests],
    ]);
    const { complaints } = await ask(["ffmpeg", "-hide_banner", "-nostdin", "-v", "warning", ...inputs, ...outputs]);
    const missing = files.map(({ jpegs, digests }) => {
      const decoded = readFileSync(digests, "utf8").match(/^[^#\n]/gm)?.length ?? 0;
      return decoded === jpegs.length ? "" : `decoded ${decoded} of ${jpegs.length} pictures`;
    });
    return complaints + missing.join("");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const EXACT = ["-sws_flags", "accurate_rnd+full_chroma_int+bitexact"];

/** Raw pixels in a format of ffmpeg. */
export interface RawPicture {
  format: string;
  width: number;
  height: number;
  pixels: Uint8Array;
}

/** Converts the pictures to raw pixels with ffmpeg. */
export function toRawPixels(pictures: readonly { picture: RgbPicture; format: string }[]): RawPicture[] {
  const frames = ffmpegBatch(
    pictures.map(({ picture, format }) => ({
      input: toPpm(picture), // in raw RGB of an odd width, ffmpeg would take the first pixel of the next row for the last chroma
      inputArguments: ["-f", "ppm_pipe"],
      outputArguments: [...EXACT, "-pix_fmt", format],
    })),
  );
  return pictures.map(({ picture: { width, height }, format }, index) => {
    return { format, width, height, pixels: frames[index] ?? new Uint8Array() };
  });
}

/** Converts raw pixels back to RGB with ffmpeg, which shows the loss by the format itself. */
export function fromRawPixels(pictures: readonly RawPicture[]): RgbPicture[] {
  const frames = ffmpegBatch(
    pictures.map(({ format, width, height, pixels }) => ({
      input: pixels,
      inputArguments: ["-f", "rawvideo", "-pix_fmt", format, "-s", `${width}x${height}`],
      outputArguments: [...EXACT, "-pix_fmt", "rgb24"],
    })),
  );
  return pictures.map(({ width, height }, index) => ({ width, height, rgb: frames[index] ?? new Uint8Array() }));
}

/** The peak signal-to-noise ratio of two pictures of the same size, in dB. */
export function psnr(a: RgbPicture, b: RgbPicture): number {
  if (a.rgb.length !== b.rgb.length) throw new Error("pictures of different sizes");
  let sum = 0;
  for (let n = 0; n < a.rgb.length; n++) sum += ((a.rgb[n] ?? 0) - (b.rgb[n] ?? 0)) ** 2;
  return sum === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10((255 * 255 * a.rgb.length) / sum);
}
