// The command lines of the two programs among the peers, tuned for latency as far as their documentation goes.

import type { Size } from "../../src/core/pixel-format.ts";

/** What feeds the sender's standard input and reads the receiver's standard output is pipes.py. */
interface Commands {
  sender: string[];
  receiver: string[];
}

/** Frames a second that the programs are told of; they take frames as they come, also without pause. */
const NOMINAL_RATE = 30;

/** One frame waits, and a newer one replaces it; nothing is held back for a clock. */
const NEWEST_ONLY = "queue max-size-buffers=1 max-size-bytes=0 max-size-time=0 leaky=downstream";
/** Chroma is averaged and repeated in the simplest way, which is the fastest. */
const CONVERT = "videoconvert chroma-mode=none dither=none";

/**
 * JPEGs go bare over TCP: jpegdec finds their ends itself, and multipartmux with multipartdemux made no figure better.
 * The receiver decodes all that comes, and only then drops, so that nothing waits in the connection.
 */
export function gstreamer({ width, height }: Size, port: number): Commands {
  const size = `width=${width},height=${height},framerate=${NOMINAL_RATE}/1`;
  const raw = `format=rgba width=${width} height=${height} framerate=${NOMINAL_RATE}/1`;
  const launch = (...elements: string[]) => ["gst-launch-1.0", "-q", ...elements.join(" ! ").split(" ")];
  return {
    sender: launch(
      "fdsrc fd=0 blocksize=262144", // smaller and larger ones were slower
      `rawvideoparse ${raw}`,
      NEWEST_ONLY,
      CONVERT,
      "video/x-raw,format=I420",
      "jpegenc quality=75",
      `tcpserversink host=127.0.0.1 port=${port} sync=false buffers-soft-max=2 recover-policy=latest`,
    ),
    receiver: launch(
      `tcpclientsrc host=127.0.0.1 port=${port}`,
      `image/jpeg,${size}`,
      "jpegdec",
      CONVERT,
      "video/x-raw,format=RGBA",
      NEWEST_ONLY,
      "fdsink fd=1 sync=false",
    ),
  };
}

/**
 * One thread per coder: ffmpeg's frame threads hold a frame back each, even those of `rawvideo`. `-huffman default` spares a
 * second pass; `-q:v 4` makes files of 80 kB where libjpeg's quality 75 makes 84 (the moving footage, 1280x720); q 3 makes 94.
 * Of Motion JPEG's two containers the multipart one says lengths; with the other the parser waits for the next frame.
 */
export function ffmpeg({ width, height }: Size, port: number): Commands {
  const quiet = ["ffmpeg", "-hide_banner", "-loglevel", "fatal"];
  const raw = ["-f", "rawvideo", "-pix_fmt", "rgba"];
  const atOnce = ["-fflags", "nobuffer", "-probesize", "32", "-analyzeduration", "0", "-threads", "1"];
  const passThrough = ["-fps_mode", "passthrough", "-filter_threads", "1", "-threads", "1", "-flush_packets", "1"];
  const pipe = ["-blocksize", "1048576"];
  const frames = ["-video_size", `${width}x${height}`, "-framerate", String(NOMINAL_RATE)];
  return {
    sender: [
      ...[...quiet, ...atOnce, ...raw, ...frames, ...pipe, "-i", "pipe:0", ...passThrough],
      ...["-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-huffman", "default", "-q:v", "4"],
      ...["-f", "mpjpeg", `tcp://127.0.0.1:${port}?listen=1&tcp_nodelay=1`],
    ],
    receiver: [
      ...[...quiet, "-nostdin", ...atOnce, "-flags", "low_delay"],
      ...["-f", "mpjpeg", "-i", `tcp://127.0.0.1:${port}?tcp_nodelay=1`],
      ...[...passThrough, ...raw, ...pipe, "pipe:1"],
    ],
  };
}
