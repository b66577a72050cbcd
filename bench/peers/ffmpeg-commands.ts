// The command lines of ffmpeg as a peer. They are tuned for latency with all options in its documentation and its source.

import type { Size } from "../../src/core/pixel-format.ts";

/** The commands of sender and receiver. piped.py writes to the sender's standard input and reads the receiver's output. */
export interface Commands {
  sender: string[];
  receiver: string[];
}

/** The frame rate in ffmpeg's arguments. ffmpeg reads frames as they come, even if they come faster. */
const NOMINAL_RATE = 30;

/**
 * One thread for each coder, because each of ffmpeg's frame threads delays a frame, even those of `rawvideo`. `-huffman default`
 * avoids a second pass. `-q:v 4` makes pictures of 80 kB, quality 75 of libjpeg makes 84 kB, and `-q:v 3` makes 94 kB (moving
 * footage, 1280x720). The multipart container has lengths. With the plain one, the parser waits for the next frame.
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
