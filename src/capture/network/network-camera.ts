// A camera that sends its video over TCP, UDP or a named pipe without HTTP. Consecutive JPEGs and multipart JPEGs are read here,
// and other video is passed to ffmpeg.
//
// The stream is read like the body of an HTTP camera's answer. The connection may begin in the middle of a picture. So the reader
// waits for the beginning of the next picture before it decides that the video is not JPEG.

import { SourceError } from "../../core/errors.ts";
import { AnswerWatch } from "../http/answer-watch.ts";
import { readAnswer } from "../http/answer.ts";
import { CameraFrames } from "../http/camera-frames.ts";
import { hasEnded } from "../http/failures.ts";
import type { FrameSink, Source } from "../source.ts";
import { beginningOf } from "./beginning.ts";

export interface NetworkCameraOptions {
  /** The name for people. */
  name: string;
  /** Opens the stream of the camera's bytes. Rejects with the system's error or SourceError. `signal` also ends the stream. */
  connect: (signal: AbortSignal) => Promise<ReadableStream<Uint8Array>>;
  /** Whether the camera has answered when `connect` resolves. Otherwise it answers with its first bytes. */
  answersByConnecting: boolean;
  /** The highest rate of delivered frames. Null means that all frames are delivered. */
  framesPerSecond: number | null;
  /** Makes the source for video that is not JPEG. `body` is the video from its start. */
  openOther: (body: ReadableStream<Uint8Array>) => Source;
}

export function createNetworkCamera(options: NetworkCameraOptions): Source {
  const { name, connect, answersByConnecting, framesPerSecond, openOther } = options;
  /** The source for video that is not JPEG, or null while it is not needed. */
  let other: Source | null = null;

  async function readPictures(sink: FrameSink, signal: AbortSignal): Promise<ReadableStream<Uint8Array> | null> {
    const frames = new CameraFrames(sink, framesPerSecond);
    using watch = new AnswerWatch({ name, frames, sink });
    const ending = AbortSignal.any([signal, watch.signal]);
    try {
      const stream = await connect(ending);
      if (answersByConnecting) watch.answered();
      const { body, isJpeg } = await beginningOf(stream, () => watch.answered());
      const answer = await readAnswer(
        new Response(body, isJpeg ? { headers: { "Content-Type": "video/x-mjpeg" } } : {}),
        frames,
        () => watch.received(),
      );
      ending.throwIfAborted();
      if (answer.kind === "other" && answer.body !== null) return answer.body;
      if (answer.kind !== "pictures" || answer.count === 0) {
        throw new SourceError(`cannot read video from ${name}: it sends no video`, { retry: "soon" });
      }
      return null;
    } catch (error) {
      throw watch.explain(error);
    }
  }

  return {
    name,
    get framesPerSecond() {
      return other?.framesPerSecond ?? framesPerSecond ?? 0;
    },
    async run(sink, signal) {
      other = null;
      const closing = new AbortController();
      try {
        const body = await readPictures(sink, AbortSignal.any([signal, closing.signal]));
        if (body !== null) {
          other = openOther(body);
          return await other.run(sink, signal);
        }
      } catch (error) {
        if (signal.aborted) return;
        throw error;
      } finally {
        closing.abort();
      }
      if (!signal.aborted) throw hasEnded(name);
    },
  };
}
