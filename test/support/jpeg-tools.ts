// Runs cjpeg, djpeg and ffmpeg, with which tests compare.

import type { Samples } from "./samples.ts";

export interface Output {
  bytes: Uint8Array<ArrayBuffer>;
  errors: string;
}

/** Runs a program to its end with `input` on its standard input. Throws if it fails. */
export function run(command: string[], input: Uint8Array = new Uint8Array()): Output {
  const { exitCode, stdout, stderr } = Bun.spawnSync(command, { stdin: input });
  const errors = stderr.toString().trim();
  if (exitCode !== 0) throw new Error(`${command.join(" ")} failed (${exitCode}): ${errors}`);
  return { bytes: new Uint8Array(stdout), errors };
}

/** Runs ffmpeg. It writes warnings and errors only. */
export function ffmpeg(args: string[], input?: Uint8Array): Output {
  return run(["ffmpeg", "-hide_banner", "-nostdin", "-v", "error", ...args], input);
}

/** Returns a picture file for cjpeg (PPM or PGM). */
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

/** Decodes with djpeg. Throws for damage, too, for which djpeg only warns. */
export function djpeg(jpeg: Uint8Array, ...args: string[]): Samples {
  const { bytes, errors } = run(["djpeg", "-pnm", ...args], jpeg);
  if (errors !== "") throw new Error(`djpeg warns: ${errors}`);
  return fromPnm(bytes);
}
