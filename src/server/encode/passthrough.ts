// Passthrough: sends the source's JPEGs unchanged to the viewers (the audience). It also gives them to the transcoder, which
// decodes them for viewers that need tiles.

import type { JpegBlock } from "../../capture/jpeg-blocks.ts";
import type { RefusedJpeg } from "../../capture/source.ts";
import { UnsupportedJpegError } from "../../codec/jpeg/frame-kind.ts";
import { CodecError } from "../../core/errors.ts";
import { MAX_SIDE_PIXELS } from "../../core/pixel-format.ts";
import type { Log } from "../../core/log.ts";
import type { EncodedPicture } from "../picture.ts";
import type { PictureSink } from "../renditions/sinks.ts";
import type { EncodeFigures } from "./figures.ts";
import { type AcceptedJpeg, JpegIntake } from "./jpeg-intake.ts";
import type { Transcoder } from "./transcoder.ts";

/**
 * This many refused pictures in a row are reported to viewers. Fewer are only counted, because single damaged pictures are normal
 * for cameras.
 */
const REFUSED_IN_A_ROW = 3;

export interface PassthroughOptions {
  /** The memory for JPEGs to which Huffman tables are added. */
  slots: { reserveJpeg(mostBytes: number): JpegBlock | null };
  figures: EncodeFigures;
  sink: PictureSink;
  /** The decoder of JPEGs for viewers that need tiles. Null when the codec makes no tiles. */
  transcoder: Transcoder | null;
  log: Log;
}

export class Passthrough {
  readonly #options: PassthroughOptions;
  readonly #intake: JpegIntake;
  /** The number of refused JPEGs in a row, including the latest. */
  #refusedInARow = 0;
  #hasLoggedDamage = false;
  #hasAccepted = false;

  constructor(options: PassthroughOptions) {
    this.#options = options;
    this.#intake = new JpegIntake((bytes) => options.slots.reserveJpeg(bytes));
  }

  /** Checks a JPEG of the source. When it is refused or cannot be completed, its block is released and the reason is returned. */
  accept(block: JpegBlock, jpegBytes: number): AcceptedJpeg | RefusedJpeg {
    const { figures } = this.#options;
    const accepted = this.#tryAccept(block, jpegBytes);
    if (typeof accepted === "string") {
      block.release();
      figures.drops.add("source");
      return accepted;
    }
    this.#refusedInARow = 0;
    this.#hasAccepted = true;
    figures.health.end("damage");
    figures.health.end("kind");
    return accepted;
  }

  /** Passes a picture to the audience and then to the transcoder. This object owns the picture's block from now on. */
  passOn(picture: EncodedPicture): void {
    this.#options.sink.publish(picture);
    this.#options.transcoder?.offer(picture);
    picture.block.release();
  }

  #tryAccept(block: JpegBlock, jpegBytes: number): AcceptedJpeg | RefusedJpeg {
    try {
      return this.#intake.accept(block, jpegBytes) ?? "dropped: the JPEG is damaged";
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      this.#refusedInARow++;
      if (error instanceof UnsupportedJpegError) {
        this.#noteKind(error);
        return "dropped: the JPEG cannot be decoded";
      }
      this.#noteDamage(error);
      return "dropped: the JPEG is damaged";
    }
  }

  #noteDamage({ message }: CodecError): void {
    const { figures, log } = this.#options;
    // Only the first damaged picture is logged. All are counted.
    if (!this.#hasLoggedDamage) log.warning(`the source sent a damaged picture: ${message}`);
    this.#hasLoggedDamage = true;
    if (this.#refusedInARow === REFUSED_IN_A_ROW)
      figures.health.begin("damage", `the source sends damaged pictures: ${message}`);
  }

  /**
   * Handles a JPEG of a kind that cannot be decoded. If the source has also sent good pictures, viewers are told only after
   * several such JPEGs in a row, because a damaged picture may look like another kind.
   */
  #noteKind({ what }: UnsupportedJpegError): void {
    const { health } = this.#options.figures;
    if (health.has("kind") || (this.#hasAccepted && this.#refusedInARow < REFUSED_IN_A_ROW)) return;
    const advice = `set the camera to 8-bit baseline JPEG of at most ${MAX_SIDE_PIXELS}x${MAX_SIDE_PIXELS}`;
    health.begin("kind", `the source sends ${what}, which Slipstream does not decode; ${advice}`);
  }
}
