// A sink in front of another one: everything is passed on, and each frame is noticed first. For what watches over a source.

import type { Delivery, FrameSink } from "../source.ts";

export abstract class ForwardingSink implements FrameSink {
  protected readonly sink: FrameSink;

  constructor(sink: FrameSink) {
    this.sink = sink;
  }

  /** A frame comes; it is passed on after this. */
  protected abstract onFrame(): void;

  reserve(...frame: Parameters<FrameSink["reserve"]>): ReturnType<FrameSink["reserve"]> {
    return this.sink.reserve(...frame);
  }

  pixels(...frame: Parameters<FrameSink["pixels"]>): Delivery {
    this.onFrame();
    return this.sink.pixels(...frame);
  }

  reserveJpeg(mostBytes: number): ReturnType<FrameSink["reserveJpeg"]> {
    return this.sink.reserveJpeg(mostBytes);
  }

  jpeg(...frame: Parameters<FrameSink["jpeg"]>): Delivery {
    this.onFrame();
    return this.sink.jpeg(...frame);
  }

  lost(): void {
    this.sink.lost();
  }

  trouble(text: string | null): void {
    this.sink.trouble(text);
  }
}
