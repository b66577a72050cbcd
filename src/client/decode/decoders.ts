// The decoders of one camera: one for whole pictures and one for streams of tiles, with the memory that they keep.

import type { Arena } from "../../codec/memory/arena.ts";
import type { CodecPool } from "../../codec/threads/pool.ts";
import type { DecodedPicture, DecodeEvents, ReceivedFrame } from "../picture.ts";
import { createPictureDecoder, type PictureDecoder } from "./picture-decoder.ts";
import { createTileStreams, type TileStreams } from "./tile-streams.ts";

/**
 * An arena gives no memory back, so the decoders of a camera that is not watched any more are used again for the next one: hand its
 * events to another `listener` once `isIdle` is true.
 */
export class Decoders {
  readonly pictures: PictureDecoder;
  readonly tiles: TileStreams;
  readonly #relay: EventRelay;

  /** Loads the decoder kernel. */
  static async create(arena: Arena, pool: CodecPool): Promise<Decoders> {
    const relay = new EventRelay();
    const tiles = await createTileStreams(arena, pool, relay);
    return new Decoders(await createPictureDecoder(arena, pool, relay), tiles, relay);
  }

  private constructor(pictures: PictureDecoder, tiles: TileStreams, relay: EventRelay) {
    this.pictures = pictures;
    this.tiles = tiles;
    this.#relay = relay;
  }

  /** Null: decoded pictures are released at once. */
  set listener(listener: DecodeEvents | null) {
    this.#relay.listener = listener;
  }

  /** Whether no frame waits, arrives or is decoded. */
  get isIdle(): boolean {
    return this.pictures.isIdle && this.tiles.isIdle;
  }

  /** Call when a thread or a slot may have become free. */
  pump(): void {
    this.pictures.pump();
    this.tiles.pump();
  }
}

class EventRelay implements DecodeEvents {
  listener: DecodeEvents | null = null;

  onDecoded(picture: DecodedPicture): void {
    if (this.listener !== null) this.listener.onDecoded(picture);
    else if (!picture.isRepeat) picture.slot.release();
  }

  onDropped(frame: ReceivedFrame, cause: "stale" | "decode", reason: string): void {
    this.listener?.onDropped(frame, cause, reason);
  }
}
