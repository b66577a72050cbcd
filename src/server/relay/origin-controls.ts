// The controls of the camera of another server, which that server lists and sets.

import type { SourceControl, SourceControls } from "../../capture/source.ts";
import type { Connection } from "../../connect/connection.ts";
import { SourceError } from "../../core/errors.ts";
import { MAX_OPEN_QUESTIONS } from "../../protocol/wire.ts";
import type { Control, Controls, ControlSet } from "../../protocol/controls.ts";

/** The time limit for an answer. Older servers ignore these questions. */
const ANSWER_TIMEOUT_MS = 5_000;
/**
 * The number of questions of a kind whose answers may still come. More are not asked, because a server disconnects a viewer with more
 * open questions than its limit, and all pictures come over this connection.
 */
const MOST_UNANSWERED = MAX_OPEN_QUESTIONS / 4;

/** The questions of one kind, which are answered in their order. */
class Questions<Answer> {
  readonly #waiting: PromiseWithResolvers<Answer>[] = [];

  /** Asks, and resolves with the answer. After the time limit a question keeps its place, because its answer may still come. */
  async ask(name: string, send: () => void): Promise<Answer> {
    const silence = new SourceError(`${name} has not answered`, { retry: "soon" });
    if (this.#waiting.length >= MOST_UNANSWERED) throw silence;
    const asked = Promise.withResolvers<Answer>();
    this.#waiting.push(asked);
    send();
    const late = () => asked.reject(silence);
    const timer = setTimeout(late, ANSWER_TIMEOUT_MS);
    return await asked.promise.finally(() => clearTimeout(timer));
  }

  answer(answer: Answer): void {
    this.#waiting.shift()?.resolve(answer);
  }

  fail(error: SourceError): void {
    for (const asked of this.#waiting.splice(0)) asked.reject(error);
  }
}

export class OriginControls implements SourceControls {
  /** The name of the source, for errors. */
  readonly #name: string;
  #connection: Connection | null = null;
  readonly #lists = new Questions<Controls>();
  readonly #sets = new Questions<ControlSet>();

  constructor(name: string) {
    this.#name = name;
  }

  /** Sets the open connection, or null when it has ended. Questions without an answer are then lost. */
  set connection(connection: Connection | null) {
    this.#connection = connection;
    if (connection !== null) return;
    const error = this.#notConnected();
    this.#lists.fail(error);
    this.#sets.fail(error);
  }

  listed(controls: Controls): void {
    this.#lists.answer(controls);
  }

  wasSet(outcome: ControlSet): void {
    this.#sets.answer(outcome);
  }

  async list(): Promise<SourceControl[]> {
    const connection = this.#connection;
    if (connection === null) throw this.#notConnected();
    const { trouble, controls } = await this.#lists.ask(this.#name, () => connection.askForControls());
    if (trouble !== "") throw new SourceError(`${this.#name}: ${trouble}`, { retry: false });
    return controls.map(toSource);
  }

  async set(name: string, text: string): Promise<void> {
    const connection = this.#connection;
    if (connection === null) throw this.#notConnected();
    const { isDone, text: why } = await this.#sets.ask(this.#name, () => connection.setControl({ name, value: text }));
    if (!isDone) throw new SourceError(`${this.#name}: ${why}`, { retry: false });
  }

  async close(): Promise<void> {
    this.connection = null;
  }

  #notConnected(): SourceError {
    return new SourceError(`${this.#name} is not connected`, { retry: "soon" });
  }
}

function toSource({ name, kind, min, max, step, default: defaultValue, value, items }: Control): SourceControl {
  const range = { minimum: min, maximum: max, step, defaultValue, value };
  return { name, title: name, type: kind, ...range, menu: items, isReadOnly: false, isInactive: false };
}
