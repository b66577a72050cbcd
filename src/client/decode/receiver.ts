// Gives the messages of a connection to the decoders, whole pictures to one and tiles to the other, and counts skipped frames.

import type { Picture, StreamHeader, Tiles } from "../../protocol/messages.ts";
import type { Arrival, Origin } from "../picture.ts";
import type { Decoders } from "./decoders.ts";

/** Where the receiver counts and notes what it sees. */
export interface ReceiverOwner {
  /** So many frames are missing before the newest one: the server left them out. */
  framesSkipped(count: number): void;
}

export class Receiver {
  readonly #decoders: Decoders;
  readonly #owner: ReceiverOwner;
  #lastFrameNumber = 0;

  constructor(decoders: Decoders, owner: ReceiverOwner) {
    this.#decoders = decoders;
    this.#owner = owner;
  }

  /** Begins a new connection: its server sends a Stream message first. */
  begin(): void {
    this.#decoders.tiles.close();
    this.forgetLast();
  }

  /** Drops what waits to be decoded: the connection has ended and will not come back. */
  end(): void {
    this.#decoders.tiles.close();
    this.#decoders.pictures.clear();
  }

  /** Does not count frames that are missing before the next one as skipped. */
  forgetLast(): void {
    this.#lastFrameNumber = 0;
  }

  /** Throws ProtocolError if the tiles of this stream could not be decoded. */
  takeStream(stream: StreamHeader, origin: Origin): void {
    if (stream.jpegHeader.length > 0) this.#decoders.tiles.open(stream, origin);
    else this.#decoders.tiles.close();
  }

  takePicture(picture: Picture, arrival: Arrival, origin: Origin): void {
    this.#countSkipped(picture.frameNumber);
    const jpeg = new Uint8Array(picture.jpeg); // a copy, which moves to a codec thread; the socket uses its own memory again
    this.#decoders.pictures.offer({
      frameNumber: picture.frameNumber,
      capturedAt: picture.capturedAt,
      encodedAt: picture.encodedAt,
      sentAt: picture.sentAt,
      firstByteAt: arrival.firstByteAt,
      lastByteAt: arrival.lastByteAt,
      bytes: jpeg.length,
      jpeg,
      origin,
    });
  }

  /** Throws ProtocolError for tiles that the stream does not have. */
  takeTiles(tiles: Tiles, arrival: Arrival, origin: Origin): void {
    if (tiles.isLast) this.#countSkipped(tiles.frameNumber);
    this.#decoders.tiles.offer(tiles, arrival, origin);
  }

  /** Call when a thread or a slot may have become free. */
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
