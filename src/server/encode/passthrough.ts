// Passthrough: sends the source's JPEGs unchanged to the audience, and to the transcoder for viewers that need tiles.

import type { JpegBlock } from "../../capture/jpeg-blocks.ts";
import { CodecError } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import type { EncodedPicture } from "../picture.ts";
import type { PictureSink } from "../renditions/sinks.ts";
import type { EncodeFigures } from "./figures.ts";
import { type AcceptedJpeg, JpegIntake } from "./jpeg-intake.ts";
import type { Transcoder } from "./transcoder.ts";

/**
 * The number of damaged pictures in a row that is reported to viewers. Fewer are only counted, because cameras sometimes damage a
 * picture.
 */
const DAMAGED_IN_A_ROW = 3;

export interface PassthroughOptions {
  /** The memory for JPEGs to which tables are added. */
  slots: { reserveJpeg(mostBytes: number): JpegBlock | null };
  figures: EncodeFigures;
  sink: PictureSink;
  /** Null when no tiles can be made from JPEGs. */
  transcoder: Transcoder | null;
  log: Log;
}

export class Passthrough {
  readonly #options: PassthroughOptions;
  readonly #intake: JpegIntake;
  /** The number of damaged JPEGs in a row, including the latest. */
  #damagedInARow = 0;
  #hasLoggedDamage = false;

  constructor(options: PassthroughOptions) {
    this.#options = options;
    this.#intake = new JpegIntake((bytes) => options.slots.reserveJpeg(bytes));
  }

  /** Checks a JPEG of the source. When it is damaged or cannot be completed, its block is released and null is returned. */
  accept(block: JpegBlock, jpegBytes: number): AcceptedJpeg | null {
    const { figures } = this.#options;
    const accepted = this.#tryAccept(block, jpegBytes);
    if (accepted === null) {
      block.release();
      figures.drops.add("source");
    } else {
      figures.health.end("damage");
    }
    return accepted;
  }

  /** Passes a picture to the audience and then to the transcoder. This object owns the picture's block from now on. */
  passOn(picture: EncodedPicture): void {
    this.#options.sink.publish(picture);
    this.#options.transcoder?.offer(picture);
    picture.block.release();
  }

  #tryAccept(block: JpegBlock, jpegBytes: number): AcceptedJpeg | null {
    try {
      const accepted = this.#intake.accept(block, jpegBytes);
      this.#damagedInARow = 0;
      return accepted;
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      this.#noteDamage(error);
      return null;
    }
  }

  #noteDamage({ message }: CodecError): void {
    const { figures, log } = this.#options;
    // Only the first damaged picture is logged. All are counted.
    if (!this.#hasLoggedDamage) log.warning(`the source sent a damaged picture: ${message}`);
    this.#hasLoggedDamage = true;
    if (++this.#damagedInARow === DAMAGED_IN_A_ROW)
      figures.health.begin("damage", `the source sends damaged pictures: ${message}`);
  }
}
