// Standard output and standard error, written without ever waiting for a reader: a thread writes, and lines that it cannot take are dropped.
//
// Any write may block for as long as nobody reads: a pipe whose reader hangs, a terminal after Ctrl-S, a disk that does not answer. Bun
// has no write that does not block for all of these, so each of the two streams has a thread, which is started by the first line.

import { Worker } from "node:worker_threads";
import { type Micros, nowMicros } from "../core/clock.ts";

/** What the thread is given. */
export interface OutputOrder {
  descriptor: 1 | 2;
  /** One shared word: 1 while the thread is within a write, otherwise 0. */
  isWriting: Int32Array;
}

/** Why a text could not be written. `code` is the name of the system's error. */
export interface OutputFailure {
  code: string;
  message: string;
}

/** The thread's answer to each text. */
export interface OutputResult {
  failure: OutputFailure | null;
}

/** What the owner of a stream hears. */
export interface OutputEvents {
  /** Writing has begun to fail. The lines that fail are counted as dropped. */
  failed(failure: OutputFailure): void;
  /** Everything that waited is written, after `dropped` lines were dropped. Called at most every 10 s, and at the end. */
  caughtUp(dropped: number): void;
}

interface Entry {
  text: string;
  /** Replaced by the next of its kind. */
  isNewest: boolean;
  /** Counts as dropped when it is replaced. */
  counts: boolean;
}

/** Most text that waits for a reader; about as much as a pipe holds. */
const MAX_WAITING_CHARACTERS = 64 * 1024;
/** A write that has taken so long waits for a reader. */
const BLOCKED_MICROS = 300_000;
const NOTE_INTERVAL_MICROS = 10_000_000;
const SETTLE_STEP_MS = 5;

export class OutputStream {
  readonly #descriptor: 1 | 2;
  readonly #isWriting = new Int32Array(new SharedArrayBuffer(4));
  /** When the thread was first seen within the present write; null before that. */
  #seenWritingAt: Micros | null = null;
  #events: OutputEvents = { failed: () => undefined, caughtUp: () => undefined };
  #thread: Worker | null = null;
  #waiting: Entry[] = [];
  #waitingCharacters = 0;
  /** The entries that the thread is writing. */
  #sent: Entry[] = [];
  #hasFailed = false;
  /** The reader has closed its end, or the thread has died: nothing can be written any more. */
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

  /** Writes text that ends with a line break. It is dropped and counted when too much waits. */
  write(text: string): void {
    if (this.#waitingCharacters + text.length > MAX_WAITING_CHARACTERS) this.#dropped++;
    else this.#add({ text, isNewest: false, counts: true });
  }

  /** Writes text that replaces the text of the same kind that still waits. `counts`: the replaced one was dropped. */
  writeNewest(text: string, { counts }: { counts: boolean }): void {
    const older = this.#waiting.findIndex(({ isNewest }) => isNewest);
    const [replaced] = older < 0 ? [] : this.#waiting.splice(older, 1);
    if (replaced !== undefined) {
      this.#waitingCharacters -= replaced.text.length;
      if (replaced.counts) this.#dropped++;
    }
    this.#add({ text, isNewest: true, counts });
  }

  /** Writes text of any length. Resolves when all is written, with null, or with why it could not be written. */
  writeAll(text: string): Promise<OutputFailure | null> {
    this.#whenWritten ??= Promise.withResolvers();
    const { promise } = this.#whenWritten;
    this.#add({ text, isNewest: false, counts: true });
    return promise;
  }

  /** Resolves when everything is written, or when it waits for a reader: the rest is not written then. Never rejects. */
  async settle(): Promise<void> {
    while (this.#sent.length > 0 && !this.#isBlocked()) await Bun.sleep(SETTLE_STEP_MS);
    this.#notedAt = Number.NEGATIVE_INFINITY;
    this.#note();
  }

  /** Whether the thread waits for a reader, as far as it has been looked at. */
  #isBlocked(): boolean {
    if (this.#sent.length === 0 || Atomics.load(this.#isWriting, 0) === 0) return false;
    this.#seenWritingAt ??= nowMicros();
    return nowMicros() - this.#seenWritingAt > BLOCKED_MICROS;
  }

  #add(entry: Entry): void {
    if (this.#isOver) {
      this.#dropped++;
      this.#whenWritten?.resolve({ code: "EPIPE", message: "the reader has gone" });
      return;
    }
    this.#isBlocked(); // looks at the thread
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
    const thread = new Worker(new URL("./output-thread.ts", import.meta.url), { workerData: order });
    thread.on("message", ({ failure }: OutputResult) => this.#written(failure));
    thread.on("error", ({ message }) => {
      this.#isOver = true;
      this.#written({ code: "", message });
    });
    thread.unref(); // a reader that is missing must not keep the process from ending
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

  /** Tells how many lines are missing, when the reader is there again. */
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
