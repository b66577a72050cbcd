// The tables that encoding a rendition needs: a codec thread makes them, and their memory is used again.

import type { JobResult } from "../../codec/threads/job.ts";
import type { CodecPool } from "../../codec/threads/pool.ts";
import { samplingOf } from "../../codec/jpeg/sampling.ts";
import type { PixelFormat, Sampling, Size } from "../../core/pixel-format.ts";
import type { Rendition } from "../renditions/rendition.ts";

/** The pixels that the source delivers. Another object means that they have changed. */
export interface SourceLayout extends Size {
  format: PixelFormat;
}

export interface RenditionTablesOptions {
  pool: CodecPool;
  sampling: Sampling;
  /** Nominal frames a second; some sources know it with their first frame only. */
  source: { readonly framesPerSecond: number };
}

export class RenditionTables {
  readonly #options: RenditionTablesOptions;
  readonly #preparing = new Set<Rendition>();
  /** Addresses of tables that no rendition uses. */
  readonly #freeStates: number[] = [];
  /** What new tables are made for; null before the first frame. */
  #layout: SourceLayout | null = null;
  #failure: string | null = null;

  constructor(options: RenditionTablesOptions) {
    this.#options = options;
  }

  /** From here on tables are made for this layout; those in the making for another one are not used. */
  start(layout: SourceLayout): void {
    this.#layout = layout;
  }

  /** Why tables could not be made since the last call; null when all is well. */
  takeFailure(): string | null {
    const failure = this.#failure;
    this.#failure = null;
    return failure;
  }

  /** Whether the rendition, of pictures of this size, has its tables. If not, an idle thread makes them; ask again later. */
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

  /** Stops a rendition and takes its tables back; no thread may be using them. */
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
    // Meanwhile the last viewer of the rendition may have left, or the source may have changed.
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
