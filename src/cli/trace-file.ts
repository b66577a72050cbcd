// Writes the spans of a trace in Chrome's trace format (--trace FILE). https://ui.perfetto.dev and chrome://tracing open the
// file.
//
// The format is "Trace Event Format" (Google, JSON Array Format). Each event is an element of an array, with times in
// microseconds. The closing bracket may be missing, so the file can also be opened after a crash or a second Ctrl-C.

import { type FileHandle, open } from "node:fs/promises";
import { type Micros, settlesWithin } from "../core/clock.ts";
import { messageOf, UsageError } from "../core/errors.ts";
import { explainFileError } from "../core/file-errors.ts";
import type { Log } from "../core/log.ts";
import { untilAbort } from "../core/on-abort.ts";
import type { Trace } from "../core/trace.ts";

const FLUSH_MS = 250;
/** The time limit for writing the last spans. */
const LAST_SPANS_MS = 1_000;
/** The largest amount of text that waits for the disk. Spans beyond it are dropped and counted. */
const MAX_WAITING_CHARACTERS = 4 * 2 ** 20;
/** The largest number of rows of a track. Spans in one row must not overlap, so a span that overlaps goes to the next row. */
const MAX_ROWS = 8;

const UNWRITABLE = { ENOENT: "there is no such folder", ENOTDIR: "there is no such folder" };

interface Row {
  id: number;
  endsAt: Micros;
}

/** Opens the file. Throws UsageError when it cannot be written. `program` is the name of the process in the diagram. */
export async function openTraceFile(path: string, program: string, log: Log, signal: AbortSignal): Promise<TraceFile> {
  try {
    return new TraceFile(await untilAbort(open(path, "w"), signal), program, log);
  } catch (cause) {
    signal.throwIfAborted();
    throw new UsageError(`cannot write the trace ${path}: ${explainFileError(cause, UNWRITABLE)}`);
  }
}

export class TraceFile implements Trace, AsyncDisposable {
  readonly #file: FileHandle;
  readonly #log: Log;
  readonly #rows = new Map<string, Row[]>();
  readonly #flushing: ReturnType<typeof setInterval>;
  #waiting = "[";
  #writing: Promise<void> = Promise.resolve();
  #isWriting = false;
  #nextRow = 1;
  #dropped = 0;
  #hasFailed = false;

  constructor(file: FileHandle, program: string, log: Log) {
    this.#file = file;
    this.#log = log;
    this.#waiting += `\n${JSON.stringify({ name: "process_name", ph: "M", pid: process.pid, args: { name: program } })}`;
    this.#flushing = setInterval(() => this.#flush(), FLUSH_MS);
  }

  span(track: string, name: string, from: Micros, to: Micros, fields: Record<string, string | number> = {}): void {
    if (this.#hasFailed || this.#waiting.length > MAX_WAITING_CHARACTERS) {
      this.#dropped++;
      return;
    }
    const tid = this.#rowOf(track, from, to);
    this.#add({ name, ph: "X", ts: from, dur: Math.max(0, to - from), pid: process.pid, tid, args: fields });
  }

  /** Writes the rest and closes the file. The promise never rejects. A failure to write is logged. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#flushing);
    if (!(await settlesWithin(this.#finish(), LAST_SPANS_MS))) {
      this.#log.warning("the end of the trace was not written: its disk or the reader of its pipe does not respond");
    }
    if (this.#dropped > 0)
      this.#log.warning(`the trace is incomplete: ${this.#dropped} spans were dropped because the disk was too slow`);
  }

  async #finish(): Promise<void> {
    await this.#writing;
    this.#waiting += "\n]\n";
    this.#flush();
    await this.#writing;
    await this.#file.close().catch((error: unknown) => this.#fail(error));
  }

  /** Returns the first row of the track that is free at `from`. */
  #rowOf(track: string, from: Micros, to: Micros): number {
    let rows = this.#rows.get(track);
    if (rows === undefined) {
      rows = [];
      this.#rows.set(track, rows);
    }
    let row = rows.find(({ endsAt }) => endsAt <= from) ?? (rows.length < MAX_ROWS ? undefined : rows.at(-1));
    if (row === undefined) {
      row = { id: this.#nextRow++, endsAt: to };
      rows.push(row);
      this.#add({ name: "thread_name", ph: "M", pid: process.pid, tid: row.id, args: { name: track } });
      this.#add({ name: "thread_sort_index", ph: "M", pid: process.pid, tid: row.id, args: { sort_index: row.id } });
    }
    row.endsAt = Math.max(row.endsAt, to);
    return row.id;
  }

  #add(event: object): void {
    this.#waiting += `,\n${JSON.stringify(event)}`;
  }

  #flush(): void {
    if (this.#isWriting || this.#waiting === "") return;
    const text = this.#waiting;
    this.#waiting = "";
    this.#isWriting = true;
    this.#writing = this.#file
      .writeFile(text)
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#isWriting = false;
      });
  }

  #fail(error: unknown): void {
    if (!this.#hasFailed) this.#log.error(`the trace was stopped: ${messageOf(error)}`);
    this.#hasFailed = true;
  }
}
