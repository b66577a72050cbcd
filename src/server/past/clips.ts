// Makes clips of the past, a few at a time. A clip is a file without a name, which is gone when it is closed.

import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConnectionError } from "../../core/errors.ts";
import type { Clip } from "./clip-file.ts";
import { writeClip } from "./clip-file.ts";

/** The largest number of clips that are made or sent at the same time. */
const MAX_CLIPS = 4;

export class Clips {
  #count = 0;

  /** Whether another clip can be made now. */
  get hasRoom(): boolean {
    return this.#count < MAX_CLIPS;
  }

  /** Makes a clip. Close it after use. Throws ConnectionError if the disk or ffmpeg fails, or if `signal` aborts. */
  async make(clip: Clip, signal: AbortSignal): Promise<MadeClip> {
    this.#count++;
    const over = () => {
      this.#count--;
    };
    try {
      return new MadeClip(await makeFile(clip, signal), over);
    } catch (error) {
      over();
      throw error;
    }
  }
}

async function makeFile(clip: Clip, signal: AbortSignal): Promise<FileHandle> {
  const folder = await mkdtemp(join(tmpdir(), "slipstream-clip-"));
  try {
    const path = join(folder, "clip.mkv");
    const reason = await writeClip(clip, path, signal);
    if (reason !== null) throw new ConnectionError(`cannot save the clip: ${reason}`);
    signal.throwIfAborted();
    return await open(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export class MadeClip {
  readonly #file: FileHandle;
  readonly #over: () => void;
  #isOpen = true;

  constructor(file: FileHandle, over: () => void) {
    this.#file = file;
    this.#over = over;
  }

  /** Returns the next bytes, or null at the end. */
  async read(bytes: number): Promise<Uint8Array<ArrayBuffer> | null> {
    const { bytesRead, buffer } = await this.#file.read(new Uint8Array(bytes), 0, bytes, null);
    return bytesRead === 0 ? null : buffer.subarray(0, bytesRead);
  }

  /** Frees the file. Later calls do nothing. */
  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#over();
    await this.#file.close();
  }
}
