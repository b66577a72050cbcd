// One file of a recording. ffmpeg writes it: Motion JPEG in Matroska, without encoding again.

import { type Micros, wallAheadMs } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import type { Size } from "../../core/pixel-format.ts";
import { childEnvironment } from "../../capture/child-environment.ts";
import { smjpegEnd, smjpegHead, smjpegPictureHead } from "./smjpeg.ts";

/**
 * The largest number of bytes of a file's pictures that wait for the disk. More are left out, so that a slow disk takes no
 * further memory.
 */
export const MAX_WAITING_BYTES = 32 * 2 ** 20;
/** The last picture is repeated at the end if it was shown for longer than this, so that the file has its whole length. */
const REPEATED_FROM_MS = 1_000;
/** A cluster holds the pictures of this time at most. Players seek to the beginnings of clusters. */
const CLUSTER_MS = 1000;

export class SegmentFile {
  /** Null until the place is known. */
  path: string | null = null;
  readonly size: Size;
  /** Resolves with the reason why ffmpeg cannot go on, or with null when the file is complete. */
  readonly closed: Promise<string | null>;
  /** The pictures that ffmpeg has taken, and their bytes. */
  pictures = 0;
  bytes = 0;
  /** The pictures that ffmpeg has not taken yet, and their bytes. */
  waitingPictures = 0;
  waitingBytes = 0;
  readonly #startedAt: Micros;
  /** The milliseconds from the beginning to the last picture. */
  #lastMs = -1;
  /** The last picture that was taken or left out. */
  #lastJpeg: Uint8Array | null = null;
  #isEnding = false;
  #last: Promise<void>;
  #child: Bun.Subprocess<"pipe", "ignore", "pipe"> | null = null;

  /**
   * Begins a file, and takes pictures at once. `place` resolves with the path of an empty file. If it rejects, the error is the
   * reason of `closed`. `startedAt` is the time of the beginning.
   */
  constructor(place: Promise<string>, { width, height }: Size, startedAt: Micros) {
    this.size = { width, height };
    this.#startedAt = startedAt;
    const startMs = wallMsOf(startedAt);
    const started = place.then((path) => this.#start(path, startMs));
    this.closed = started.then((ended) => ended, messageOf);
    this.#last = place.then(
      async () => void (await this.#write(smjpegHead(this.size))),
      () => undefined,
    );
  }

  /** Starts ffmpeg. Resolves with the reason why it cannot go on, or with null when the file is complete. */
  async #start(path: string, startMs: number): Promise<string | null> {
    this.path = path;
    const input = ["-fpsprobesize", "0", "-analyzeduration", "0", "-f", "smjpeg", "-i", "pipe:0"];
    const output = ["-c", "copy", "-flush_packets", "1", "-cluster_time_limit", String(CLUSTER_MS)];
    const facts = ["-metadata", `creation_time=${new Date(startMs).toISOString()}`];
    // ffmpeg is not tied to this process: it ends by itself at the end of its input, and so completes the file even if SIGKILL ends
    // the server. A group of its own keeps the Ctrl-C of a terminal from it.
    const child = Bun.spawn(
      ["ffmpeg", "-loglevel", "error", ...input, ...output, ...facts, "-f", "matroska", "-y", `file:${path}`],
      { stdio: ["pipe", "ignore", "pipe"], env: childEnvironment(), detached: true },
    );
    this.#child = child;
    const complaints = child.stderr.text();
    const code = await child.exited;
    return code === 0 && this.#isEnding ? null : reasonOf(await complaints, code);
  }

  /** Whether a picture with so many bytes would not be left out. */
  hasRoom(bytes: number): boolean {
    return this.waitingBytes === 0 || this.waitingBytes + bytes <= MAX_WAITING_BYTES;
  }

  /** Resolves when ffmpeg has taken the pictures so far, or cannot go on. */
  get taken(): Promise<void> {
    return this.#last;
  }

  /**
   * Takes a picture that is shown from `capturedAt` on. The bytes must not change. Returns false if it is left out, because the
   * disk is slower than the pictures.
   */
  add(jpeg: Uint8Array, capturedAt: Micros): boolean {
    this.#lastJpeg = jpeg;
    if (!this.hasRoom(jpeg.length)) return false;
    const milliseconds = Math.max(this.#lastMs + 1, this.#millisecondsAt(capturedAt));
    this.#lastMs = milliseconds;
    this.waitingPictures++;
    this.waitingBytes += jpeg.length;
    const write = async () => {
      const isTaken = await this.#write(smjpegPictureHead(milliseconds, jpeg.length), jpeg);
      this.waitingBytes -= jpeg.length;
      if (!isTaken) return;
      this.waitingPictures--;
      this.pictures++;
      this.bytes += jpeg.length;
    };
    this.#last = this.#last.then(write);
    return true;
  }

  #millisecondsAt(time: Micros): number {
    return Math.round((time - this.#startedAt) / 1000);
  }

  /** Completes the file after the pictures that wait. `at` is the time until which the last picture was seen. */
  end(at: Micros): Promise<string | null> {
    if (!this.#isEnding) {
      const isRepeated = this.#millisecondsAt(at) > this.#lastMs + REPEATED_FROM_MS;
      if (this.#lastJpeg !== null && isRepeated) this.add(this.#lastJpeg, at);
      this.#isEnding = true;
      void this.#last.then(async () => {
        await this.#write(smjpegEnd());
        await this.#child?.stdin.end();
      });
    }
    return this.closed;
  }

  /** Writes to ffmpeg, and waits until it has taken the bytes. Returns false if it has ended: `closed` has the reason. */
  async #write(...parts: Uint8Array[]): Promise<boolean> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return false;
    try {
      for (const part of parts) await child.stdin.write(part);
      await child.stdin.flush();
      return true;
    } catch {
      return false;
    }
  }
}

/**
 * Returns the wall clock at a time, in milliseconds since 1970. The clock of the stamps does not follow a wall clock that is set, but
 * names and round times do.
 */
export function wallMsOf(time: Micros): number {
  return time / 1000 + wallAheadMs();
}

/** Returns ffmpeg's own words for what went wrong, in one line. */
function reasonOf(complaints: string, code: number): string {
  const full = /No space left on device|Disk quota exceeded/.exec(complaints);
  if (full !== null) return full[0];
  const line = complaints.trim().split("\n").at(-1) ?? "";
  return line === "" ? `ffmpeg ended with exit code ${code}` : `ffmpeg: ${line}`;
}
