// Plays a recording by ffmpeg, in a loop at its own pace: packets of JPEG as they are, or decoded.

import { nowMicros, sleep } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import { shownAddress } from "../../core/shown-address.ts";
import { SILENCE_MS } from "../../protocol/silence.ts";
import type { Sampling } from "../../core/pixel-format.ts";
import { FfmpegEnd, ffmpegArguments, PROGRESS, pixelReader, readFfmpeg } from "../pipe/ffmpeg.ts";
import { type FfmpegInput, fileInput, pictureInput, type Recording, type WantedOfInput } from "../pipe/ffmpeg-input.ts";
import type { Delivery, FrameSink } from "../source.ts";
import { type FieldOrder, fieldOrderArguments } from "./fields.ts";
import { PACKET_OUTPUT, PacketReader } from "./packet-reader.ts";

/** A pass takes at least this long, so that a broken file does not start one ffmpeg after the other. */
const SHORTEST_PASS_MS = 500;

export interface RecordingOptions extends Recording, WantedOfInput {
  sampling: Sampling;
  log: Log;
  /** Called with the nominal rate of a recording that is decoded. */
  onRate: (framesPerSecond: number) => void;
}

export class RecordingPlayer {
  readonly #options: RecordingOptions;
  readonly #sink: FrameSink;
  readonly #signal: AbortSignal;
  #isOpenedForEachPass = false;

  /** The methods resolve when `signal` aborts, and reject with SourceError when the recording cannot be read. */
  constructor(options: RecordingOptions, sink: FrameSink, signal: AbortSignal) {
    this.#options = options;
    this.#sink = sink;
    this.#signal = signal;
  }

  /** Passes on packets of JPEG. `height` is what the container says. Packets with two fields are decoded. */
  async passOn(height: number): Promise<void> {
    const found = new AbortController();
    let fields: FieldOrder | null = null;
    const onFields = (order: FieldOrder) => {
      fields = order;
      found.abort();
    };
    const input = fileInput(this.#options);
    const either = AbortSignal.any([this.#signal, found.signal]);
    await this.#inPasses(
      () => this.#readPackets(input, [], new PacketReader({ sink: this.#sink, height, onFields }), either),
      either,
    );
    if (!this.#signal.aborted) await this.decode(fields);
  }

  /** Decodes packets of JPEG, to which a size or a rate is to be given. */
  async decodePackets(height: number): Promise<void> {
    await this.decode(await this.#findFields(height));
  }

  /** Decodes any recording. `fields` says which field is the first one, where a packet holds two. */
  async decode(fields: FieldOrder | null = null): Promise<void> {
    const { sampling, onRate } = this.#options;
    const plain = fileInput(this.#options);
    const input = { ...plain, arguments: [...fieldOrderArguments(fields), ...plain.arguments] };
    const command = ffmpegArguments(input, sampling);
    this.#log(command);
    const sink = this.#sink;
    await this.#inPasses(() => {
      const reader = pixelReader(input, { sampling, sink, onRate });
      return readFfmpeg({ input, command, reader, onSilence: () => tellSilence(input, sink) }, this.#signal);
    }, this.#signal);
  }

  /** Looks for fields in the first packets. */
  async #findFields(height: number): Promise<FieldOrder | null> {
    let fields: FieldOrder | null = null;
    const onFields = (order: FieldOrder) => {
      fields ??= order;
    };
    const reader = new PacketReader({ sink: NOWHERE, height, onFields });
    try {
      await this.#readPackets(pictureInput(this.#options), ["-frames:v", "3"], reader, this.#signal);
    } catch (error) {
      if (!(error instanceof FfmpegEnd)) throw error; // it ends after these packets, and decoding says why it fails
    }
    return fields;
  }

  #readPackets(input: FfmpegInput, limit: string[], reader: PacketReader, signal: AbortSignal): Promise<void> {
    const quietly = ["-hide_banner", "-nostdin", "-loglevel", "error"];
    const command = [...quietly, ...PROGRESS, ...input.arguments, ...limit, ...PACKET_OUTPUT];
    this.#log(command);
    return readFfmpeg({ input, command, reader, onSilence: () => tellSilence(input, this.#sink) }, signal);
  }

  #log(command: readonly string[]): void {
    this.#options.log.debug(`ffmpeg is started: ${command.map(shownAddress).join(" ")}`);
  }

  /**
   * Plays the recording again and again. Usually one pass lasts for ever, because ffmpeg rewinds. It cannot rewind some files, such as an
   * AVI that begins with empty packets, and ends instead.
   */
  async #inPasses(play: () => Promise<void>, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const startedAt = nowMicros();
      try {
        return await play();
      } catch (error) {
        if (!(error instanceof FfmpegEnd && error.isAfterFrames)) throw error;
        const { name, log } = this.#options;
        if (!this.#isOpenedForEachPass) log.info(`${name} is opened again each time it has played: ${error.message}`);
        this.#isOpenedForEachPass = true;
      }
      await sleep(Math.max(0, SHORTEST_PASS_MS - (nowMicros() - startedAt) / 1000), signal);
    }
  }
}

/** Says that an address accepts and does not answer. A file is near, and may begin with a pause. */
export function tellSilence({ name, address }: Pick<FfmpegInput, "name" | "address">, sink: FrameSink): void {
  if (address !== null) sink.trouble(`${name} has sent no picture for ${SILENCE_MS / 1000} s`);
}

/** Takes no frame. */
const NOWHERE: FrameSink = {
  reserve: () => null,
  pixels: (): Delivery => "dropped: there are no viewers",
  reserveJpeg: () => null,
  jpeg: (): Delivery => "dropped: there are no viewers",
  lost: () => undefined,
  trouble: () => undefined,
};
