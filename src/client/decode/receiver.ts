// Passes the messages of a connection to the decoder for whole pictures or to the decoder for tiles, and counts skipped frames.

import type { Picture, StreamHeader, Tiles } from "../../protocol/messages.ts";
import type { Arrival, Origin } from "../../protocol/origin.ts";
import type { Decoders } from "./decoders.ts";

/** The owner of a Receiver, which handles its events. */
export interface ReceiverOwner {
  /** The receiver calls this with the number of frames that the server left out before the newest frame. */
  framesSkipped(count: number): void;
}

export class Receiver {
  readonly #decoders: Decoders;
  readonly #owner: ReceiverOwner;
  #lastFrameNumber = 0;
  /** The number of pixels of a picture of the current stream. */
  #streamPixels = 0;

  constructor(decoders: Decoders, owner: ReceiverOwner) {
    this.#decoders = decoders;
    this.#owner = owner;
  }

  /** Begins a new connection. Its server sends a Stream message first. */
  begin(): void {
    this.#decoders.tiles.close();
    this.forgetLast();
  }

  /** Drops waiting frames, because the connection has ended. */
  end(): void {
    this.#decoders.tiles.close();
    this.#decoders.pictures.clear();
  }

  /** Ignores the gap before the next frame, so that it does not count as skipped frames. */
  forgetLast(): void {
    this.#lastFrameNumber = 0;
  }

  /** Handles a Stream message. Throws ProtocolError if the tiles of this stream cannot be decoded. */
  takeStream(stream: StreamHeader, origin: Origin): void {
    this.#streamPixels = stream.width * stream.height;
    if (stream.jpegHeader.length > 0) this.#decoders.tiles.open(stream, origin);
    else this.#decoders.tiles.close();
  }

  takePicture(picture: Picture, arrival: Arrival, origin: Origin): void {
    this.#countSkipped(picture.frameNumber);
    // The bytes are copied, because the socket reuses its memory, and the copy is transferred to a codec thread.
    const jpeg = new Uint8Array(picture.jpeg);
    this.#decoders.pictures.offer({
      frameNumber: picture.frameNumber,
      capturedAt: picture.capturedAt,
      encodedAt: picture.encodedAt,
      sentAt: picture.sentAt,
      firstByteAt: arrival.firstByteAt,
      lastByteAt: arrival.lastByteAt,
      bytes: jpeg.length,
      jpeg,
      maxPixels: this.#streamPixels,
      origin,
    });
  }

  /** Handles a Tiles message. Throws ProtocolError for tile numbers outside the picture. */
  takeTiles(tiles: Tiles, arrival: Arrival, origin: Origin): void {
    if (tiles.isLast) this.#countSkipped(tiles.frameNumber);
    this.#decoders.tiles.offer(tiles, arrival, origin);
  }

  /** Decodes waiting frames. Call it when a thread or a slot may have become free. */
  pump(): void {
    this.#decoders.pump();
  }

  #countSkipped(frameNumber: number): void {
    if (this.#lastFrameNumber > 0) {
      this.#owner.framesSkipped(Math.max(0, frameNumber - this.#lastFrameNumber - 1));
    }
    this.#lastFrameNumber = frameNumber;
  }
}
