// Opens a named pipe (FIFO) as a live source. JPEGs are read directly, and ffmpeg reads other video. When the writer closes the
// pipe, the source ends, and it is opened again for the next writer.

import type { Log } from "../core/log.ts";
import { childEnvironment } from "./child-environment.ts";
import { createNetworkCamera } from "./network/network-camera.ts";
import type { SourceOptions } from "./open.ts";
import { createFfmpegSource } from "./pipe/ffmpeg.ts";
import { bodyInput } from "./pipe/ffmpeg-input.ts";
import { scaleJpegs } from "./pipe/scaled-jpegs.ts";
import type { Source } from "./source.ts";
import { tied } from "./tied-child.ts";

export interface NamedPipeOptions {
  path: string;
  /** The name for people. */
  name: string;
  options: Omit<SourceOptions, "source">;
  log: Log;
}

export function openNamedPipe({ path, name, options, log }: NamedPipeOptions): Source {
  const { size = null, framesPerSecond = null, sampling = "420" } = options;
  const openOther = (body: ReadableStream<Uint8Array>) =>
    createFfmpegSource(bodyInput({ name, size, framesPerSecond, body }), { sampling, log });
  const connect = (signal: AbortSignal) => Promise.resolve(bytesOf(path, signal));
  const camera = createNetworkCamera({ name, connect, answersByConnecting: false, framesPerSecond, openOther });
  return size === null ? camera : scaleJpegs({ source: camera, size, sampling, log });
}

/**
 * Returns the bytes of a named pipe. Another process reads them, because opening a named pipe waits for a writer, and a thread of
 * this process could not be called back from there.
 */
function bytesOf(path: string, signal: AbortSignal): ReadableStream<Uint8Array> {
  const command = tied(["cat", "--", path]);
  const child = Bun.spawn(command, { env: childEnvironment(), stdin: "ignore", stderr: "ignore", signal });
  return child.stdout;
}
