// The conversations between the encoders and those that take what they make: what is wanted, and what is ready.

import type { Size } from "../../core/pixel-format.ts";
import type { EncodedPicture } from "../picture.ts";
import type { Rendition } from "./rendition.ts";

/** What is wanted of the encoders. The audience answers. */
export interface Demand {
  /** Whether a viewer wants frames now. If none does, nothing is encoded, and only the newest frame is kept. */
  readonly isWatched: boolean;
  /** Whether a viewer is to be sent tiles. If none is, JPEGs of the source are not decoded. */
  readonly wantsTiles: boolean;
  /** Whether a frame is handed on in parts. `encodingMicros` is how long its encoding is expected to take. */
  wantsParts(encodingMicros: number): boolean;
}

/** A run of tiles of an open frame that are encoded. */
export interface Part {
  /** Number of its first tile. */
  readonly first: number;
  /** How many tiles it spans; tiles in it that have not changed count too. */
  readonly count: number;
  /** Whether the frame is whole with this part. Parts come in any order. */
  readonly isLast: boolean;
}

/**
 * Takes the tiles of renditions as they are encoded: the audience does, and a recorder could.
 *
 * For each frame of each rendition the order is `begin`, `part`…, then `commit` or `abort`; `begin` and `part` are left out
 * for frames that are not handed on in parts. The bytes are read from the rendition (`composePart`, `compose`).
 */
export interface TileSink {
  /** The source delivers pixels of this size, from which tiles will be made. Called before each frame. */
  useTiles(size: Size): void;
  begin(rendition: Rendition, frameNumber: number): void;
  part(rendition: Rendition, part: Part): void;
  /**
   * The frame is whole, and the newest of the rendition. `changedShare`, 0 to 1, is the share of the picture's tiles that
   * have changed since the frame before, or were due to be refreshed.
   */
  commit(rendition: Rendition, changedShare: number): void;
  /** The open frame will not become whole. */
  abort(rendition: Rendition): void;
}

/** A sink that only needs to hear of whole frames. */
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

/** Takes whole pictures, in the order of their frame numbers. */
export interface PictureSink {
  /** Retain `picture.block` to keep the picture beyond this call. */
  publish(picture: EncodedPicture): void;
}
