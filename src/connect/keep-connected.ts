// Keeps a viewer connected: it connects, waits for the end of the connection, and connects again until it is stopped.

import { sleep } from "../core/clock.ts";
import { codeOf, ConnectionError } from "../core/errors.ts";
import { onAbort } from "../core/on-abort.ts";
import { GoodbyeReason } from "../protocol/wire.ts";
import { type Address, formatAddress } from "./address.ts";
import { Backoff } from "./backoff.ts";
import { ServerNotTrusted } from "./carriage.ts";
import type { Connection, ConnectionEnd } from "./connection.ts";
import { isKeyRefusal, KeyRefused } from "./server-access.ts";

/** The pause between two requests for a camera that has ended. Each request is a line in the server's log. */
const ENDED_PAUSE_MS = 30_000;

export interface KeepConnectedOptions {
  address: Address;
  /** True to stop when the first connection ends, instead of connecting again. */
  once: boolean;
  /** True to wait for a host name that is unknown and for a camera that the server does not have (yet). Default: false. */
  wait?: boolean | undefined;
  stopped: AbortSignal;
}

/** The owner of the loop, which opens connections and receives the loop's events. */
export interface KeepConnectedEvents {
  /** Opens one connection. Throws ConnectionError if no server can be reached. */
  connect(): Promise<Connection>;
  /**
   * The loop calls this when the server has refused the key, or needs one. The promise resolves when there is another key, and
   * rejects with the reason to stop. `wasWelcome` says whether the server has accepted a key before.
   */
  keyRefused(wasWelcome: boolean): Promise<void>;
  /** The loop calls this with the open connection, and with null when it has ended. */
  onConnection(connection: Connection | null): void;
  /**
   * The loop calls this while it connects and between two tries, with the reason why no picture comes. The text is for the
   * screen.
   */
  onWaiting(text: string): void;
  /** Reports one line to the user. The loop reports no line twice in a row. */
  say(text: string): void;
}

export class KeepConnected {
  readonly #options: KeepConnectedOptions;
  readonly #events: KeepConnectedEvents;
  readonly #backoff = new Backoff();
  readonly #server: string;
  /** Whether a server has ever sent its Welcome. */
  #wasWelcome = false;
  #lastSaid = "";
  /** Ends the pause before the next try. It is null while there is no pause that may be ended early. */
  #endPause: (() => void) | null = null;

  constructor(options: KeepConnectedOptions, events: KeepConnectedEvents) {
    this.#options = options;
    this.#events = events;
    this.#server = formatAddress(options.address);
  }

  /**
   * Tries again immediately if the last try reached no server. Call it when another camera's connection has reached the server.
   * The pause after a Goodbye is not shortened, because the cameras of a grid would wake each other in a loop.
   */
  retryNow(): void {
    this.#endPause?.();
  }

  /**
   * Runs until `stopped` aborts, or with `once` until an orderly end of the connection. Throws ConnectionError if the host is
   * unknown, has no such camera or refuses the viewer's keys, and with `once` also if the host cannot be reached. With `wait`,
   * these errors are thrown only after the first connection. Throws ProtocolError if the program that answers is not a Slipstream
   * server of this version.
   */
  async run(): Promise<void> {
    const { stopped } = this.#options;
    let waitingFor = `waiting for ${this.#server}`;
    while (!stopped.aborted) {
      this.#events.onWaiting(waitingFor);
      const outcome = await this.#connectOnce();
      if (stopped.aborted) return;
      if (outcome instanceof ConnectionError) {
        this.#throwIfFinal(outcome);
        this.#say(`${outcome.message}; trying again`);
        this.#events.onWaiting(outcome.message);
        waitingFor = `waiting for ${this.#server}`;
        await this.#pause(this.#backoff.nextMs(), true);
      } else {
        const { end, isWelcome, hadCameraEnded } = outcome;
        if (this.#isOver(end, isWelcome)) return;
        if (isKeyRefusal(end)) {
          this.#events.onWaiting(end.text);
          await this.#events.keyRefused(this.#wasWelcome).catch((error: unknown) => {
            if (!stopped.aborted) throw error;
          });
          continue;
        }
        // The camera has ended on the server. This does not change until the server is restarted.
        const hasEnded = end.goodbye?.reason === GoodbyeReason.end && (!isWelcome || hadCameraEnded);
        this.#say(`${end.text}; ${hasEnded ? `asking again every ${ENDED_PAUSE_MS / 1000} s` : "trying again"}`);
        this.#events.onWaiting(end.text);
        waitingFor = hasEnded ? end.text : `waiting for ${this.#server}`;
        await this.#pause(hasEnded ? ENDED_PAUSE_MS : this.#backoff.nextMs(), false);
      }
    }
  }

  /** Runs one connection from start to end. */
  async #connectOnce(): Promise<{ end: ConnectionEnd; isWelcome: boolean; hadCameraEnded: boolean } | ConnectionError> {
    let connection: Connection;
    try {
      connection = await this.#events.connect();
    } catch (error) {
      if (error instanceof ConnectionError) return error;
      throw error;
    }
    this.#events.onConnection(connection);
    using _ = onAbort(this.#options.stopped, () => connection.close());
    try {
      const end = await connection.ended;
      return { end, isWelcome: connection.isWelcome, hadCameraEnded: connection.hadCameraEnded };
    } finally {
      this.#events.onConnection(null);
    }
  }

  /** Whether to wait for a server or a camera that may appear later. */
  get #mayAppear(): boolean {
    return this.#options.wait === true && !this.#wasWelcome;
  }

  #throwIfFinal(error: ConnectionError): void {
    if (this.#mayAppear && !(error instanceof ServerNotTrusted)) return;
    if (this.#options.once || (!this.#wasWelcome && isHopeless(error))) throw error;
  }

  /**
   * Returns whether to stop after this end, which is true for an orderly end with `once`. Throws if a new connection cannot help.
   */
  #isOver({ goodbye, text }: ConnectionEnd, isWelcome: boolean): boolean {
    const { address, once } = this.#options;
    if (isWelcome) {
      this.#wasWelcome = true;
      this.#backoff.reset();
      this.#lastSaid = "";
    }
    if (goodbye?.reason === GoodbyeReason.noCamera && this.#mayAppear) return false;
    if (goodbye?.reason === GoodbyeReason.noCamera && !this.#wasWelcome) {
      throw new ConnectionError(`${formatAddress({ ...address, camera: "" })}: ${text}`);
    }
    if (!once || (isKeyRefusal({ goodbye, text }) && !this.#wasWelcome)) return false;
    this.#events.say(text);
    const isOrderly = goodbye?.reason === GoodbyeReason.end || goodbye?.reason === GoodbyeReason.shutdown;
    if (!isOrderly) throw new ConnectionError(`${this.#server}: ${text}`);
    return true;
  }

  #say(text: string): void {
    if (text !== this.#lastSaid) this.#events.say(text);
    this.#lastSaid = text;
  }

  async #pause(milliseconds: number, mayBeEnded: boolean): Promise<void> {
    const over = new AbortController();
    if (mayBeEnded) this.#endPause = () => over.abort();
    await sleep(milliseconds, AbortSignal.any([this.#options.stopped, over.signal]));
    this.#endPause = null;
  }
}

/**
 * Returns whether trying again cannot help, because the host name is unknown, there is no valid key, or the certificate is
 * refused.
 */
export function isHopeless(error: unknown): boolean {
  return (
    error instanceof KeyRefused ||
    error instanceof ServerNotTrusted ||
    (error instanceof ConnectionError && codeOf(error.cause) === "ENOTFOUND")
  );
}
