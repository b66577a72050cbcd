// Reads a still picture once. A JPEG is kept as JPEG, and ffmpeg decodes other pictures to pixels.

import { readFile } from "node:fs/promises";
import type { FrameSlot } from "../../codec/memory/frame-slots.ts";
import { nowMicros } from "../../core/clock.ts";
import { codeOf, SourceError } from "../../core/errors.ts";
import { explainFileError } from "../../core/file-errors.ts";
import { frameBytes, type PixelFormat, type Sampling, type Size } from "../../core/pixel-format.ts";
import { JpegReader } from "../jpeg/jpeg-reader.ts";
import { pixelReader } from "../pipe/ffmpeg.ts";
import { ffmpegArguments } from "../pipe/ffmpeg-command.ts";
import { FfmpegEnd, readFfmpeg } from "../pipe/ffmpeg-run.ts";
import type { FfmpegInput } from "../pipe/ffmpeg-input.ts";
import { type Delivery, deliverJpeg, type FrameSink } from "../source.ts";

export interface Still {
  /** Delivers the picture with the current time as its capture time. */
  deliver(sink: FrameSink): void;
  /** False means that the end of the picture is missing, for example because another program is still writing it. */
  isWhole: boolean;
}

/** Reads the first JPEG of a file. Rejects with SourceError when there is none. */
export async function readStillJpeg(path: string, name: string): Promise<Still> {
  const found: Uint8Array[] = [];
  let damage = "there is no JPEG in it";
  const reader = new JpegReader(
    {
      picture: (jpeg) => found.push(jpeg.slice()),
      damaged: (reason) => {
        damage = reason;
      },
    },
    { hasBorders: true },
  );
  reader.write(await readWhole(path, name));
  reader.border();
  const [jpeg] = found;
  if (jpeg === undefined) throw new SourceError(`cannot show ${name}: ${damage}`, { retry: "soon" });
  const isWhole = jpeg.at(-2) === 0xff && jpeg.at(-1) === 0xd9;
  return { isWhole, deliver: (sink) => deliverJpeg(sink, jpeg, nowMicros()) };
}

async function readWhole(path: string, name: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    if (codeOf(cause) === undefined) throw cause;
    throw new SourceError(`cannot read ${name}: ${explainFileError(cause)}`, { retry: "soon", cause });
  }
}

/** Reads a picture with ffmpeg. Rejects with SourceError when that fails. After an abort the result is an empty picture. */
export async function readStillPixels(input: FfmpegInput, sampling: Sampling, signal: AbortSignal): Promise<Still> {
  const kept = new KeptFrame();
  const reader = pixelReader(input, { sampling, sink: kept, onRate: () => undefined });
  const command = ffmpegArguments(input, sampling, { isFirstOnly: true });
  try {
    await readFfmpeg({ input, command, reader }, signal);
  } catch (error) {
    // ffmpeg ends after the picture. Here this is not a failure.
    if (!(error instanceof FfmpegEnd && error.isAfterFrames) || kept.isEmpty) throw error;
  }
  return { isWhole: true, deliver: (sink) => kept.deliver(sink) };
}

/** Keeps the first frame that it gets. */
class KeptFrame implements FrameSink {
  #frame: { bytes: Uint8Array; format: PixelFormat; size: Size } | null = null;

  get isEmpty(): boolean {
    return this.#frame === null;
  }

  deliver(sink: FrameSink): void {
    if (this.#frame === null) return;
    const { bytes, format, size } = this.#frame;
    const slot = sink.reserve(format, size);
    if (slot === null) {
      sink.lost();
      return;
    }
    slot.bytes.set(bytes);
    sink.pixels(slot, format, size, nowMicros());
  }

  reserve(format: PixelFormat, { width, height }: Size): FrameSlot {
    return { address: 0, bytes: new Uint8Array(frameBytes(format, width, height)), release: () => undefined };
  }

  pixels({ bytes }: FrameSlot, format: PixelFormat, size: Size): Delivery {
    this.#frame ??= { bytes, format, size };
    return "taken";
  }

  reserveJpeg(): null {
    return null;
  }

  jpeg(): Delivery {
    throw new Error("ffmpeg was asked for pixels and has delivered a JPEG");
  }

  lost(): void {
    throw new Error("a still picture needs no slot, so it cannot be lost");
  }

  trouble(): void {
    // Troubles are not shown here, because readFfmpeg throws them as errors.
  }
}
