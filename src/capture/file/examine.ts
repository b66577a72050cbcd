// Finds out which kind of content a file has. Then JPEGs can be passed on without decoding, and a still picture is read only
// once.

import { closeSync, openSync, readSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { headerSegments } from "../../codec/jpeg/header.ts";
import { CodecError } from "../../core/errors.ts";
import { onAbort } from "../../core/on-abort.ts";
import { JpegReader } from "../jpeg/jpeg-reader.ts";
import { isAddress } from "../../core/shown-address.ts";
import { type FfmpegInput, stdinOf } from "../pipe/ffmpeg-input.ts";
import { childEnvironment } from "../child-environment.ts";
import { tied } from "../tied-child.ts";

/**
 * The kind of content of a file. `height` is the height in pixels that the container declares, or 0 if it declares none.
 * `isOnePicture` is true for a recording that has a single picture.
 */
export type Content =
  | { kind: "a still JPEG" | "JPEGs end to end" | "another still picture" | "text" }
  | { kind: "video"; isOnePicture: boolean }
  | { kind: "packets of JPEG"; height: number; isOnePicture: boolean };

/** The time limit for ffprobe. */
const PATIENCE_MS = 5_000;

/** Files with such names show one picture. Further data in them (a second view in MPO, a gain map, a short film) is not shown. */
const STILL_JPEG_NAME = /\.(?:jpe?g|jpe|jfif|jif|mpo|jps|thm|insp)$/i;

/** ffmpeg's demuxer of recordings. No still picture has this format. */
const MATROSKA = "matroska,webm";

/** ffmpeg's decoders that draw text, for example that of a file named `.txt` (libavformat/tty.c). */
const TEXT_CODECS: readonly string[] = ["ansi", "bintext", "idf", "xbin"];

/** ffmpeg's demuxers of JPEGs without a container. `mpjpeg` reads what a camera sends over HTTP. */
const DEMUXERS_OF_RUNS: readonly string[] = ["mjpeg", "mpjpeg", "jpeg_pipe"];

/**
 * Finds out what kind of content `location` has, which is the file or address of `input`. The promise never rejects. Unknown
 * content counts as video, so that ffmpeg reports what is wrong. A pipe counts as video too, because a pipe can be read only
 * once.
 */
export async function examine(location: string, input: FfmpegInput, signal: AbortSignal): Promise<Content> {
  const isFile = isRegularFile(location);
  const unknown: Content = { kind: "video", isOnePicture: false };
  if (!isFile && !isAddress(location)) return unknown;
  if (beginsAsJpeg(location)) return { kind: (await isStillJpeg(location)) ? "a still JPEG" : "JPEGs end to end" };
  const answer = await probe(input, signal);
  const codec = answer.get("codec_name");
  if (codec === undefined) return unknown;
  if (TEXT_CODECS.includes(codec)) return { kind: "text" };
  if (codec === "mjpeg" && isFile && DEMUXERS_OF_RUNS.includes(answer.get("format_name") ?? "")) {
    return { kind: "JPEGs end to end" };
  }
  const isOnePicture = answer.get("nb_read_packets") === "1";
  if (isOnePicture && answer.get("format_name") !== MATROSKA) return { kind: "another still picture" };
  // A viewer shows the stored JPEGs unchanged. So if the container says that they are to be turned, stretched or joined from two
  // fields, ffmpeg must decode them.
  const isProgressive = ["unknown", "progressive", undefined].includes(answer.get("field_order"));
  const isSquare = ["N/A", "0:1", "1:1", undefined].includes(answer.get("sample_aspect_ratio"));
  const isAsStored = isSquare && answer.get("color_range") !== "tv" && !answer.has("rotation");
  if (codec !== "mjpeg" || !isProgressive || !isAsStored) return { kind: "video", isOnePicture };
  return { kind: "packets of JPEG", height: Number(answer.get("height") ?? 0), isOnePicture };
}

/**
 * Returns whether a file begins with SOI and another marker (ITU-T T.81 B.2.1). The result is false if there is no such file, or
 * if it cannot be read.
 */
export function beginsAsJpeg(location: string): boolean {
  if (!isRegularFile(location)) return false;
  const start = Buffer.alloc(3);
  try {
    const file = openSync(location, "r");
    try {
      readSync(file, start);
    } finally {
      closeSync(file);
    }
  } catch {
    return false; // The next program that opens the file reports why it cannot be read.
  }
  return start.equals(Buffer.from([0xff, 0xd8, 0xff]));
}

function isRegularFile(location: string): boolean {
  return !isAddress(location) && (statSync(location, { throwIfNoEntry: false })?.isFile() ?? false);
}

/** Returns whether a file that begins with a JPEG is a still picture, and not a run of JPEGs. */
async function isStillJpeg(path: string): Promise<boolean> {
  if (STILL_JPEG_NAME.test(path)) return true;
  let pictures = 0;
  let hasIndex = false;
  const reader = new JpegReader(
    {
      picture(jpeg) {
        if (pictures++ === 0) hasIndex = hasMultiPictureIndex(jpeg);
      },
      damaged: () => undefined,
    },
    { hasBorders: false },
  );
  const chunk = new Uint8Array(256 * 1024);
  const file = await open(path);
  try {
    while (pictures < 2 && !hasIndex) {
      const { bytesRead } = await file.read(chunk);
      if (bytesRead === 0) break;
      reader.write(chunk.subarray(0, bytesRead));
    }
    reader.end();
  } finally {
    await file.close();
  }
  return pictures < 2 || hasIndex;
}

/**
 * Returns whether the JPEG lists the pictures after it as its parts. The multi-picture format (CIPA DC-007) has this list in an
 * APP2 segment.
 */
function hasMultiPictureIndex(jpeg: Uint8Array): boolean {
  try {
    for (const { marker, at } of headerSegments(jpeg)) {
      const name = String.fromCharCode(...jpeg.subarray(at + 4, at + 8));
      if (marker === 0xe2 && name === "MPF\0") return true;
    }
  } catch (error) {
    if (!(error instanceof CodecError)) throw error; // a broken header has no list
  }
  return false;
}

/**
 * Asks ffprobe for the properties of the first video stream and counts its packets, up to two. The result is empty when ffprobe
 * fails, is missing or takes too long.
 */
async function probe(input: FfmpegInput, signal: AbortSignal): Promise<Map<string, string>> {
  if (Bun.which("ffprobe") === null) return new Map();
  const ofStream = "codec_name,height,field_order,sample_aspect_ratio,color_range,nb_read_packets";
  const entries = `stream=${ofStream}:stream_side_data=rotation:format=format_name`;
  // Without `-nofind_stream_info`, ffprobe would decode frames to guess properties that the container does not declare, which
  // takes long. It can count packets without that.
  const quickly = ["-nofind_stream_info", "-select_streams", "v:0", "-count_packets", "-read_intervals", "%+#2"];
  const output = ["-show_entries", entries, "-of", "default=nw=1"];
  const child = Bun.spawn(tied(["ffprobe", "-loglevel", "error", ...quickly, ...output, ...input.arguments]), {
    stdio: [stdinOf(input), "pipe", "ignore"],
    env: childEnvironment(),
  });
  using _ = onAbort(AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]), () => child.kill("SIGKILL"));
  const text = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) return new Map();
  return new Map(
    text
      .trim()
      .split("\n")
      .map((line) => line.split("=", 2) as [string, string]),
  );
}
