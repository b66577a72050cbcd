// Plays a file of consecutive JPEGs (raw MJPEG) in a loop or once. Such a file has no times, so the pictures have equal intervals.

import { open } from "node:fs/promises";
import { SourceError } from "../../core/errors.ts";
import { pace } from "../../core/pace.ts";
import { JpegFrames } from "../jpeg/jpeg-frames.ts";
import { JpegReader } from "../jpeg/jpeg-reader.ts";
import type { Recording } from "../pipe/ffmpeg-input.ts";
import type { FrameSink } from "../source.ts";

/** The rate for raw MJPEG. It is also ffmpeg's default. */
export const RUN_FRAMES_PER_SECOND = 25;

const CHUNK_BYTES = 64 * 1024;

export interface JpegRun extends Recording {
  /** Whether the file is played once instead of in a loop. */
  isPlayedOnce: boolean;
}

/**
 * Delivers the pictures until `signal` aborts, or until the end of a file that is played once. Rejects with SourceError when there
 * are none.
 */
export async function playJpegRun(
  { location, name, isPlayedOnce }: JpegRun,
  sink: FrameSink,
  signal: AbortSignal,
): Promise<void> {
  const over = new AbortController();
  const frames = new JpegFrames(sink);
  /**
   * Pictures that are not due yet. All of them are from one chunk of the file. They are copies, because the reader reuses its
   * memory.
   */
  const waiting: Uint8Array[] = [];
  let inThisPass = 0;
  const reader = new JpegReader(
    {
      picture(jpeg) {
        inThisPass++;
        waiting.push(jpeg.slice());
      },
      damaged: (reason) => frames.damaged(reason),
    },
    { hasBorders: false },
  );
  const chunk = new Uint8Array(CHUNK_BYTES);
  const file = await open(location);
  let at = 0;
  try {
    await pace(RUN_FRAMES_PER_SECOND, AbortSignal.any([signal, over.signal]), async () => {
      while (waiting.length === 0) {
        const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, at);
        if (signal.aborted) return;
        at += bytesRead;
        reader.write(chunk.subarray(0, bytesRead));
        if (bytesRead > 0) continue;
        reader.end();
        if (inThisPass === 0) throw new SourceError(`there is no JPEG in ${name}`, { retry: "soon" });
        if (!isPlayedOnce) [at, inThisPass] = [0, 0];
        else if (waiting.length === 0) return over.abort();
      }
      const next = waiting.shift();
      if (next !== undefined) frames.picture(next);
    });
  } finally {
    await file.close();
  }
}
