// The command lines of ffmpeg as a peer, tuned for latency as far as its documentation and its source go.

import type { Size } from "../../src/core/pixel-format.ts";

/** Sender and receiver. What feeds the one's standard input and reads the other's standard output is piped.py. */
export interface Commands {
  sender: string[];
  receiver: string[];
}

/** Frames a second that ffmpeg is told of; it takes frames as they come, also without pause. */
const NOMINAL_RATE = 30;

/**
 * One thread per coder: ffmpeg's frame threads hold a frame back each, even those of `rawvideo`. `-huffman default` spares a
 * second pass; `-q:v 4` makes files of 80 kB where libjpeg's quality 75 makes 84 (the moving footage, 1280x720); q 3 makes 94.
 * Of Motion JPEG's two containers the multipart one says lengths; with the other the parser waits for the next frame.
 */
export function ffmpegCommands({ width, height }: Size, port: number): Commands {
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
