// From a connection's messages to the decoders: whole pictures go one way, tiles the other; what the server left out is counted.

import type { Picture, StreamHeader, Tiles } from "../../protocol/messages.ts";
import type { Arrival, Origin } from "../picture.ts";
import type { DecodePipeline } from "./picture-decoder.ts";
import type { TilePipeline } from "./tile-streams.ts";
import type { ViewFigures } from "../figures.ts";

export class Receiver {
  readonly #pictures: DecodePipeline;
  readonly #tiles: TilePipeline;
  readonly #figures: ViewFigures;
  #lastFrameNumber = 0;

  constructor(pictures: DecodePipeline, tiles: TilePipeline, figures: ViewFigures) {
    this.#pictures = pictures;
    this.#tiles = tiles;
    this.#figures = figures;
  }

  /** A new connection: its server says anew what it sends. */
  begin(): void {
    this.#tiles.close();
    this.forgetLast();
  }

  /** Frames left out before the next one are not counted. */
  forgetLast(): void {
    this.#lastFrameNumber = 0;
  }

  /** Throws ProtocolError where tiles would follow that cannot be decoded. */
  takeStream(stream: StreamHeader, origin: Origin): void {
    this.#figures.stream = stream;
    this.#figures.trouble.setRate(stream.framesPerSecond);
    if (stream.jpegHeader.length > 0) this.#tiles.open(stream, origin);
    else this.#tiles.close();
  }

  takePicture(picture: Picture, arrival: Arrival, origin: Origin): void {
    this.#countSkipped(picture.frameNumber);
    const { frameNumber, capturedAt, encodedAt, sentAt } = picture;
    const { firstByteAt, lastByteAt } = arrival;
    const jpeg = new Uint8Array(picture.jpeg); // a copy: its memory moves to a codec thread, the socket's stays here
    const times = { capturedAt, encodedAt, sentAt, firstByteAt, lastByteAt };
    this.#pictures.offer({ frameNumber, ...times, bytes: jpeg.length, jpeg, origin });
  }

  /** Throws ProtocolError for tiles that the stream does not have. */
  takeTiles(tiles: Tiles, arrival: Arrival, origin: Origin): void {
    if (tiles.isLast) this.#countSkipped(tiles.frameNumber);
    this.#tiles.offer(tiles, arrival, origin);
  }

  /** Call when a thread or a slot may have become free. */
  pump(): void {
    this.#pictures.pump();
    this.#tiles.pump();
  }

  #countSkipped(frameNumber: number): void {
    if (this.#lastFrameNumber > 0) {
      this.#figures.drops.add("skipped", Math.max(0, frameNumber - this.#lastFrameNumber - 1));
    }
    this.#lastFrameNumber = frameNumber;
  }
}
