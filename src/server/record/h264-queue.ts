// The finished recordings that are to be written again as H.264: one at a time for the whole server.

import { settlesWithin } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import { Health } from "../../core/health.ts";
import type { Log } from "../../core/log.ts";
import { GONE, writeAsH264 } from "./h264-file.ts";
import { atLowPriority, type Priority } from "./low-priority.ts";

/** The number of files that wait. Further ones stay Motion JPEG. */
const MOST_WAITING = 32;
/** The longest time to wait for the end of the work on a file. On a disk that does not answer, it is given up. */
const END_MS = 2_000;

/** The figures of a camera's files, which `--json` prints. */
export interface H264Report {
  /** The files that were written again. */
  files: number;
  /** The files that stay Motion JPEG, because the server was too slow, or because writing them failed. */
  leftOut: number;
  /** The files that wait, or are being written. */
  waiting: number;
}

/** The finished files of one camera. */
export interface FinishedFiles {
  /** Adds a file, which is replaced later. */
  add(path: string): void;
  report(): H264Report;
}

interface WaitingFile {
  path: string;
  figures: H264Report;
  log: Log;
}

export class H264Queue implements AsyncDisposable {
  readonly #mostWaiting: number;
  readonly #priority: Priority;
  readonly #waiting: WaitingFile[] = [];
  readonly #ending = new AbortController();
  readonly #behind = new Health<"behind">();
  #leftOutWhileBehind = 0;
  #working: Promise<void> | null = null;
  #path: string | null = null;

  constructor({ mostWaiting = MOST_WAITING, priority = atLowPriority } = {}) {
    this.#mostWaiting = mostWaiting;
    this.#priority = priority;
  }

  /** The file that is being written again, or null. */
  get path(): string | null {
    return this.#path;
  }

  /** Returns a camera's part of the queue. */
  of(log: Log): FinishedFiles {
    const figures: H264Report = { files: 0, leftOut: 0, waiting: 0 };
    return {
      add: (path) => this.#add({ path, figures, log }),
      report: () => ({ ...figures }),
    };
  }

  #add(file: WaitingFile): void {
    if (this.#ending.signal.aborted) return;
    if (this.#waiting.length >= this.#mostWaiting) {
      file.figures.leftOut++;
      this.#leftOutWhileBehind++;
      const text = `H.264 takes longer than recording: files stay Motion JPEG while ${this.#mostWaiting} others wait`;
      if (this.#behind.begin("behind", text)) file.log.warning(text);
      return;
    }
    file.figures.waiting++;
    this.#waiting.push(file);
    this.#working ??= this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    for (let file = this.#waiting.shift(); file !== undefined; file = this.#waiting.shift()) {
      await this.#write(file);
      if (this.#ending.signal.aborted) return;
      if (this.#waiting.length > 0 || !this.#behind.end("behind")) continue;
      file.log.info(`all finished files are H.264 again; ${this.#leftOutWhileBehind} have stayed Motion JPEG`);
      this.#leftOutWhileBehind = 0;
    }
    // At once, because a file that is added next begins the work again.
    this.#working = null;
  }

  async #write({ path, figures, log }: WaitingFile): Promise<void> {
    this.#path = path;
    const failure = await writeAsH264(path, this.#priority, this.#ending.signal).catch(messageOf);
    this.#path = null;
    figures.waiting--;
    if (this.#ending.signal.aborted || failure === GONE) return;
    if (failure === null) {
      figures.files++;
      log.debug(`${path} is H.264 now`);
      return;
    }
    figures.leftOut++;
    log.warning(`${path} stays Motion JPEG: ${failure}`);
  }

  /** Takes no further file. Files that are not finished stay as they are. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    if (this.#working !== null) await settlesWithin(this.#working, END_MS);
  }
}
