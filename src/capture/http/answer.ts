// Reads the answer of a camera to its end, or detects that it is not JPEG.

import { nowMicros } from "../../core/clock.ts";
import { codeOf } from "../../core/errors.ts";
import type { CameraFrames } from "./camera-frames.ts";
import { type ContentKind, kindOf, parseContentType, stillFormatOf } from "./content.ts";
import { PictureStream } from "./picture-stream.ts";

export type Answer =
  /**
   * The answer was read to its end. `count` is the number of its pictures, including pictures that were too incomplete to show.
   * `isBroken` means that the connection ended after a single picture, before the declared length or the last chunk.
   */
  | { kind: "pictures"; count: number; isBroken: boolean }
  | { kind: "page" }
  /** The answer is other text, for example an error in JSON. `type` is its declared type. */
  | { kind: "text"; type: string }
  /** The answer is a single picture that is not JPEG. */
  | { kind: "still"; format: string }
  /** The answer is not JPEG. `body` is the answer from its start, or null when the video must be read from its address. */
  | { kind: "other"; body: ReadableStream<Uint8Array> | null };

interface Reader {
  read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
}

/**
 * Reads an answer. The function calls `onBytes` whenever bytes arrive. Rejects with the error of fetch when the connection
 * breaks.
 */
export async function readAnswer(
  { body, headers }: Response,
  frames: CameraFrames,
  onBytes: () => void,
): Promise<Answer> {
  if (body === null) return { kind: "pictures", count: 0, isBroken: false };
  const reader = body.getReader();
  const type = parseContentType(headers.get("Content-Type"));
  const hasLength = headers.has("Content-Length");
  let isHandedOver = false;
  try {
    let first = Buffer.alloc(0);
    let kind: ContentKind | null = null;
    let isAll = false;
    while (kind === null) {
      const { done, value } = await reader.read();
      onBytes();
      isAll = done;
      if (value !== undefined) first = Buffer.concat([first, value]);
      kind = kindOf(type, first, { isAll, hasLength });
    }
    if (kind === "page") return { kind };
    if (kind === "text") return { kind, type: type.name };
    const format = kind === "other" && (hasLength || isAll) ? stillFormatOf(first) : null;
    if (format !== null) return { kind: "still", format };
    if (kind === "playlist" || (kind === "other" && (hasLength || isAll))) {
      return first.length === 0 ? { kind: "pictures", count: 0, isBroken: false } : { kind: "other", body: null };
    }
    if (kind === "other") {
      isHandedOver = true;
      return { kind, body: continued(first, reader) };
    }
    frames.begin(headers);
    using stream = new PictureStream(frames, kind === "parts" ? { kind, boundary: type.boundary } : { kind });
    stream.write(first, nowMicros());
    let isBroken = false;
    while (!isAll) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        // Some cameras close the connection after a single picture, before the declared length or the last chunk of the answer.
        if (stream.count !== 1 || codeOf(error) !== "ECONNRESET") throw error;
        isBroken = true;
        return { done: true, value: undefined };
      });
      onBytes();
      isAll = done;
      if (value !== undefined) stream.write(value, nowMicros());
    }
    stream.end();
    return { kind: "pictures", count: stream.count, isBroken };
  } finally {
    if (!isHandedOver) await reader.cancel().catch(() => undefined); // A lost connection is already closed.
  }
}

/** Returns a stream of the bytes that have been read and of the bytes that follow. */
function continued(first: Uint8Array, reader: Reader): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(first);
    },
    async pull(controller) {
      const { done, value } = await reader.read();
      if (value !== undefined) controller.enqueue(value);
      if (done) controller.close();
    },
    cancel: async () => reader.cancel(),
  });
}
