// The interfaces between the encoders and the receivers of their pictures, which are called sinks.

import type { Micros } from "../../core/clock.ts";
import type { Size } from "../../core/pixel-format.ts";
import type { EncodedPicture } from "../picture.ts";
import type { Part, Rendition } from "./rendition.ts";

/** Tells the encoders which work is needed. The audience (all viewers of a camera) implements it. */
export interface Demand {
  /** Whether a viewer wants frames now. If no viewer does, no frame is encoded, and only the newest frame is kept. */
  readonly isWatched: boolean;
  /** Whether a viewer can be sent a frame now. If none can, a frame that is encoded now may be replaced before it is sent. */
  readonly isAwaited: boolean;
  /** Whether a viewer needs tiles. If no viewer does, JPEGs of the source are not decoded. */
  readonly wantsTiles: boolean;
  /** The shortest time between two JPEGs of the source that have to be decoded for tiles. 0 means every JPEG. */
  readonly tilesIntervalMicros: Micros;
  /** Returns whether a frame is sent in parts. `encodingMicros` is the expected time for its encoding. */
  wantsParts(encodingMicros: number): boolean;
}

/**
 * Receives the encoded tiles of renditions (sizes and qualities). The audience implements it, and a recorder could.
 *
 * The calls for each frame of each rendition are `begin`, `part`…, and then `commit` or `abort`. Frames that are not sent in
 * parts have no calls of `begin` and `part`. The bytes are read from the rendition (`composePart`, `compose`).
 */
export interface TileSink {
  /** Called before each frame, with the size of the pixels from which its tiles will be made. */
  useTiles(size: Size): void;
  begin(rendition: Rendition, frameNumber: number): void;
  part(rendition: Rendition, part: Part): void;
  /**
   * Called when the frame is complete and is now the newest of the rendition. `changedShare`, from 0 to 1, is the share of the
   * picture's tiles that have changed since the previous frame or were refreshed.
   */
  commit(rendition: Rendition, changedShare: number): void;
  /** Called when the open frame will not be completed. */
  abort(rendition: Rendition): void;
}

/** A sink that handles only complete frames. */
export class CommitSink implements TileSink {
  readonly #onCommit: (rendition: Rendition, changedShare: number) => void;

  constructor(onCommit: (rendition: Rendition, changedShare: number) => void) {
    this.#onCommit = onCommit;
  }

  commit(rendition: Rendition, changedShare: number): void {
    this.#onCommit(rendition, changedShare);
  }

  useTiles(): void {}
  begin(): void {}
  part(): void {}
  abort(): void {}
}

/** Receives the tiles of another server. The audience implements it. */
export interface RelaySink {
  /** Makes this rendition, which has a whole frame, the one that viewers get unchanged. `commit` follows for each of its frames. */
  passOn(rendition: Rendition): void;
}

/** Receives whole pictures in the order of their frame numbers. */
export interface PictureSink {
  /** Takes a picture. To keep it after the call has returned, call `retain` of `picture.block`. */
  publish(picture: EncodedPicture): void;
}
