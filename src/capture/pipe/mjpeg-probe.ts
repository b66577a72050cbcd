// Whether what ffmpeg reads is MJPEG already, so that its pictures can be passed on as they are: asked of ffprobe when it is opened.

/** Longer than any answer takes that is worth waiting for. */
const PATIENCE_MS = 5_000;

/**
 * Resolves with true where the first video stream is MJPEG whose pictures are shown just so: neither fields of interlaced video
 * nor turned by the container. `input` is what goes before and with ffprobe's `-i`. Where ffprobe is missing, fails or takes
 * long, it is taken for no MJPEG: it can still be decoded, and then ffmpeg says what is wrong.
 */
export async function isMjpeg(input: readonly string[], signal: AbortSignal): Promise<boolean> {
  if (Bun.which("ffprobe") === null) return false;
  // Demuxers of MJPEG know their codec from the start; guessing the rest would take seconds of live video.
  const quickly = ["-hide_banner", "-loglevel", "error", "-nofind_stream_info", "-select_streams", "v:0"];
  const entries = "stream=codec_name,field_order:stream_side_data=rotation";
  const child = Bun.spawn(["ffprobe", ...quickly, "-show_entries", entries, "-of", "default=nw=1", ...input], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const stop = () => child.kill("SIGKILL");
  const ending = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
  ending.addEventListener("abort", stop);
  if (ending.aborted) stop();
  try {
    const lines = (await new Response(child.stdout).text()).trim().split("\n");
    const said = new Map(lines.map((line) => line.split("=", 2) as [string, string]));
    const isProgressive = ["unknown", "progressive", undefined].includes(said.get("field_order"));
    return (await child.exited) === 0 && said.get("codec_name") === "mjpeg" && isProgressive && !said.has("rotation");
  } finally {
    ending.removeEventListener("abort", stop);
    await child.exited;
  }
}
