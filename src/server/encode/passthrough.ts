// Passthrough: JPEGs of the source go to the audience as they are, and to the transcoder for viewers that need tiles.

import type { JpegBlock } from "../../capture/jpeg-blocks.ts";
import { CodecError } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import type { EncodedPicture } from "../picture.ts";
import type { PictureSink } from "../renditions/sinks.ts";
import type { EncodeFigures } from "./figures.ts";
import { type AcceptedJpeg, JpegIntake } from "./jpeg-intake.ts";
import type { Transcoder } from "./transcoder.ts";

/** Cameras damage a picture now and then, which is only counted. This many in a row are reported to viewers. */
const DAMAGED_IN_A_ROW = 3;

export interface PassthroughOptions {
  /** Memory for JPEGs that have to be completed. */
  slots: { reserveJpeg(mostBytes: number): JpegBlock | null };
  figures: EncodeFigures;
  sink: PictureSink;
  /** Null where no tiles can be made of JPEGs. */
  transcoder: Transcoder | null;
  log: Log;
}

export class Passthrough {
  readonly #options: PassthroughOptions;
  readonly #intake: JpegIntake;
  /** Damaged JPEGs in a row, the latest included. */
  #damagedInARow = 0;
  #hasLoggedDamage = false;

  constructor(options: PassthroughOptions) {
    this.#options = options;
    this.#intake = new JpegIntake((bytes) => options.slots.reserveJpeg(bytes));
  }

  /** Checks a JPEG of the source. Returns null, and releases the block, when it is damaged or cannot be completed. */
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

  /** Hands a picture to the audience, and then to the transcoder. Takes its block. */
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
    // The first one is logged; the drop counter tells of the others.
    if (!this.#hasLoggedDamage) log.warning(`the source sent a damaged picture: ${message}`);
    this.#hasLoggedDamage = true;
    if (++this.#damagedInARow === DAMAGED_IN_A_ROW)
      figures.health.begin("damage", `the source sends damaged pictures: ${message}`);
  }
}
