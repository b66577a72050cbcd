// The source `pattern`: a moving test card that shows its frame number and capture time in the picture.

import { Worker } from "node:worker_threads";
import { UsageError } from "../../core/errors.ts";
import type { Size } from "../../core/pixel-format.ts";
import { PROGRAM_FILES } from "../../program-files.ts";
import { deliverDrawn } from "./drawn-frames.ts";
import { MIN_CODE_SIZE } from "./frame-code.ts";
import type { Source } from "../source.ts";

/** Creates the source. Throws UsageError for a size that is too small for the frame code. */
export function createPattern(size: Size, framesPerSecond: number): Source {
  if (size.width < MIN_CODE_SIZE.width || size.height < MIN_CODE_SIZE.height) {
    throw new UsageError(
      `the pattern must have at least ${MIN_CODE_SIZE.width}x${MIN_CODE_SIZE.height} pixels, not ${size.width}x${size.height}`,
    );
  }
  const name = "pattern";
  return {
    name,
    framesPerSecond,
    run(sink, signal) {
      const worker = new Worker(PROGRAM_FILES.threads.pattern);
      return deliverDrawn({ name, size, framesPerSecond, worker }, sink, signal);
    },
  };
}
