// Streams of tiles one after another: each gets a canvas, and what the one before held is used again.

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
import { type TileResources, TileStream } from "./tile-stream.ts";

/** Compressed bytes that wait at most. Credit keeps them at a few frames; what exceeds this was sent without any. */
const MAX_WAITING_BYTES = 256 * 1024 * 1024;

/** Loads the decoder kernel for reading headers; tiles are decoded by the pool's threads. */
export async function createTilePipeline(arena: Arena, pool: CodecPool, events: DecodeEvents): Promise<TilePipeline> {
  const kernel = await instantiateDecoder(await pool.wasm.kernel("decoder"), arena.memory);
  return new TilePipeline(arena, pool, events, kernel);
}

export class TilePipeline {
  readonly #resources: TileResources;
  readonly #kernel: DecoderExports;
  #current: TileStream | null = null;
  /** Streams that threads are still at. */
  #retired: TileStream[] = [];
  #spare: TileCanvas[] = [];

  constructor(arena: Arena, pool: CodecPool, events: DecodeEvents, kernel: DecoderExports) {
    const parts = { areas: new RecycledBlocks(arena), copies: new BytePool() };
    const lists = new RecycledBlocks(arena);
    this.#resources = { arena, pool, parts, lists, slots: new PixelSlots(arena), events };
    this.#kernel = kernel;
  }

  /** Begins a stream, which ends the one before. Throws ProtocolError where its header is of no use. */
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

  /** No tiles follow. A frame that is whole and being decoded is still handed on. */
  close(): void {
    const stream = this.#current;
    if (stream === null) return;
    this.#current = null;
    this.#retired.push(stream);
    stream.retire();
    this.#collect();
  }

  /** Takes a part of a frame in; its bytes are copied. Throws ProtocolError for tiles that no stream was opened for. */
  offer(part: Tiles, arrival: Arrival, origin: Origin): void {
    const stream = this.#current;
    if (stream?.origin !== origin) throw new ProtocolError("Tiles before a Stream with a JPEG header");
    orProtocolError("the tiles cannot be kept", () => stream.offer(part, arrival));
    if (this.#resources.parts.areas.usedBytes > MAX_WAITING_BYTES) {
      throw new ProtocolError(
        `${this.#resources.parts.areas.usedBytes} bytes of tiles came before the ones sent were shown`,
      );
    }
  }

  /** Gives threads what there is to do. Call when a thread or a slot may have become free. */
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

/** What a server demands that there is no memory for ends its connection. */
function orProtocolError(what: string, act: () => void): void {
  try {
    act();
  } catch (cause) {
    if (!(cause instanceof CodecError)) throw cause;
    throw new ProtocolError(`${what}: ${cause.message}`, { cause });
  }
}
