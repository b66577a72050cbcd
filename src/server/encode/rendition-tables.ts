// Prepares the tables (quantisation, Huffman, JPEG header) for the encoding of a rendition, which is one size and quality. A
// codec thread computes them, and their memory is reused.

import type { JobResult } from "../../codec/threads/job.ts";
import type { CodecPool } from "../../codec/threads/pool.ts";
import { samplingOf } from "../../codec/jpeg/sampling.ts";
import type { PixelFormat, Sampling, Size } from "../../core/pixel-format.ts";
import type { Rendition } from "../renditions/rendition.ts";

/** The size and format of the source's pixels. When they change, there is a new object. */
export interface SourceLayout extends Size {
  format: PixelFormat;
}

export interface RenditionTablesOptions {
  pool: CodecPool;
  sampling: Sampling;
  /** The source, with its nominal frame rate. Some sources know the rate only after their first frame. */
  source: { readonly framesPerSecond: number };
  /** The addresses of free memory for tables. All cameras share them. */
  freeStates: number[];
}

export class RenditionTables {
  readonly #options: RenditionTablesOptions;
  readonly #preparing = new Set<Rendition>();
  readonly #freeStates: number[];
  /** The layout for which tables are made, or null before the first frame. */
  #layout: SourceLayout | null = null;
  #failure: string | null = null;

  constructor(options: RenditionTablesOptions) {
    this.#options = options;
    this.#freeStates = options.freeStates;
  }

  /** Makes tables for this layout from now on. Unfinished tables for another layout will not be used. */
  start(layout: SourceLayout): void {
    this.#layout = layout;
  }

  /** Returns the reason why tables could not be made since the last call, or null when all succeeded. */
  takeFailure(): string | null {
    const failure = this.#failure;
    this.#failure = null;
    return failure;
  }

  /**
   * Returns whether the rendition has its tables for pictures of this size. If not, an idle thread makes them, and the caller
   * asks again later.
   */
  isReady(rendition: Rendition, size: Size): boolean {
    if (rendition.picture !== null) return true;
    const layout = this.#layout;
    if (layout === null || this.#preparing.has(rendition)) return false;
    const { width, height } = size;
    const { format } = layout;
    const { quality } = rendition.level;
    const sampling = samplingOf(format, this.#options.sampling);
    const stateAddress = this.#freeStates.pop() ?? null;
    const job = { kind: "prepare-tiles", width, height, format, sampling, quality, stateAddress } as const;
    const isTaken = this.#options.pool.tryRun(job, (result: JobResult<"prepare-tiles">) => {
      this.#preparing.delete(rendition);
      if (result.ok) {
        this.#finish(rendition, size, layout, result.value.picture);
      } else {
        if (stateAddress !== null) this.#freeStates.push(stateAddress);
        this.#failure = result.message;
      }
    });
    if (isTaken) this.#preparing.add(rendition);
    else if (stateAddress !== null) this.#freeStates.push(stateAddress);
    return false;
  }

  /** Stops a rendition and takes its tables back. No thread may use them at that time. */
  release(rendition: Rendition): void {
    if (rendition.picture !== null) this.#freeStates.push(rendition.picture.stateAddress);
    rendition.stop();
  }

  #finish(
    rendition: Rendition,
    { width, height }: Size,
    layout: SourceLayout,
    picture: NonNullable<Rendition["picture"]>,
  ): void {
    // While the tables were made, the last viewer of the rendition may have left, or the source may have changed.
    if (rendition.users === 0 || this.#layout !== layout) {
      this.#freeStates.push(picture.stateAddress);
      return;
    }
    rendition.start(picture, {
      width,
      height,
      framesPerSecond: this.#options.source.framesPerSecond,
      codec: "simd",
      quality: rendition.level.quality,
      sourceWidth: layout.width,
      sourceHeight: layout.height,
    });
  }
}
