// A server as a source: a relay pulls a camera of another server as a viewer does, and passes its pictures on.

import type { FrameSink, Source } from "../../capture/source.ts";
import { type Address, formatAddress } from "../../connect/address.ts";
import { ServerNotTrusted } from "../../connect/carriage.ts";
import { type Attempt, isKeyRefusal, KeyRefused, type ServerAccess } from "../../connect/server-access.ts";
import { connectTcp } from "../../connect/tcp.ts";
import { ConnectionError, ProtocolError, type Retry, SourceError } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import { onAbort } from "../../core/on-abort.ts";
import type { Welcome } from "../../protocol/greeting.ts";
import { GoodbyeReason } from "../../protocol/wire.ts";
import { OriginControls } from "./origin-controls.ts";
import { Pull } from "./pull.ts";
import { RelayRoute } from "./relay-route.ts";

export interface RelayOptions {
  /** The link without its key, for people. */
  name: string;
  address: Address;
  access: ServerAccess;
  log: Log;
}

export class RelaySource implements Source {
  readonly name: string;
  framesPerSecond = 0;
  readonly route = new RelayRoute();
  readonly controls: OriginControls;
  readonly #options: RelayOptions;
  /** Whether the server has ever accepted this relay. */
  #wasWelcome = false;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.name = options.name;
    this.controls = new OriginControls(options.name);
  }

  /** Runs one connection. Throws SourceError when it has ended, and supervise() connects again. */
  async run(sink: FrameSink, signal: AbortSignal): Promise<void> {
    const { access } = this.#options;
    try {
      while (!signal.aborted) {
        const attempt = await access.attempt();
        await this.#runOnce(attempt, sink, signal);
        if (signal.aborted) return;
        await access.refused(attempt, this.#wasWelcome);
      }
    } catch (error) {
      if (!signal.aborted) throw asSourceError(error);
    } finally {
      await access[Symbol.asyncDispose]();
    }
  }

  /** Returns when the server has refused the key, or when `signal` aborts. Throws the error for any other end. */
  async #runOnce(attempt: Attempt, sink: FrameSink, signal: AbortSignal): Promise<void> {
    const { address, access } = this.#options;
    const pull = new Pull({
      sink,
      onWelcome: (welcome, hasProven) => this.#welcome(attempt, welcome, hasProven),
      onStream: ({ framesPerSecond }) => {
        this.framesPerSecond = framesPerSecond;
      },
      onRoute: (route) => this.route.follow(route),
      onControls: (controls) => this.controls.listed(controls),
      onControlSet: (outcome) => this.controls.wasSet(outcome),
    });
    const connection = await connectTcp(address, pull.events, {
      paused: true,
      signal,
      ...access.connectionOptions(attempt),
    });
    using _ = onAbort(signal, () => connection.close());
    this.controls.connection = connection;
    try {
      const end = await pull.run(connection);
      if (signal.aborted || isKeyRefusal(end)) return;
      if (pull.refusal !== null) throw new SourceError(`${this.name} ${pull.refusal}`, { retry: "growing" });
      // A camera that has ended is back only when its server is started again. Each question is a line in that server's log.
      const retry = end.goodbye?.reason === GoodbyeReason.end ? "growing" : "soon";
      const isMissing = end.goodbye?.reason === GoodbyeReason.noCamera;
      const where = formatAddress(isMissing ? { ...address, camera: "" } : address);
      throw new SourceError(`${where}: ${end.text}`, { retry });
    } finally {
      this.controls.connection = null;
      this.route.follow([]);
    }
  }

  #welcome(attempt: Attempt, { sourceName }: Welcome, hasProven: boolean): void {
    const { address, access, log } = this.#options;
    access.welcomed(attempt, hasProven);
    this.#wasWelcome = true;
    log.info(`connected to ${formatAddress({ ...address, camera: "" })}: ${sourceName}`);
  }
}

/** Makes errors of the connection errors of a source, which supervise() handles. */
function asSourceError(cause: unknown): unknown {
  const isOfConnection = cause instanceof ConnectionError || cause instanceof ProtocolError;
  return isOfConnection ? new SourceError(cause.message, { retry: retryOf(cause), cause }) : cause;
}

function retryOf(error: ConnectionError | ProtocolError): Retry {
  // Servers make an address wait after wrong keys.
  if (error instanceof KeyRefused || error instanceof ServerNotTrusted) return "minutes";
  return error instanceof ProtocolError ? "growing" : "soon";
}
