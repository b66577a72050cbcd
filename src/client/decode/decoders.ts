// The two decoders of one camera, for whole pictures and for streams of tiles.

import type { Arena } from "../../codec/memory/arena.ts";
import type { CodecPool } from "../../codec/threads/pool.ts";
import type { DecodedPicture, DecodeEvents, ReceivedFrame } from "../picture.ts";
import { createPictureDecoder, type PictureDecoder } from "./picture-decoder.ts";
import { createTileStreams, type TileStreams } from "./tile-streams.ts";

/**
 * The decoders of one camera. The arena (the memory that all threads share) never frees memory. So when a camera is no longer
 * watched, its decoders are reused for the next camera. The `listener` may be changed only while `isIdle` is true.
 */
export class Decoders {
  readonly pictures: PictureDecoder;
  readonly tiles: TileStreams;
  readonly #relay: EventRelay;

  /** Loads the decoder kernel and creates the decoders. */
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

  /** The receiver of decoded pictures. While it is null, pictures are released immediately. */
  set listener(listener: DecodeEvents | null) {
    this.#relay.listener = listener;
  }

  /** Whether no frame waits, arrives or is being decoded. */
  get isIdle(): boolean {
    return this.pictures.isIdle && this.tiles.isIdle;
  }

  /** Decodes waiting frames. Call it whenever a thread or a slot (memory for one frame) may have become free. */
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
