// Plays a recording with ffmpeg in a loop or once, at the recording's own rate. Packets of JPEG are passed on unchanged or decoded, other
// video is decoded.

import { nowMicros, sleep } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import { shownAddress } from "../../core/shown-address.ts";
import { SILENCE_MS } from "../../protocol/silence.ts";
import type { Sampling } from "../../core/pixel-format.ts";
import { pixelReader } from "../pipe/ffmpeg.ts";
import { ffmpegArguments, PROGRESS } from "../pipe/ffmpeg-command.ts";
import { FfmpegEnd, readFfmpeg } from "../pipe/ffmpeg-run.ts";
import { type FfmpegInput, fileInput, pictureInput, type Recording, type WantedOfInput } from "../pipe/ffmpeg-input.ts";
import type { Delivery, FrameSink } from "../source.ts";
import { type FieldOrder, fieldOrderArguments } from "./fields.ts";
import { PACKET_OUTPUT, PacketReader } from "./packet-reader.ts";

/** The shortest time from one start of ffmpeg to the next, so that a broken file does not start ffmpeg many times a second. */
const SHORTEST_PASS_MS = 500;

export interface RecordingOptions extends Recording, WantedOfInput {
  sampling: Sampling;
  log: Log;
  /** The player calls this with the nominal rate of a recording that it decodes. */
  onRate: (framesPerSecond: number) => void;
  /** Whether the recording is played once instead of in a loop. */
  isPlayedOnce: boolean;
}

export class RecordingPlayer {
  readonly #options: RecordingOptions;
  readonly #sink: FrameSink;
  readonly #signal: AbortSignal;
  #isOpenedForEachPass = false;

  /**
   * The methods resolve when `signal` aborts, or at the end of a recording that is played once. They reject with SourceError when the
   * recording cannot be read.
   */
  constructor(options: RecordingOptions, sink: FrameSink, signal: AbortSignal) {
    this.#options = options;
    this.#sink = sink;
    this.#signal = signal;
  }

  /**
   * Passes on packets of JPEG unchanged. `height` is the height that the container declares. Packets with two fields are decoded.
   */
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
    if (found.signal.aborted && !this.#signal.aborted) await this.decode(fields);
  }

  /** Decodes packets of JPEG, because the user wants another size or rate. */
  async decodePackets(height: number): Promise<void> {
    await this.decode(await this.#findFields(height));
  }

  /** Decodes any recording. `fields` is the order of the fields if packets have two of them. */
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

  /** Reads the first packets and returns the order of their fields, or null if they have none. */
  async #findFields(height: number): Promise<FieldOrder | null> {
    let fields: FieldOrder | null = null;
    const onFields = (order: FieldOrder) => {
      fields ??= order;
    };
    const reader = new PacketReader({ sink: NOWHERE, height, onFields });
    try {
      await this.#readPackets(pictureInput(this.#options), ["-frames:v", "3"], reader, this.#signal);
    } catch (error) {
      // ffmpeg ends after these packets. If it has failed, decoding will report why.
      if (!(error instanceof FfmpegEnd)) throw error;
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
   * Plays the recording again and again. Usually one call of `play` lasts for ever, because ffmpeg rewinds. But ffmpeg cannot
   * rewind some files, for example an AVI that begins with empty packets. It ends after these, and is started again.
   */
  async #inPasses(play: () => Promise<void>, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const startedAt = nowMicros();
      try {
        return await play();
      } catch (error) {
        if (!(error instanceof FfmpegEnd && error.isAfterFrames)) throw error;
        const { name, log, isPlayedOnce } = this.#options;
        if (isPlayedOnce) return;
        if (!this.#isOpenedForEachPass)
          log.info(`${name} cannot be rewound, so it is opened again each time it ends: ${error.message}`);
        this.#isOpenedForEachPass = true;
      }
      await sleep(Math.max(0, SHORTEST_PASS_MS - (nowMicros() - startedAt) / 1000), signal);
    }
  }
}

/** Reports that an address sends no picture. For a file nothing is reported, because a file may begin with a pause. */
export function tellSilence({ name, address }: Pick<FfmpegInput, "name" | "address">, sink: FrameSink): void {
  if (address !== null) sink.trouble(`${name} has sent no picture for ${SILENCE_MS / 1000} s`);
}

/** A sink that takes no frames. */
const NOWHERE: FrameSink = {
  reserve: () => null,
  pixels: (): Delivery => "dropped: there are no viewers",
  reserveJpeg: () => null,
  jpeg: (): Delivery => "dropped: there are no viewers",
  lost: () => undefined,
  trouble: () => undefined,
};
