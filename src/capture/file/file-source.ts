// The source that plays a recording, given as a file or an address. It plays in a loop or once at the recording's own rate, and
// shows a still picture permanently.

import { SourceError } from "../../core/errors.ts";
import { type Log, SILENT_LOG } from "../../core/log.ts";
import type { Sampling } from "../../core/pixel-format.ts";
import { SILENCE_MS } from "../../protocol/silence.ts";
import { requireFfmpeg } from "../pipe/ffmpeg.ts";
import { pictureInput, type Recording, type WantedOfInput } from "../pipe/ffmpeg-input.ts";
import type { FrameSink, Source } from "../source.ts";
import { beginsAsJpeg, examine } from "./examine.ts";
import { playJpegRun, RUN_FRAMES_PER_SECOND } from "./jpeg-run.ts";
import { RecordingPlayer, tellSilence } from "./play-recording.ts";
import { STILL_FRAMES_PER_SECOND, showStill } from "./show-still.ts";
import { readStillJpeg, readStillPixels, type Still } from "./still.ts";

export interface FileOptions extends WantedOfInput, Recording {
  /**
   * Whether the recording is played once instead of in a loop. `run` then resolves at its end, and rejects with SourceError for a still
   * picture. Default: false.
   */
  isPlayedOnce?: boolean;
  /** The chroma sampling of decoded frames. With 444 they keep the full resolution of their colours. */
  sampling?: Sampling;
  /** The log for the kind of content and the ffmpeg commands, at level `debug`. */
  log?: Log;
}

/** Creates the source. Throws MissingError when ffmpeg is needed and not installed. */
export function createFileSource(options: FileOptions): Source {
  if (!beginsAsJpeg(options.location)) requireFfmpeg(options.name);
  return new PlayedFile(options);
}

class PlayedFile implements Source {
  readonly name: string;
  readonly #options: FileOptions;
  readonly #sampling: Sampling;
  readonly #log: Log;
  /** The nominal rate (see `Source`). */
  framesPerSecond: number;

  constructor(options: FileOptions) {
    this.name = options.name;
    this.#options = options;
    this.#sampling = options.sampling ?? "420";
    this.#log = options.log ?? SILENT_LOG;
    this.framesPerSecond = options.framesPerSecond ?? 0;
  }

  async run(sink: FrameSink, signal: AbortSignal): Promise<void> {
    const { location, name, size, framesPerSecond } = this.#options;
    const input = pictureInput(this.#options);
    const silence = setTimeout(() => tellSilence(input, sink), SILENCE_MS);
    const content = await examine(location, input, signal).finally(() => clearTimeout(silence));
    if (signal.aborted) return;
    this.#log.debug(`${name} contains ${content.kind}`);
    const isAsItIs = size === null && framesPerSecond === null;
    const { isPlayedOnce = false } = this.#options;
    const isOnePicture = "isOnePicture" in content && content.isOnePicture && !isPlayedOnce;
    const isStill = content.kind === "a still JPEG" || content.kind === "another still picture" || isOnePicture;
    if (isPlayedOnce && (isStill || content.kind === "text")) {
      const what = isStill ? "a still picture" : "a text";
      throw new SourceError(`${name} is ${what}, not a video`, { retry: false });
    }
    if (content.kind === "a still JPEG" && size === null) {
      await this.#show(() => readStillJpeg(location, name), sink, signal);
    } else if (isStill) {
      await this.#show(() => readStillPixels({ ...input, size }, this.#sampling, signal), sink, signal);
    } else if (content.kind === "JPEGs end to end" && isAsItIs) {
      this.framesPerSecond = RUN_FRAMES_PER_SECOND;
      await playJpegRun({ ...this.#options, isPlayedOnce }, sink, signal);
    } else {
      const onRate = (announced: number) => {
        this.framesPerSecond = announced;
      };
      const options = { ...this.#options, isPlayedOnce, sampling: this.#sampling, log: this.#log, onRate };
      const player = new RecordingPlayer(options, sink, signal);
      if (content.kind !== "packets of JPEG") await player.decode();
      else if (isAsItIs) await player.passOn(content.height);
      else await player.decodePackets(content.height);
    }
  }

  async #show(read: () => Promise<Still>, sink: FrameSink, signal: AbortSignal): Promise<void> {
    this.framesPerSecond = this.#options.framesPerSecond ?? STILL_FRAMES_PER_SECOND;
    await showStill({ ...this.#options, read }, sink, signal);
  }
}
