// One file of a recording. ffmpeg writes it: Motion JPEG in Matroska, without encoding again.

import type { Size } from "../../core/pixel-format.ts";
import { childEnvironment } from "../../capture/child-environment.ts";
import { smjpegEnd, smjpegHead, smjpegPictureHead } from "./smjpeg.ts";

/** The largest number of bytes of pictures that wait for the disk. More are left out, so that a slow disk takes no further memory. */
const MAX_WAITING_BYTES = 32 * 2 ** 20;
/** A cluster holds the pictures of this time at most. Players seek to the beginnings of clusters. */
const CLUSTER_MS = 1000;

export class SegmentFile {
  readonly path: string;
  readonly size: Size;
  /** Resolves with the reason why ffmpeg cannot go on, or with null when the file is complete. */
  readonly closed: Promise<string | null>;
  /** The pictures that ffmpeg has taken, and their bytes. */
  pictures = 0;
  bytes = 0;
  /** The pictures that ffmpeg has not taken yet. */
  waitingPictures = 0;
  #waitingBytes = 0;
  #isEnding = false;
  #last: Promise<void> = Promise.resolve();
  readonly #child: Bun.Subprocess<"pipe", "ignore", "pipe">;

  /** Begins a file. `startMs` is the time of the beginning, in milliseconds since 1970. There must be no file at `path`. */
  constructor(path: string, size: Size, startMs: number) {
    this.path = path;
    this.size = size;
    const input = ["-fpsprobesize", "0", "-analyzeduration", "0", "-f", "smjpeg", "-i", "pipe:0"];
    const output = ["-c", "copy", "-flush_packets", "1", "-cluster_time_limit", String(CLUSTER_MS)];
    const facts = ["-metadata", `creation_time=${new Date(startMs).toISOString()}`];
    // ffmpeg is not tied to this process: it ends by itself at the end of its input, and so completes the file even if SIGKILL ends
    // the server. A group of its own keeps the Ctrl-C of a terminal from it.
    this.#child = Bun.spawn(
      ["ffmpeg", "-loglevel", "error", ...input, ...output, ...facts, "-f", "matroska", "-n", `file:${path}`],
      { stdio: ["pipe", "ignore", "pipe"], env: childEnvironment(), detached: true },
    );
    const complaints = this.#child.stderr.text();
    this.closed = this.#child.exited.then(async (code) =>
      code === 0 && this.#isEnding ? null : reasonOf(await complaints, code),
    );
    void this.#write(smjpegHead(size));
  }

  /**
   * Takes a picture that is shown `milliseconds` after the beginning. The bytes must not change. Returns false if it is left out,
   * because the disk is slower than the pictures.
   */
  add(jpeg: Uint8Array, milliseconds: number): boolean {
    if (this.#waitingBytes > 0 && this.#waitingBytes + jpeg.length > MAX_WAITING_BYTES) return false;
    this.waitingPictures++;
    this.#waitingBytes += jpeg.length;
    const write = async () => {
      const isTaken = (await this.#write(smjpegPictureHead(milliseconds, jpeg.length))) && (await this.#write(jpeg));
      this.#waitingBytes -= jpeg.length;
      if (!isTaken) return;
      this.waitingPictures--;
      this.pictures++;
      this.bytes += jpeg.length;
    };
    this.#last = this.#last.then(write);
    return true;
  }

  /** Completes the file after the pictures that wait. */
  end(): Promise<string | null> {
    if (!this.#isEnding) {
      this.#isEnding = true;
      void this.#last.then(async () => {
        await this.#write(smjpegEnd());
        await this.#child.stdin.end();
      });
    }
    return this.closed;
  }

  /** Writes to ffmpeg, and waits until it has taken the bytes. Returns false if it has ended: `closed` has the reason. */
  async #write(bytes: Uint8Array): Promise<boolean> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return false;
    try {
      await this.#child.stdin.write(bytes);
      await this.#child.stdin.flush();
      return true;
    } catch {
      return false;
    }
  }
}

/** Returns ffmpeg's own words for what went wrong, in one line. */
function reasonOf(complaints: string, code: number): string {
  const full = /No space left on device|Disk quota exceeded/.exec(complaints);
  if (full !== null) return full[0];
  const line = complaints.trim().split("\n").at(-1) ?? "";
  return line === "" ? `ffmpeg ended with exit code ${code}` : `ffmpeg: ${line}`;
}
