// A sink that forwards every call to another sink, and reports each frame first. Wrappers that watch a source use it.

import type { Micros } from "../core/clock.ts";
import type { StreamHeader, Tiles } from "../protocol/messages.ts";
import type { Delivery, FrameSink } from "./source.ts";

export abstract class ForwardingSink implements FrameSink {
  protected readonly sink: FrameSink;

  constructor(sink: FrameSink) {
    this.sink = sink;
  }

  get room(): FrameSink["room"] {
    return this.sink.room;
  }

  /** The sink calls this for each frame, before it forwards the frame. */
  protected abstract onFrame(): void;

  reserve(...frame: Parameters<FrameSink["reserve"]>): ReturnType<FrameSink["reserve"]> {
    return this.sink.reserve(...frame);
  }

  pixels(...frame: Parameters<FrameSink["pixels"]>): Delivery {
    this.onFrame();
    return this.sink.pixels(...frame);
  }

  reserveJpeg(maxBytes: number): ReturnType<FrameSink["reserveJpeg"]> {
    return this.sink.reserveJpeg(maxBytes);
  }

  jpeg(...frame: Parameters<FrameSink["jpeg"]>): Delivery {
    this.onFrame();
    return this.sink.jpeg(...frame);
  }

  stream(stream: StreamHeader): void {
    this.sink.stream?.(stream);
  }

  tiles(tiles: Tiles): void {
    if (tiles.isLast) this.onFrame();
    this.sink.tiles?.(tiles);
  }

  lost(): void {
    this.sink.lost();
  }

  trouble(text: string | null, since?: Micros): void {
    this.sink.trouble(text, since);
  }
}
