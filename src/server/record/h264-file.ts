// Writes a finished recording again as H.264, which needs less space, and replaces it.

import { open, rename, rm, stat, utimes } from "node:fs/promises";
import { dirname, join, basename } from "node:path";
import { childEnvironment } from "../../capture/child-environment.ts";
import { tied } from "../../capture/tied-child.ts";
import { MissingError } from "../../core/errors.ts";
import { onAbort } from "../../core/on-abort.ts";
import { printable } from "../../core/printable.ts";
import type { Priority } from "./low-priority.ts";
import { freeBytes } from "./new-file.ts";
import { unfinishedNameOf } from "./segment-names.ts";

/** The time between two key frames at most. Players seek to key frames. */
const KEY_FRAME_SECONDS = 10;
/** The quality of libx264: 23 is its default, and lower is better. */
const CRF = 23;

/** ffmpeg ends with exit code 0 if the disk is full when it writes the last bytes, with the index (fftools/ffmpeg_mux.c of ffmpeg 5). */
const IS_CUT = /Error (?:writing trailer|closing file)/;

/**
 * The encoder, and what keeps times. `passthrough` neither repeats nor drops a frame. The time base is that of Matroska; the usual one is
 * the interval of the guessed frame rate, to which times would be rounded (https://ffmpeg.org/ffmpeg.html, -fps_mode and
 * -enc_time_base). libx264 computes the level from the frame rate. For times in milliseconds, ffmpeg may guess 1000, and players refuse
 * such a level.
 */
const ENCODER: readonly string[] = [
  ...["-c:v", "libx264", "-crf", String(CRF), "-x264-params", "fps=60"],
  ...["-fps_mode", "passthrough", "-enc_time_base", "1:1000"],
];

/** Whether ffmpeg has once encoded a picture. It may be installed later. */
let hasEncoder = false;

/** Rejects with MissingError if files cannot be written as H.264. */
export async function checkH264(): Promise<void> {
  hasEncoder ||= Bun.which("ffprobe") !== null && (await canEncode());
  if (hasEncoder) return;
  const needs = "ffmpeg 5.1 or newer with libx264, and ffprobe";
  throw new MissingError(`record-codec h264 needs ${needs}: install them (apt install ffmpeg), or leave it out`);
}

/** Encodes a small grey picture with the options of a recording. An older ffmpeg does not know all of them. */
async function canEncode(): Promise<boolean> {
  const input = ["-f", "rawvideo", "-pixel_format", "gray", "-video_size", "16x16", "-i", "pipe:0"];
  const command = ["ffmpeg", "-loglevel", "quiet", ...input, "-pix_fmt", "yuvj420p", ...ENCODER, "-f", "null", "-"];
  const stdio: [Uint8Array, "ignore", "ignore"] = [new Uint8Array(16 * 16), "ignore", "ignore"];
  return (await Bun.spawn(tied(command), { stdio, env: childEnvironment() }).exited) === 0;
}

/**
 * Replaces a recording by one with the same frames and times as H.264. Returns null when this is done, the reason why it is not, or
 * "gone" if the recording was deleted. Unless the result is null, the file is as before. When `signal` aborts, this ends within moments.
 * `priority` is that of the programs that do the work.
 */
export async function writeAsH264(path: string, priority: Priority, signal: AbortSignal): Promise<string | null> {
  const run: Run = async (command) => await runProgram(tied(await priority(command)), signal);
  const before = await lookAt(path);
  if (before === null) return GONE;
  // The recording itself must not run out of space. A result that is as large as the original is not used.
  if ((await freeBytes(dirname(path))) < 2 * before.size)
    return "there is too little space for a second file: free some, or keep less with --record-keep";
  const unfinished = join(dirname(path), unfinishedNameOf(basename(path)));
  try {
    const facts = await factsOf(path, run);
    const failure = await encode({ path, unfinished, createdAt: facts.createdAt }, run);
    if (failure !== null) return failure;
    const { frames } = await factsOf(unfinished, run);
    if (facts.frames !== frames) return `it has ${facts.frames} pictures, and the H.264 file has ${frames}`;
    if ((await stat(unfinished)).size >= before.size) return "the H.264 file is not smaller";
    // Files are deleted by the time of their last picture.
    await utimes(unfinished, before.atime, before.mtime);
    await sync(unfinished);
    const now = await lookAt(path);
    if (now?.ino !== before.ino || now.size !== before.size) return GONE;
    await rename(unfinished, path);
    return null;
  } finally {
    await rm(unfinished, { force: true });
  }
}

/** The result for a recording that somebody has deleted meanwhile. */
export const GONE = "gone";

async function lookAt(path: string) {
  return await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
}

/** After a power cut, the new name must not lead to a file without its content. */
async function sync(path: string): Promise<void> {
  const file = await open(path, "r+");
  await file.sync().finally(() => file.close());
}

interface Encoding {
  path: string;
  unfinished: string;
  /** The date of the beginning, which ffmpeg does not copy. */
  createdAt: string | null;
}

/** Returns why the file could not be written, or null. */
async function encode({ path, unfinished, createdAt }: Encoding, run: Run): Promise<string | null> {
  // H.264 with 4:2:0 has even sizes, so an odd picture gets a black line. JPEGs have the full range of levels, and keep it.
  const filters = "pad=ceil(iw/2)*2:ceil(ih/2)*2,format=yuvj420p";
  const keyFrames = `expr:if(isnan(prev_forced_t),gte(t,0),gte(t,prev_forced_t+${KEY_FRAME_SECONDS}))`;
  const output = ["-map", "0:v:0", "-vf", filters, ...ENCODER];
  const facts = createdAt === null ? [] : ["-metadata", `creation_time=${createdAt}`];
  const quietly = ["-hide_banner", "-nostdin", "-loglevel", "error"];
  const { code, complaint } = await run([
    ...["ffmpeg", ...quietly, "-i", `file:${path}`, ...output, "-force_key_frames", keyFrames],
    ...[...facts, "-f", "matroska", "-y", `file:${unfinished}`],
  ]);
  if (code === 0 && !IS_CUT.test(complaint)) return null;
  return complaint === "" ? `ffmpeg ended with exit code ${code}` : `ffmpeg: ${complaint}`;
}

interface Facts {
  /** The number of frames, or 0 if the file cannot be read. */
  frames: number;
  /** The date of its beginning, or null. */
  createdAt: string | null;
}

async function factsOf(path: string, run: Run): Promise<Facts> {
  const counting = ["-v", "error", "-select_streams", "v:0", "-count_packets"];
  const entries = ["-show_entries", "stream=nb_read_packets:format_tags=creation_time", "-of", "default=nw=1"];
  const { text } = await run(["ffprobe", ...counting, ...entries, `file:${path}`]);
  const value = (name: string) => new RegExp(`^${name}=(.+)$`, "m").exec(text)?.[1];
  return { frames: Number(value("nb_read_packets") ?? 0), createdAt: value("TAG:creation_time") ?? null };
}

interface Outcome {
  /** The exit code, or null if a signal has ended the program. */
  code: number | null;
  text: string;
  /** The last line of standard error. */
  complaint: string;
}

/** Runs a program to its end, or until the work ends. */
type Run = (command: readonly string[]) => Promise<Outcome>;

async function runProgram(command: string[], signal: AbortSignal): Promise<Outcome> {
  const child = Bun.spawn(command, { stdio: ["ignore", "pipe", "pipe"], env: childEnvironment() });
  using _ = onAbort(signal, () => child.kill("SIGKILL"));
  const [text, complaints] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  await child.exited;
  return { code: child.exitCode, text, complaint: printable(complaints.trim().split("\n").at(-1) ?? "") };
}
