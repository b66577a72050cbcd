// The command line of ffmpeg: decode one video, and write its pixels to a pipe without delay.

import type { Sampling } from "../../core/pixel-format.ts";
import type { FfmpegInput } from "./ffmpeg-input.ts";

/**
 * With these arguments, ffmpeg reports its progress on standard error every 0.5 s, even while it waits for the time of the next
 * picture.
 */
export const PROGRESS: readonly string[] = ["-progress", "pipe:2"];

/**
 * The filter that delivers each frame at its own time. `-re` alone is not enough: ffmpeg 5 waits for the time of the frame before,
 * so the first frame after a pause comes before the pause. The filter does not wait for longer than `limit`, here a year.
 */
const HOLD_UNTIL_DUE = `realtime=limit=${365 * 86_400}`;

/**
 * Whether ffmpeg holds each decoded frame until its time. While it does, it reports no progress. An address is left out, because its
 * progress tells a pause from a network that hangs.
 */
export function isHeldUntilDue({ isRecording, address }: Pick<FfmpegInput, "isRecording" | "address">): boolean {
  return isRecording && address === null;
}

/** Returns the command line that decodes all pictures, or only the first one. */
export function ffmpegArguments(
  input: FfmpegInput,
  sampling: Sampling = "420",
  { isFirstOnly = false }: { isFirstOnly?: boolean } = {},
): string[] {
  const isRgb = isDeliveredAsRgb(input, sampling);
  const size = input.size === null ? ownSize(input) : [`${input.size.width}:${input.size.height}`];
  const scale = isRgb ? size : [...size, "out_range=full:out_color_matrix=bt601"];
  const filters = [
    ...input.filters,
    ...(input.framesPerSecond === null ? [] : [`fps=${input.framesPerSecond}`]),
    ...(scale.length === 0 ? [] : [`scale=${scale.join(":")}`]),
    `format=${isRgb ? "rgb24" : "yuvj420p"}`,
    ...(isHeldUntilDue(input) && !isFirstOnly ? [HOLD_UNTIL_DUE] : []),
  ];
  const output = isRgb ? ["-c:v", "ppm", "-f", "image2pipe"] : ["-f", "yuv4mpegpipe"];
  return [
    // With `repeat`, ffmpeg repeats equal messages. Otherwise the last line on standard error could be "Last message repeated 3
    // times".
    ...["-hide_banner", "-nostdin", "-loglevel", "repeat+error"],
    ...(input.isRecording ? PROGRESS : []),
    // A decoder with frame threads delays its output by as many frames as it has threads, so slice threads are used.
    ...["-flags", "low_delay", "-thread_type", "slice"],
    ...input.arguments,
    ...["-map", "0:v:0", "-vf", filters.join(","), ...(isFirstOnly ? ["-frames:v", "1"] : [])],
    // With a constant frame rate, ffmpeg would delay each frame until the next one has come.
    ...["-fps_mode", "passthrough", "-flush_packets", "1", ...output, "pipe:1"],
  ];
}

/** Returns whether ffmpeg writes RGB, as PPM pictures. Otherwise it writes 4:2:0, as YUV4MPEG2. */
export function isDeliveredAsRgb(input: FfmpegInput, sampling: Sampling): boolean {
  return input.isRgb || sampling === "444";
}

/**
 * Returns the arguments with which ffmpeg's filter `scale` makes the pixels square. The height stays the same, as in players.
 * Screens need no scaling, because their pixels are square.
 */
function ownSize({ isRgb }: FfmpegInput): string[] {
  // `sar` is the aspect ratio of a pixel, and 1 if it is not known. Implausible ratios, and those that would make the picture
  // wider than the limit, are ignored.
  const isPlausible = "between(sar,1/8,8)*lte(iw*sar,8192)";
  return isRgb ? [] : [`w='round(iw*if(${isPlausible},sar,1))':h=ih`];
}
