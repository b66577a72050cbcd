// The streams of tiles of one camera, one after another: each gets a canvas, and memory of earlier streams is used again.

import type { Arena } from "../../codec/memory/arena.ts";
import type { CodecPool } from "../../codec/threads/pool.ts";
import { RecycledBlocks } from "../../codec/memory/recycled-blocks.ts";
import { BytePool } from "../../core/byte-pool.ts";
import { type DecoderExports, instantiateDecoder } from "../../codec/simd/decoder.ts";
import { CodecError, ProtocolError } from "../../core/errors.ts";
import type { StreamHeader, Tiles } from "../../protocol/messages.ts";
import type { Arrival, Origin } from "../picture.ts";
import type { DecodeEvents } from "../picture.ts";
import { PixelSlots } from "./pixel-slots.ts";
import { TileCanvas } from "./tile-canvas.ts";
import type { TileResources } from "./stream-jobs.ts";
import { TileStream } from "./tile-stream.ts";

/** Most compressed bytes that may wait. Credit keeps them at a few frames; a server that sends more ignores credit. */
const MAX_WAITING_BYTES = 256 * 1024 * 1024;

/** Loads the decoder kernel for reading headers; tiles are decoded by the pool's threads. */
export async function createTileStreams(arena: Arena, pool: CodecPool, events: DecodeEvents): Promise<TileStreams> {
  const kernel = await instantiateDecoder(await pool.wasm.kernel("decoder"), arena.memory);
  return new TileStreams(arena, pool, events, kernel);
}

export class TileStreams {
  readonly #resources: TileResources;
  readonly #kernel: DecoderExports;
  #current: TileStream | null = null;
  /** Ended streams that threads still work on. */
  #retired: TileStream[] = [];
  #spare: TileCanvas[] = [];

  constructor(arena: Arena, pool: CodecPool, events: DecodeEvents, kernel: DecoderExports) {
    const parts = { blocks: new RecycledBlocks(arena), copies: new BytePool() };
    const lists = new RecycledBlocks(arena);
    this.#resources = { arena, pool, parts, lists, slots: new PixelSlots(arena), events };
    this.#kernel = kernel;
  }

  /** Begins a stream, and ends the one before. Throws ProtocolError if tiles cannot be decoded with its header. */
  open(header: StreamHeader, origin: Origin): void {
    this.close();
    orProtocolError("no tiles of that size can be decoded", () => {
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

  /** Ends the stream. A whole frame that is being decoded is still handed on. */
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

  /** Takes a part of a frame; its bytes are copied. Throws ProtocolError for tiles without a stream. */
  offer(part: Tiles, arrival: Arrival, origin: Origin): void {
    const stream = this.#current;
    if (stream?.origin !== origin) throw new ProtocolError("Tiles before a Stream with a JPEG header");
    orProtocolError("the tiles cannot be kept", () => stream.offer(part, arrival));
    if (this.#resources.parts.blocks.usedBytes > MAX_WAITING_BYTES) {
      throw new ProtocolError(
        `${this.#resources.parts.blocks.usedBytes} bytes of tiles came before the ones sent were shown`,
      );
    }
  }

  /** Gives work to idle threads. Call when a thread or a slot may have become free. */
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

/** Turns a lack of memory into a ProtocolError: a server that demands more than there is loses its connection. */
function orProtocolError(what: string, act: () => void): void {
  try {
    act();
  } catch (cause) {
    if (!(cause instanceof CodecError)) throw cause;
    throw new ProtocolError(`${what}: ${cause.message}`, { cause });
  }
}
