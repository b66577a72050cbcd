// A camera that is read over HTTP. Its address gives a stream of JPEGs, or a single JPEG that is requested repeatedly.
//
// Each run opens one connection and reads its answer, without a separate probe, because many cameras serve only one client at a
// time. Video that is not JPEG is passed to the reader for other video.

import { nowMicros, sleep } from "../../core/clock.ts";
import { codeOf, SourceError } from "../../core/errors.ts";
import type { FrameSink, Source } from "../source.ts";
import type { CameraAddress } from "./address.ts";
import { AnswerWatch } from "./answer-watch.ts";
import { type Answer, readAnswer } from "./answer.ts";
import { CameraClient } from "./client.ts";
import { CameraFrames } from "./camera-frames.ts";
import { answersWithPage, answersWithoutPicture, answersWithStill, answersWithText, hasEnded } from "./failures.ts";

/** The default rate of requests for single pictures. It is low, because the camera encodes a picture for each request. */
export const DEFAULT_SNAPSHOTS_PER_SECOND = 5;

/** The errors of `fetch` for the body of an answer that other programs can read. */
const UNREADABLE_BODIES: ReadonlySet<string> = new Set(["ECONNRESET", "ZlibError"]);

/** The number of requests for single pictures in a row that may fail before the camera counts as lost. */
const MAX_FAILED_REQUESTS = 3;

export interface HttpCameraOptions {
  /** The name for people, which has no password. */
  name: string;
  address: CameraAddress;
  /**
   * The highest rate of delivered pictures, and the rate of requests for single pictures. Null means the camera's own rate for a
   * stream.
   */
  framesPerSecond: number | null;
  /** The trusted certificates as PEM. Null means the certificates of the public authorities. */
  certificate: string | null;
  /**
   * Makes the source for video that is not JPEG. `body` is the answer from its start. It is null when the video must be read from
   * its address, because it is one file or several files.
   */
  openOther: (body: ReadableStream<Uint8Array> | null) => Source;
}

export function createHttpCamera(options: HttpCameraOptions): Source {
  return new HttpCamera(options);
}

class HttpCamera implements Source {
  readonly name: string;
  readonly #options: HttpCameraOptions;
  readonly #client: CameraClient;
  /** The source for video that is not JPEG, or null while it is not needed. */
  #other: Source | null = null;
  /** Whether the address gives one picture for each request. */
  #isSnapshot = false;

  constructor(options: HttpCameraOptions) {
    this.name = options.name;
    this.#options = options;
    this.#client = new CameraClient(options);
  }

  get framesPerSecond(): number {
    if (this.#other !== null) return this.#other.framesPerSecond;
    return this.#options.framesPerSecond ?? (this.#isSnapshot ? DEFAULT_SNAPSHOTS_PER_SECOND : 0);
  }

  async run(sink: FrameSink, signal: AbortSignal): Promise<void> {
    const frames = new CameraFrames(sink, this.#options.framesPerSecond);
    const intervalMs = 1000 / (this.#options.framesPerSecond ?? DEFAULT_SNAPSHOTS_PER_SECOND);
    this.#other = null;
    let failures = 0;
    using _ = this.#client;
    while (!signal.aborted) {
      const askedAt = nowMicros();
      try {
        await this.#ask(frames, sink, signal);
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        // A refused password is not sent again at once, because cameras lock accounts after a few wrong passwords. The same holds
        // for a camera that asks for a pause.
        const isLasting =
          !(error instanceof SourceError) || error.retry === false || error.retry === "minutes" || error.pauseMs > 0;
        const mayPass = this.#isSnapshot && frames.count > 0 && !isLasting;
        if (!mayPass || ++failures === MAX_FAILED_REQUESTS) throw error;
      }
      await sleep(Math.max(0, intervalMs - (nowMicros() - askedAt) / 1000), signal);
    }
  }

  /** Sends one request and reads its answer. Resolves when the next request is due. */
  async #ask(frames: CameraFrames, sink: FrameSink, signal: AbortSignal): Promise<void> {
    let answer: Answer;
    {
      using watch = new AnswerWatch({ name: this.name, frames, sink });
      const ending = AbortSignal.any([signal, watch.signal]);
      try {
        const response = await this.#client.get(frames.conditions, ending);
        watch.answered();
        if (response.status === 304) {
          if (frames.repeat()) return;
          throw answersWithoutPicture(this.name);
        }
        answer = await readAnswer(response, frames, () => watch.received());
      } catch (error) {
        // When the connection ends before the declared length, `fetch` may discard the bytes that have come.
        if (frames.count === 0 && UNREADABLE_BODIES.has(codeOf(error) ?? "") && this.#client.beLenient()) return;
        throw watch.explain(error);
      }
    }
    if (answer.kind === "page") throw answersWithPage(this.name);
    if (answer.kind === "still") throw answersWithStill(this.name, answer.format);
    if (answer.kind === "text") throw answersWithText(this.name, answer.type);
    if (answer.kind === "other") return this.#readOther(answer.body, sink, signal);
    if ((answer.count === 0 || answer.isBroken) && this.#client.beLenient()) return;
    if (answer.count === 0) throw answersWithoutPicture(this.name);
    this.#isSnapshot = answer.count === 1;
    if (!this.#isSnapshot) throw hasEnded(this.name);
  }

  async #readOther(body: ReadableStream<Uint8Array> | null, sink: FrameSink, signal: AbortSignal): Promise<void> {
    const other = this.#options.openOther(body);
    this.#other = other;
    await other.run(sink, signal);
  }
}
