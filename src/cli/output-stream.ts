// Writes to standard output and standard error without ever waiting for a reader. A thread writes, and lines for which it has no
// space are dropped.
//
// A write may block as long as nobody reads, for example a pipe whose reader hangs, a terminal after Ctrl-S, or a disk that does
// not answer. Bun has no write that never blocks in all of these cases. So each of the two streams has a thread, which starts
// with the first line.

import { Worker } from "node:worker_threads";
import { type Micros, nowMicros } from "../core/clock.ts";
import { PROGRAM_FILES } from "../program-files.ts";

/** The data that the thread gets when it starts. */
export interface OutputOrder {
  descriptor: 1 | 2;
  /** One shared word: 1 while the thread is within a write, otherwise 0. */
  isWriting: Int32Array;
}

/** The reason why a text could not be written. `code` is the name of the system's error. */
export interface OutputFailure {
  code: string;
  message: string;
}

/** The thread's answer to each text. */
export interface OutputResult {
  failure: OutputFailure | null;
}

/** The events of a stream, which its owner handles. */
export interface OutputEvents {
  /** Writing has begun to fail. The lines that fail are counted as dropped. */
  failed(failure: OutputFailure): void;
  /**
   * All waiting text is written, after `dropped` lines were dropped. The stream calls this at most every 10 s, and at the end.
   */
  caughtUp(dropped: number): void;
}

interface Entry {
  text: string;
  /** True if a newer entry of this kind replaces the entry. */
  isNewest: boolean;
  /** True if the entry counts as dropped when it is replaced. */
  counts: boolean;
}

/** The largest amount of text that waits for a reader. It is about as much as a pipe can hold. */
const MAX_WAITING_CHARACTERS = 64 * 1024;
/** After this time, a write counts as blocked: it waits for a reader. */
const BLOCKED_MICROS = 300_000;
const NOTE_INTERVAL_MICROS = 10_000_000;
const SETTLE_STEP_MS = 5;

export class OutputStream {
  readonly #descriptor: 1 | 2;
  readonly #isWriting = new Int32Array(new SharedArrayBuffer(4));
  /** The time when the thread was first seen within the current write, or null. */
  #seenWritingAt: Micros | null = null;
  #events: OutputEvents = { failed: () => undefined, caughtUp: () => undefined };
  #thread: Worker | null = null;
  #waiting: Entry[] = [];
  #waitingCharacters = 0;
  /** The entries that the thread is writing. */
  #sent: Entry[] = [];
  #hasFailed = false;
  /** True when nothing can be written any more, because the reader has closed its end or the thread has failed. */
  #isOver = false;
  #dropped = 0;
  #notedAt: Micros = Number.NEGATIVE_INFINITY;
  #whenWritten: PromiseWithResolvers<OutputFailure | null> | null = null;

  constructor(descriptor: 1 | 2) {
    this.#descriptor = descriptor;
  }

  set events(events: OutputEvents) {
    this.#events = events;
  }

  /** Writes text that ends with a line break. The text is dropped and counted when too much text waits. */
  write(text: string): void {
    if (this.#waitingCharacters + text.length > MAX_WAITING_CHARACTERS) this.#dropped++;
    else this.#add({ text, isNewest: false, counts: true });
  }

  /**
   * Writes text that replaces an older text of this kind if that one still waits. `counts` says whether the replaced text counts
   * as dropped.
   */
  writeNewest(text: string, { counts }: { counts: boolean }): void {
    const older = this.#waiting.findIndex(({ isNewest }) => isNewest);
    const [replaced] = older < 0 ? [] : this.#waiting.splice(older, 1);
    if (replaced !== undefined) {
      this.#waitingCharacters -= replaced.text.length;
      if (replaced.counts) this.#dropped++;
    }
    this.#add({ text, isNewest: true, counts });
  }

  /** Writes text of any length. Resolves at the end with null, or with the reason why it could not be written. */
  writeAll(text: string): Promise<OutputFailure | null> {
    this.#whenWritten ??= Promise.withResolvers();
    const { promise } = this.#whenWritten;
    this.#add({ text, isNewest: false, counts: true });
    return promise;
  }

  /**
   * Resolves when everything is written, or when the thread waits for a reader. In that case the rest is not written. The promise
   * never rejects.
   */
  async settle(): Promise<void> {
    while (this.#sent.length > 0 && !this.#isBlocked()) await Bun.sleep(SETTLE_STEP_MS);
    this.#notedAt = Number.NEGATIVE_INFINITY;
    this.#note();
  }

  /**
   * Returns whether the thread waits for a reader. The result depends on how often this method is called, because each call
   * checks the thread.
   */
  #isBlocked(): boolean {
    if (this.#sent.length === 0 || Atomics.load(this.#isWriting, 0) === 0) return false;
    this.#seenWritingAt ??= nowMicros();
    return nowMicros() - this.#seenWritingAt > BLOCKED_MICROS;
  }

  #add(entry: Entry): void {
    if (this.#isOver) {
      this.#dropped++;
      this.#whenWritten?.resolve({ code: "EPIPE", message: "the reader has closed the pipe" });
      return;
    }
    this.#isBlocked(); // this call checks the thread
    this.#waiting.push(entry);
    this.#waitingCharacters += entry.text.length;
    this.#pump();
  }

  #pump(): void {
    if (this.#sent.length > 0 || this.#waiting.length === 0) return;
    this.#sent = this.#waiting;
    this.#waiting = [];
    this.#waitingCharacters = 0;
    this.#seenWritingAt = null;
    this.#thread ??= this.#start();
    this.#thread.postMessage(this.#sent.map(({ text }) => text).join(""));
  }

  #start(): Worker {
    const order: OutputOrder = { descriptor: this.#descriptor, isWriting: this.#isWriting };
    const thread = new Worker(PROGRAM_FILES.threads.output, { workerData: order });
    thread.on("message", ({ failure }: OutputResult) => this.#written(failure));
    thread.on("error", ({ message }) => {
      this.#isOver = true;
      this.#written({ code: "", message });
    });
    thread.unref(); // so that the process can end even if nobody reads
    return thread;
  }

  #written(failure: OutputFailure | null): void {
    const sent = this.#sent;
    this.#sent = [];
    if (failure !== null) {
      this.#dropped += sent.filter(({ counts }) => counts).length;
      if (failure.code === "EPIPE") this.#isOver = true;
      if (!this.#hasFailed) this.#events.failed(failure);
    }
    this.#hasFailed = failure !== null;
    if (this.#isOver) {
      this.#dropped += this.#waiting.length;
      this.#waiting = [];
    }
    if (this.#waiting.length === 0) {
      this.#whenWritten?.resolve(failure);
      this.#whenWritten = null;
      this.#note();
    }
    this.#pump();
  }

  /** Reports the number of dropped lines when somebody reads again. */
  #note(): void {
    const now = nowMicros();
    const mayNote =
      this.#sent.length === 0 && !this.#hasFailed && !this.#isOver && now - this.#notedAt >= NOTE_INTERVAL_MICROS;
    if (this.#dropped === 0 || !mayNote) return;
    this.#notedAt = now;
    const dropped = this.#dropped;
    this.#dropped = 0;
    this.#events.caughtUp(dropped);
  }
}

/** The two streams of this process. */
export const standardOutput = new OutputStream(1);
export const standardError = new OutputStream(2);
