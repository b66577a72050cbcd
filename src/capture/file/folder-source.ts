// The source that plays the videos of a folder like one camera: one after the other in the order of their names, each at its own
// times, and then from the beginning.

import { accessSync, constants, type Dirent, readdirSync } from "node:fs";
import { access, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Micros, nowMicros, sleep } from "../../core/clock.ts";
import { codeOf, messageOf, SourceError } from "../../core/errors.ts";
import { explainFileError } from "../../core/file-errors.ts";
import { SILENT_LOG } from "../../core/log.ts";
import { printable } from "../../core/printable.ts";
import { requireFfmpeg } from "../pipe/ffmpeg.ts";
import { shortageOf } from "../shortage.ts";
import type { FrameSink, Source } from "../source.ts";
import { ForwardingSink } from "../forwarding-sink.ts";
import { createFileSource, type FileOptions } from "./file-source.ts";
import { inOrder, namesAfter } from "./folder-order.ts";

/** The shortest time from the start of one file to that of the next, so that short files do not start many programs a second. */
const SHORTEST_FILE_MICROS = 500_000;

/** The number of failed files that are named. */
const MOST_NAMED = 20;

/** The permissions that a folder needs: to read its names, and to open its files. */
const NEEDED = constants.R_OK | constants.X_OK;

const UNREADABLE = { ENOENT: "there is no such folder", ENOTDIR: "it is not a folder any more" };

/** `location` is the path of the folder. */
export type FolderOptions = Omit<FileOptions, "isPlayedOnce">;

/**
 * Creates the source. Throws MissingError when ffmpeg is not installed, and SourceError when the folder cannot be read or has no
 * files.
 */
export function createFolderSource(options: FolderOptions): Source {
  requireFfmpeg(options.name);
  const player = new FolderPlayer(options);
  player.check();
  return player;
}

class FolderPlayer implements Source {
  readonly name: string;
  readonly #options: FolderOptions;
  /** The source of the file that is playing. */
  #playing: Source | null = null;
  /** The files that have failed, with their state. Those without a picture are tried again when they have changed. */
  readonly #failed = new Map<string, { state: string; isSkipped: boolean }>();
  #named = 0;

  constructor(options: FolderOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get framesPerSecond(): number {
    return this.#playing?.framesPerSecond ?? this.#options.framesPerSecond ?? 0;
  }

  /** Throws SourceError when the folder cannot be read or has no files. */
  check(): void {
    try {
      accessSync(this.#options.location, NEEDED);
      this.#filesOf(readdirSync(this.#options.location, { withFileTypes: true }));
    } catch (error) {
      throw this.#explain(error);
    }
  }

  /**
   * Plays the folder until `signal` aborts, then resolves. The names are read again when the files of the last reading have been
   * played: later names follow, and without any the next round begins. Rejects with SourceError when nothing can be played.
   */
  async run(sink: FrameSink, signal: AbortSignal): Promise<void> {
    let last: string | null = null;
    let playedFiles = 0;
    while (!signal.aborted) {
      const names = await this.#list();
      const next = namesAfter(names, last);
      if (next.length === 0) {
        if (playedFiles === 0) {
          throw new SourceError(`there is no video in ${this.#options.name}: none of its files can be played`, {
            retry: "soon",
          });
        }
        const present = new Set(names);
        for (const name of this.#failed.keys()) if (!present.has(name)) this.#failed.delete(name);
        [last, playedFiles] = [null, 0];
        continue;
      }
      for (const name of next) {
        if (signal.aborted) return;
        if (await this.#play(name, sink, signal)) playedFiles++;
        last = name;
      }
    }
  }

  async #list(): Promise<string[]> {
    try {
      await access(this.#options.location, NEEDED);
      return inOrder(this.#filesOf(await readdir(this.#options.location, { withFileTypes: true })));
    } catch (error) {
      throw this.#explain(error);
    }
  }

  /** Returns the names of the files among the entries of the folder. Hidden files are none, for example unfinished ones. */
  #filesOf(entries: readonly Dirent[]): string[] {
    const names = entries.filter((entry) => isFile(entry) && !entry.name.startsWith(".")).map(({ name }) => name);
    if (names.length > 0) return names;
    const { name, location } = this.#options;
    const [folder] = inOrder(entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name));
    const advice =
      folder === undefined ? "" : `: name one of its folders, for example ${join(location, printable(folder))}`;
    throw new SourceError(`there is no file in the folder ${name}${advice}`, { retry: "soon" });
  }

  #explain(error: unknown): unknown {
    const { location, name } = this.#options;
    if (codeOf(error) === undefined) return error;
    const shortage = shortageOf(name, error);
    const text = `cannot read the folder ${location}: ${explainFileError(error, UNREADABLE)}`;
    return shortage ?? new SourceError(text, { retry: "soon", cause: error });
  }

  /** Plays one file. Returns false if it has no picture. */
  async #play(name: string, sink: FrameSink, signal: AbortSignal): Promise<boolean> {
    const { location } = this.#options;
    const path = join(location, name);
    const shownName = printable(name); // other programs write the files and their names
    const state = await stateOf(path);
    const failed = this.#failed.get(name);
    if (state === null || (failed?.isSkipped && failed.state === state)) return false;
    const startedAt = nowMicros();
    const counting = new CountingSink(sink);
    let reason: string | null = null;
    try {
      this.#playing = createFileSource({ ...this.#options, location: path, name: shownName, isPlayedOnce: true });
      await this.#playing.run(counting, signal);
    } catch (error) {
      const shortage = shortageOf(this.#options.name, error);
      if (shortage !== null || !(error instanceof SourceError || codeOf(error) !== undefined)) throw shortage ?? error;
      reason = messageOf(error);
    }
    if (signal.aborted) return true;
    const isSkipped = counting.frames === 0;
    if (isSkipped) reason ??= `there is no picture in ${shownName}`;
    if (reason !== null) this.#tell(name, `${reason}; ${isSkipped ? "the file is skipped" : "the next file follows"}`);
    if (reason !== null) this.#failed.set(name, { state, isSkipped });
    else this.#failed.delete(name);
    if (!isSkipped) await sleep(shortestPause(startedAt), signal);
    return !isSkipped;
  }

  /** Tells once what is wrong with a file. */
  #tell(name: string, text: string): void {
    const { log = SILENT_LOG, name: folder } = this.#options;
    if (this.#failed.has(name) || this.#named > MOST_NAMED) return;
    if (this.#named++ < MOST_NAMED) log.warning(text);
    else log.warning(`further files of ${folder} that fail are not named`);
  }
}

/** Counts the frames of one file, also those that are dropped. */
class CountingSink extends ForwardingSink {
  frames = 0;

  override lost(): void {
    this.frames++;
    super.lost();
  }

  protected onFrame(): void {
    this.frames++;
  }
}

function isFile(entry: Dirent): boolean {
  return entry.isFile() || entry.isSymbolicLink();
}

/** Returns a text that differs after the file has changed, or null if there is no file any more. */
async function stateOf(path: string): Promise<string | null> {
  try {
    const file = await stat(path);
    return file.isFile() ? `${file.ino} ${file.size} ${file.mtimeMs}` : null;
  } catch {
    return null; // The file was deleted, or its folder has vanished, which the next reading of the folder reports.
  }
}

/** Returns the milliseconds until the next file may be started. */
function shortestPause(startedAt: Micros): number {
  return Math.max(0, SHORTEST_FILE_MICROS - (nowMicros() - startedAt)) / 1000;
}
