// Runs a source that reads a camera over HTTP, and records its frames.

import { expect } from "bun:test";
import { parseAddress } from "../../src/capture/http/address.ts";
import { createHttpCamera, type HttpCameraOptions } from "../../src/capture/http/http-camera.ts";
import type { Source } from "../../src/capture/source.ts";
import { SourceError } from "../../src/core/errors.ts";
import { RecordingSink } from "./recording-sink.ts";
import { until } from "./wait-until.ts";

/** Returns the source of a camera address. The camera must send JPEGs unless `openOther` is given. */
export function cameraAt(address: string, options: Partial<HttpCameraOptions> = {}): Source {
  return createHttpCamera({
    name: "the camera",
    address: parseAddress(address, "the camera"),
    framesPerSecond: null,
    certificate: null,
    openOther: () => {
      throw new Error("the camera is read by ffmpeg");
    },
    ...options,
  });
}

/** A source that runs until the end of the scope, with its frames. */
export class CameraRun implements AsyncDisposable {
  readonly sink = new RecordingSink();
  readonly #stopping = new AbortController();
  /** The reason why the source has ended, or null while it runs. */
  error: unknown = null;
  readonly #ended: Promise<void>;

  constructor(source: Source) {
    this.#ended = source.run(this.sink, this.#stopping.signal).catch((error: unknown) => {
      this.error = error;
    });
  }

  /** Waits for this number of pictures. */
  async pictures(count: number): Promise<Uint8Array[]> {
    await until(() => this.sink.jpegs.length >= count || this.error !== null, `${count} pictures`, 10_000);
    if (this.error !== null && this.sink.jpegs.length < count) throw this.error;
    return this.sink.jpegs;
  }

  /** Waits until the source fails, and returns the reason. */
  async failure(): Promise<SourceError> {
    await until(() => this.error !== null, "the source to fail", 20_000);
    expect(this.error).toBeInstanceOf(SourceError);
    return this.error as SourceError;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
  }
}
