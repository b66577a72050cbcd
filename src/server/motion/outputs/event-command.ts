// Runs a command of the operator for each event. It is not run by a shell, and the number of runs at a time is limited.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { childEnvironment } from "../../../capture/child-environment.ts";
import { settlesWithin } from "../../../core/clock.ts";
import { messageOf } from "../../../core/errors.ts";
import type { Log } from "../../../core/log.ts";
import { atExit } from "../../../system/at-exit.ts";
import { temporaryFolder } from "../../../system/temporary-folder.ts";
import type { MotionReport } from "../../../core/motion.ts";
import { CLOSING_MS, type EventOutput, type MotionMessage } from "./event-output.ts";

/** While this many runs of a camera have not ended, further ones are lost. */
const MOST_RUNS = 4;
/** A run that takes longer is killed. */
const LONGEST_RUN_MS = 60_000;
/** The time in which the last words of a command that has ended are read. Its children may hold its output open for much longer. */
const LAST_WORDS_MS = 500;

/** The placeholders in the words of a command. */
const FILLED: Readonly<Record<string, (report: MotionReport) => string>> = {
  camera: ({ camera }) => camera,
  phase: ({ phase }) => phase,
  number: ({ number }) => String(number),
  start: ({ start }) => start,
  area: ({ height }) => String(height.area),
  zones: ({ zones }) => zones.join(", "),
};
/** Stands for the path of a file with a picture. */
const PICTURE = "picture";

export const PLACEHOLDERS = [...Object.keys(FILLED), PICTURE];

/**
 * The environment variables that a command gets besides those of sources' programs. They name the desktop of the operator, which a
 * message on the screen needs (D-Bus Specification, "Well-known Message Bus Instances"; wl_display_connect).
 */
const DESKTOP_NAMES = ["DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "WAYLAND_DISPLAY"] as const;

/** Returns the names in braces in the words of a command. */
export function placeholdersIn(command: readonly string[]): string[] {
  return command.flatMap((word) => [...word.matchAll(/\{([^{}]*)\}/g)].map(([, name]) => name as string));
}

export interface CommandSettings {
  /** The program and its arguments, which may have placeholders (PLACEHOLDERS). */
  command: readonly string[];
  /** The folder in which it is run. */
  folder: string;
}

export class EventCommand implements EventOutput {
  readonly #command: readonly string[];
  readonly #folder: string;
  readonly #names: ReadonlySet<string>;
  readonly #log: Log;
  readonly #longestRunMs: number;
  readonly #runs = new Set<Promise<void>>();
  readonly #children = new Set<Bun.Subprocess>();
  /** The reason why the children are killed, by child. */
  readonly #killed = new WeakMap<Bun.Subprocess, string>();
  #isClosed = false;
  /** Whether the last event was lost, because too many runs had not ended. */
  #isCrowded = false;
  lost = 0;

  constructor({ command, folder }: CommandSettings, log: Log, longestRunMs = LONGEST_RUN_MS) {
    this.#command = command;
    this.#folder = folder;
    this.#names = new Set(placeholdersIn(command));
    this.#log = log;
    this.#longestRunMs = longestRunMs;
  }

  send(message: MotionMessage): void {
    // The end of an event is not another event, so a command that does not know the phase is not run for it.
    if (message.report.phase === "end" && !this.#names.has("phase")) return;
    if (this.#isClosed || this.#runs.size >= MOST_RUNS) {
      this.lost++;
      if (!this.#isCrowded)
        this.#log.warning(
          `on-event: an event is lost, because ${MOST_RUNS} runs of ${this.#command[0]} have not ended`,
        );
      this.#isCrowded = true;
      return;
    }
    this.#isCrowded = false;
    const run = this.#run(message).catch((error: unknown) => this.#fail(messageOf(error)));
    this.#runs.add(run);
    void run.finally(() => this.#runs.delete(run));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (await settlesWithin(Promise.all(this.#runs), CLOSING_MS)) return;
    for (const child of this.#children) this.#kill(child, "it was still running when the camera ended");
    await Promise.all(this.#runs);
  }

  async #run({ report, picture }: MotionMessage): Promise<void> {
    await using folder = picture !== null && this.#names.has(PICTURE) ? await temporaryFolder() : null;
    const path = folder === null ? "" : join(folder.path, "motion.jpg");
    if (picture !== null && folder !== null) await writeFile(path, picture, { mode: 0o600 });
    const fill = (word: string) =>
      word.replaceAll(/\{([^{}]*)\}/g, (_, name: string) => (name === PICTURE ? path : (FILLED[name]?.(report) ?? "")));
    await this.#execute(this.#command.map(fill), report);
  }

  async #execute(words: string[], report: MotionReport): Promise<void> {
    const child = Bun.spawn(words, {
      // A group of its own, so that the children of the command can be killed with it.
      ...{ detached: true, cwd: this.#folder, env: commandEnvironment() },
      stdio: [Buffer.from(`${JSON.stringify(report)}\n`), "ignore", "pipe"],
    });
    this.#children.add(child);
    using _ = atExit(() => kill(child));
    const reason = `it did not end in ${this.#longestRunMs / 1000} s`;
    const timer = setTimeout(() => this.#kill(child, reason), this.#longestRunMs);
    const complaint = new LastLine(child.stderr);
    const code = await child.exited;
    clearTimeout(timer);
    this.#children.delete(child);
    if (code === 0) return;
    const killed = this.#killed.get(child);
    if (killed === undefined) await settlesWithin(complaint.ended, LAST_WORDS_MS);
    this.#fail(killed ?? (complaint.text || `exit code ${code}`));
  }

  #kill(child: Bun.Subprocess, reason: string): void {
    this.#killed.set(child, reason);
    kill(child);
  }

  #fail(reason: string): void {
    this.lost++;
    this.#log.warning(`on-event: ${this.#command[0]} has failed: ${reason}`);
  }
}

function kill(child: Bun.Subprocess): void {
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    child.kill("SIGKILL"); // it has just ended
  }
}

function commandEnvironment(): Record<string, string> {
  const desktop = DESKTOP_NAMES.flatMap((name): [string, string][] => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  });
  return { ...childEnvironment(), ...Object.fromEntries(desktop) };
}

/** The largest part of a command's messages that is kept. */
const MOST_TEXT = 4096;

/** The last line of a stream, as far as it has been read. */
class LastLine {
  #text = "";
  /** Resolves at the end of the stream. */
  readonly ended: Promise<void>;

  constructor(stream: ReadableStream<Uint8Array>) {
    this.ended = this.#read(stream);
  }

  get text(): string {
    return this.#text.trim().split("\n").at(-1) ?? "";
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream)
      this.#text = (this.#text + decoder.decode(chunk, { stream: true })).slice(-MOST_TEXT);
  }
}
