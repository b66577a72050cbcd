// The streams of tiles of one camera, one after the other. Each stream gets a canvas, and the memory of earlier streams is
// reused.

import type { Arena } from "../../codec/memory/arena.ts";
import { OwnKernel } from "../../codec/threads/own-kernel.ts";
import type { CodecPool } from "../../codec/threads/pool.ts";
import { RecycledBlocks } from "../../codec/memory/recycled-blocks.ts";
import { BytePool } from "../../core/byte-pool.ts";
import { type DecoderExports, instantiateDecoder } from "../../codec/simd/decoder.ts";
import { createTileDecoder } from "../../codec/simd/tile-decoder.ts";
import { CodecError, ProtocolError } from "../../core/errors.ts";
import type { StreamHeader, Tiles } from "../../protocol/messages.ts";
import type { Arrival, Origin } from "../../protocol/origin.ts";
import type { DecodeEvents } from "../picture.ts";
import { PixelSlots } from "./pixel-slots.ts";
import { TileCanvas } from "./tile-canvas.ts";
import type { TileResources } from "./stream-jobs.ts";
import { TileStream } from "./tile-stream.ts";

/**
 * The largest number of compressed bytes that wait for decoding. A correct server has only a few frames in flight (credit), so
 * only a faulty one reaches this limit.
 */
export const MAX_WAITING_BYTES = 256 * 1024 * 1024;

/** Loads the kernel that this thread uses to read headers. `loadOwn` loads the decoder that it uses for frames with few tiles. */
export async function createTileStreams(
  arena: Arena,
  pool: CodecPool,
  events: DecodeEvents,
  loadOwn = createTileDecoder,
): Promise<TileStreams> {
  const kernel = instantiateDecoder(await pool.wasm.kernel("decoder"), arena.memory);
  const own = OwnKernel.create(pool, () => loadOwn(arena, pool.wasm));
  return new TileStreams({ arena, pool, own, events }, kernel);
}

export class TileStreams {
  readonly #resources: TileResources;
  readonly #kernel: DecoderExports;
  #current: TileStream | null = null;
  /** Ended streams on which threads still work. */
  #retired: TileStream[] = [];
  #spare: TileCanvas[] = [];

  constructor(given: Pick<TileResources, "arena" | "pool" | "own" | "events">, kernel: DecoderExports) {
    const { arena } = given;
    const parts = { blocks: new RecycledBlocks(arena), copies: new BytePool() };
    const lists = new RecycledBlocks(arena);
    this.#resources = { ...given, parts, lists, slots: new PixelSlots(arena) };
    this.#kernel = kernel;
  }

  /** Begins a stream and ends the previous one. Throws ProtocolError if tiles cannot be decoded with its header. */
  open(header: StreamHeader, origin: Origin): void {
    this.close();
    orProtocolError("tiles of this size cannot be decoded", () => {
      const canvas =
        this.#spare.pop() ?? new TileCanvas(this.#resources.arena, this.#kernel, this.#resources.parts.copies);
      try {
        canvas.open(header);
        this.#current = new TileStream(this.#resources, canvas, origin);
      } catch (error) {
        this.#spare.push(canvas);
        throw error;
      }
    });
  }

  /** Ends the stream. A complete frame that is being decoded is still passed on. */
  close(): void {
    const stream = this.#current;
    if (stream === null) return;
    this.#current = null;
    this.#retired.push(stream);
    stream.retire();
    this.#collect();
  }

  /** Whether no stream is open and no thread works on an ended one. */
  get isIdle(): boolean {
    return this.#current === null && this.#retired.length === 0;
  }

  /** Takes a part of a frame and copies its bytes. Throws ProtocolError for tiles without a stream. */
  offer(part: Tiles, arrival: Arrival, origin: Origin): void {
    const stream = this.#current;
    if (stream?.origin !== origin) throw new ProtocolError("Tiles came before a Stream with a JPEG header");
    orProtocolError("there is no memory for the tiles", () => stream.offer(part, arrival));
    if (this.#resources.parts.blocks.usedBytes > MAX_WAITING_BYTES) {
      throw new ProtocolError(
        `${this.#resources.parts.blocks.usedBytes} bytes of tiles wait to be decoded: the server sends more than the viewer has acknowledged`,
      );
    }
  }

  /** Gives work to idle threads. Call it when a thread or a slot may have become free. */
  pump(): void {
    for (const stream of this.#retired) stream.pump();
    this.#collect();
    this.#current?.pump();
  }

  #collect(): void {
    const finished = this.#retired.filter((stream) => stream.isFinished);
    if (finished.length === 0) return;
    this.#retired = this.#retired.filter((stream) => !finished.includes(stream));
    for (const stream of finished) {
      stream.close();
      this.#spare.push(stream.canvas);
    }
  }
}

/**
 * Converts the CodecError for a lack of memory into a ProtocolError, so that a server that needs too much memory loses its
 * connection.
 */
function orProtocolError(what: string, act: () => void): void {
  try {
    act();
  } catch (cause) {
    if (!(cause instanceof CodecError)) throw cause;
    throw new ProtocolError(`${what}: ${cause.message}`, { cause });
  }
}
