// Asks ffprobe whether an input is MJPEG, so that its pictures can be passed on without decoding.

import { onAbort } from "../../core/on-abort.ts";

/** The longest answer that is waited for. */
const PATIENCE_MS = 5_000;

/**
 * Resolves with true when the first video stream is MJPEG whose pictures are shown unchanged: they are no fields of interlaced
 * video, and the container neither rotates them nor says that their pixels are not square or in limited range. `input` is what goes before and with ffprobe's `-i`. When ffprobe is missing,
 * fails or takes long, the answer is false: the input is then decoded, and ffmpeg says what is wrong with it.
 */
export async function isMjpeg(input: readonly string[], signal: AbortSignal): Promise<boolean> {
  if (Bun.which("ffprobe") === null) return false;
  // Demuxers of MJPEG know their codec from the start; guessing the rest would take seconds of live video.
  const quickly = ["-hide_banner", "-loglevel", "error", "-nofind_stream_info", "-select_streams", "v:0"];
  const entries = "stream=codec_name,field_order,sample_aspect_ratio,color_range:stream_side_data=rotation";
  const child = Bun.spawn(["ffprobe", ...quickly, "-show_entries", entries, "-of", "default=nw=1", ...input], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  using _ = onAbort(AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]), () => child.kill("SIGKILL"));
  try {
    const lines = (await new Response(child.stdout).text()).trim().split("\n");
    const answer = new Map(lines.map((line) => line.split("=", 2) as [string, string]));
    const isProgressive = ["unknown", "progressive", undefined].includes(answer.get("field_order"));
    const isSquare = ["N/A", "0:1", "1:1", undefined].includes(answer.get("sample_aspect_ratio"));
    const isAsStored = isSquare && answer.get("color_range") !== "tv" && !answer.has("rotation");
    const isPlain = answer.get("codec_name") === "mjpeg" && isProgressive && isAsStored;
    return (await child.exited) === 0 && isPlain;
  } finally {
    await child.exited;
  }
}
