// Shows a still picture: delivers it again at a fixed rate, and reads it again when its file has changed.

import { stat } from "node:fs/promises";
import { type Micros, nowMicros } from "../../core/clock.ts";
import { SourceError } from "../../core/errors.ts";
import { explainFileError } from "../../core/file-errors.ts";
import { pace } from "../../core/pace.ts";
import { isAddress } from "../../core/shown-address.ts";
import type { FrameSink } from "../source.ts";
import type { Still } from "./still.ts";

/** The rate of a still picture if the user asks for none. */
export const STILL_FRAMES_PER_SECOND = 2;

/** How often the file is checked for changes. */
const LOOKS_PER_SECOND = 10;

/** A file that another program writes may be missing or unfinished for this long. */
const UNFINISHED_MICROS = 1_000_000;

export interface StillOptions {
  location: string;
  name: string;
  /** Null means STILL_FRAMES_PER_SECOND. */
  framesPerSecond: number | null;
  /** Reads the picture. Rejects with SourceError when it cannot be read. */
  read: () => Promise<Still>;
}

/**
 * Shows the picture until `signal` aborts, then resolves. Rejects with SourceError when the picture cannot be read at the start
 * or later.
 */
export async function showStill(options: StillOptions, sink: FrameSink, signal: AbortSignal): Promise<void> {
  const framesPerSecond = options.framesPerSecond ?? STILL_FRAMES_PER_SECOND;
  const file = new WatchedFile(options);
  let still = await file.read();
  let framesDue = 0;
  await pace(Math.max(framesPerSecond, LOOKS_PER_SECOND), signal, async (seconds) => {
    const changed = await file.readChange();
    if (signal.aborted) return;
    still = changed ?? still;
    if (changed === null && seconds * framesPerSecond < framesDue) return;
    framesDue = Math.floor(seconds * framesPerSecond) + 1;
    still.deliver(sink);
  });
}

/** The file of a still picture, which another program may write at any time. */
class WatchedFile {
  readonly #options: StillOptions;
  /** A text that differs after the file has changed. */
  #state = "";
  /** The time since which the file is missing or unfinished, or null while it is complete. */
  #unfinishedSince: Micros | null = null;

  constructor(options: StillOptions) {
    this.#options = options;
  }

  async read(): Promise<Still> {
    this.#state = await this.#look();
    return this.#options.read();
  }

  /** Returns the new picture when the file has changed and is complete, or else null. */
  async readChange(): Promise<Still | null> {
    const now = nowMicros();
    try {
      const state = await this.#look();
      if (state !== this.#state) this.#unfinishedSince = now;
      this.#state = state;
      if (this.#unfinishedSince === null) return null;
      const still = await this.#options.read();
      if (!still.isWhole && now - this.#unfinishedSince < UNFINISHED_MICROS) return null;
      this.#unfinishedSince = null;
      return still;
    } catch (error) {
      this.#unfinishedSince ??= now;
      if (error instanceof SourceError && now - this.#unfinishedSince < UNFINISHED_MICROS) return null;
      throw error;
    }
  }

  async #look(): Promise<string> {
    const { location, name } = this.#options;
    if (isAddress(location)) return ""; // an address is read only once
    try {
      const { ino, size, mtimeNs, ctimeNs } = await stat(location, { bigint: true });
      return [ino, size, mtimeNs, ctimeNs].join(" ");
    } catch (cause) {
      throw new SourceError(`cannot read ${name}: ${explainFileError(cause)}`, { retry: "soon", cause });
    }
  }
}
