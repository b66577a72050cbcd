// Makes clips of the past, a few at a time. A clip is a file without a name, which is gone when it is closed.

import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { ConnectionError, MissingError } from "../../core/errors.ts";
import { temporaryFolder } from "../../system/temporary-folder.ts";
import { ClipLater, type SavedClip } from "../deliver/saved-clip.ts";
import { type Clip, writeClip } from "./clip-file.ts";

/** The largest number of clips that are made or sent at the same time, over all cameras. */
const MAX_CLIPS = 4;
/** A clip that is not read for this time is closed. */
const IDLE_MS = 30_000;

export class Clips {
  #count = 0;

  /** Makes a clip. Throws what ClipMaker.clip throws. */
  async make(clip: Clip, name: string, signal: AbortSignal): Promise<SavedClip> {
    if (Bun.which("ffmpeg") === null) {
      throw new MissingError("clips need ffmpeg on the server: install it (apt install ffmpeg)");
    }
    if (this.#count >= MAX_CLIPS) throw new ClipLater("other clips are being saved: try again later");
    this.#count++;
    const over = () => {
      this.#count--;
    };
    try {
      return new ClipFile(await makeFile(clip, signal), name, over);
    } catch (error) {
      over();
      throw error;
    }
  }
}

async function makeFile(clip: Clip, signal: AbortSignal): Promise<FileHandle> {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "clip.mkv");
  const reason = await writeClip(clip, path, signal);
  if (signal.aborted) throw new ConnectionError("nobody waits for the clip any more");
  if (reason !== null) throw new ConnectionError(`cannot save the clip: ${reason}`);
  return await open(path);
}

class ClipFile implements SavedClip {
  readonly name: string;
  readonly #file: FileHandle;
  readonly #over = Promise.withResolvers<void>();
  readonly #onClosed: () => void;
  readonly #timer: ReturnType<typeof setTimeout>;
  #isOpen = true;

  constructor(file: FileHandle, name: string, onClosed: () => void) {
    this.#file = file;
    this.name = name;
    this.#onClosed = onClosed;
    this.#timer = setTimeout(() => void this.close(), IDLE_MS);
  }

  get closed(): Promise<void> {
    return this.#over.promise;
  }

  async read(mostBytes: number): Promise<Uint8Array<ArrayBuffer> | null> {
    if (!this.#isOpen) throw new ConnectionError(`the clip was not read for ${IDLE_MS / 1000} s`);
    this.#timer.refresh();
    const { bytesRead, buffer } = await this.#file.read(new Uint8Array(mostBytes), 0, mostBytes, null);
    return bytesRead === 0 ? null : buffer.subarray(0, bytesRead);
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    clearTimeout(this.#timer);
    this.#onClosed(); // at once: a viewer that asks for another clip gives up this one, and then needs its place
    this.#over.resolve();
    await this.#file.close();
  }
}
