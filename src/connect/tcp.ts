// Opens a connection over TCP, with TLS or without. In connect/ only this file, discover.ts and known-servers.ts use Bun.

import type { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import type { Socket } from "bun";
import { codeOf, ConnectionError, messageOf } from "../core/errors.ts";
import { addressesOf, formatHostPort } from "../core/host-port.ts";
import { onAbort } from "../core/on-abort.ts";
import { exportBinding, showFingerprint } from "../protocol/tls.ts";
import type { Transport } from "../protocol/transport.ts";
import { type Address, formatAddress, type Scheme } from "./address.ts";
import { type Carriage, carriagesFor, ServerNotTrusted, SpeaksOtherWay } from "./carriage.ts";
import { checkCertificate, type ServerCertificate } from "./certificate-check.ts";
import { Connection, type ConnectionOptions } from "./connection.ts";
import type { ConnectionEvents } from "./connection-events.ts";
import { HeldBack, type Receiver } from "./held-back.ts";
import type { KnownServer, KnownServers } from "./server-access.ts";

const CONNECT_TIMEOUT_MS = 5_000;

export interface TcpOptions extends ConnectionOptions {
  /** When this signal aborts, connecting ends. */
  signal?: AbortSignal;
  /** The scheme of the user's link. Default: null. */
  scheme?: Scheme | null;
  /** The store with the pinned public keys of servers, which also learns new ones. Null, which is the default, stores nothing. */
  knownServers?: KnownServers | null;
  /** The certificates (PEM) of authorities that are trusted instead of the public ones. Default: the public ones. */
  authorities?: string | undefined;
  /** Receives lines for the user. */
  say?: (text: string) => void;
}

/**
 * Connects and sends Hello. Throws ConnectionError if no server can be reached or its certificate is refused, and as soon as
 * `signal` aborts. For `localhost` both families of addresses are tried.
 */
export async function connectTcp(
  address: Address,
  events: ConnectionEvents,
  { signal, ...options }: TcpOptions = {},
): Promise<Connection> {
  const givingUp = new AbortController();
  using _deadline = onAbort(AbortSignal.timeout(CONNECT_TIMEOUT_MS), () => givingUp.abort(new Error("no answer")));
  using _stopping = signal && onAbort(signal, () => givingUp.abort(new Error("the viewer was closed")));
  const known = (await options.knownServers?.entryOf(address)) ?? null;
  const where = formatHostPort(address.host, address.port);
  const carriages = carriagesFor(address, options.scheme ?? null, known, SPOKE_PLAINLY.has(where));
  const attempt = new Attempt(address, events, options, known, givingUp.signal);
  let failure: unknown;
  for (const host of addressesOf(address.host)) {
    for (const [index, carriage] of carriages.entries()) {
      try {
        const connection = await attempt.connect(host, carriage, index + 1 < carriages.length);
        if (carriage === "plain") SPOKE_PLAINLY.add(where);
        else SPOKE_PLAINLY.delete(where);
        return connection;
      } catch (cause) {
        if (cause instanceof ServerNotTrusted) throw cause;
        failure = cause;
        if (!(cause instanceof SpeaksOtherWay)) break;
      }
    }
  }
  throw failure instanceof ConnectionError
    ? failure
    : new ConnectionError(explain(address, failure), { cause: failure });
}

type ViewerSocket = Socket<Receiver | null>;

/** One try to connect: first with one carriage (TLS or no TLS), then perhaps with the other. */
class Attempt {
  readonly #address: Address;
  readonly #events: ConnectionEvents;
  readonly #options: TcpOptions;
  readonly #known: KnownServer | null;
  readonly #signal: AbortSignal;

  constructor(
    address: Address,
    events: ConnectionEvents,
    options: TcpOptions,
    known: KnownServer | null,
    signal: AbortSignal,
  ) {
    this.#address = address;
    this.#events = events;
    this.#options = options;
    this.#known = known;
    this.#signal = signal;
  }

  /**
   * Opens a socket and sends Hello. `hasOther` says whether the other carriage may be tried next. In that case, the promise
   * rejects with SpeaksOtherWay if it should be tried. Rejects with the system's error, or with the reason of the signal when it
   * aborts.
   */
  async connect(hostname: string, carriage: Carriage, hasOther: boolean): Promise<Connection> {
    const { promise, resolve, reject } = Promise.withResolvers<Connection>();
    let opened: ViewerSocket | null = null;
    using _ = onAbort(this.#signal, () => {
      reject(this.#signal.reason);
      opened?.terminate(); // otherwise a server that never ends its handshake would keep the socket open
    });
    const tls = carriage === "tls";
    Bun.connect<Receiver | null>({
      hostname,
      port: this.#address.port,
      data: null,
      ...(tls ? { tls: this.#tlsOptions() } : {}),
      socket: {
        open: (socket) => {
          if (this.#signal.aborted) {
            socket.terminate();
            return;
          }
          opened = socket;
          socket.setNoDelay(true); // Without this an Ack may wait for more bytes (Nagle's algorithm, RFC 896).
          if (tls) return;
          const connection = this.#greet(socket, null);
          socket.data = hasOther ? new HeldBack(socket, connection, { resolve, reject }) : connection;
          if (!hasOther) resolve(connection);
        },
        // Bun does not call this without TLS.
        handshake: (socket, _isAuthorized, problem) => {
          if (!tls || this.#signal.aborted || socket.data !== null) return;
          try {
            const connection = this.#greetOverTls(socket, problem, hasOther);
            socket.data = connection;
            resolve(connection);
          } catch (error) {
            reject(error);
            socket.terminate();
          }
        },
        data: (socket, chunk) => socket.data?.receive(chunk),
        drain: (socket) => socket.data?.drained(),
        close: (socket) => {
          socket.data?.closed("the server closed the connection");
          reject(new ConnectionError(`${formatAddress(this.#address)} closed the connection during the TLS handshake`));
        },
        error: (socket, error) => socket.data?.closed(`the connection broke: ${messageOf(error)}`),
        // Without this handler Bun also reports a failed connect as an uncaught error. The promise rejects in either case.
        connectError: () => undefined,
      },
    }).catch(reject);
    return await promise; // `await` keeps the listener of the signal until then
  }

  #tlsOptions(): Bun.TLSOptions {
    const { host } = this.#address;
    const { authorities } = this.#options;
    return {
      // certificate-check.ts decides, because a server with a pinned key needs no authority.
      rejectUnauthorized: false,
      ...(isIP(host) === 0 ? { serverName: host } : {}),
      ...(authorities === undefined ? {} : { ca: authorities }),
    };
  }

  #greet(socket: ViewerSocket, server: { certificate: ServerCertificate; binding: Uint8Array } | null): Connection {
    const transport: Transport = {
      write: (bytes) => socket.write(bytes),
      bufferedBytes: 0,
      binding: server?.binding ?? null,
      end: () => void socket.end(),
      abort: () => socket.terminate(),
    };
    const events: ConnectionEvents = {
      ...this.#events,
      onWelcome: (welcome) => {
        this.#events.onWelcome(welcome); // throws ServerNotTrusted if the server should have asked for a key
        if (server === null)
          this.#sayOnce("is not encrypted: everybody on the network path can watch", this.#isExposed);
        else void this.#keep(server.certificate, connection.hasProven, this.#options.key == null);
      },
    };
    const connection = new Connection(transport, this.#address, events, this.#options);
    return connection;
  }

  #greetOverTls(socket: ViewerSocket, problem: Error | null, hasOther: boolean): Connection {
    const where = formatAddress(this.#address);
    const binding = exportBinding(socket);
    if (binding === null) throw this.#noTls(problem, hasOther);
    // In TLS 1.2, the exported secret binds nothing without a further extension (RFC 7627). Every Slipstream server with TLS
    // supports 1.3.
    if (socket.getTLSVersion() !== "TLSv1.3") throw new ServerNotTrusted(`${where} does not support TLS 1.3`);
    const shown: X509Certificate = socket.getPeerX509Certificate();
    const certificate = checkCertificate(shown, problem, {
      address: this.#address,
      known: this.#known,
      hasOwnAuthorities: this.#options.authorities !== undefined,
    });
    return this.#greet(socket, { certificate, binding });
  }

  /** Returns the error for a handshake that has failed. */
  #noTls(problem: Error | null, hasOther: boolean): Error {
    const text = problem === null ? "no reason" : messageOf(problem);
    const where = formatAddress(this.#address);
    const isPlain = text.includes("WRONG_VERSION_NUMBER"); // the server's first bytes are not TLS
    if (isPlain && hasOther) return new SpeaksOtherWay(`${where} speaks without TLS`);
    if (isPlain) return new ServerNotTrusted(`${where} speaks without TLS: ${this.#whatToDo()}`);
    return new ConnectionError(`cannot connect to ${where} with TLS: ${text}`);
  }

  #whatToDo(): string {
    const where = formatHostPort(this.#address.host, this.#address.port);
    return this.#options.scheme === "slips"
      ? "start it with TLS, or write slip:// in the link if the network is safe"
      : `it has used TLS before; start it with TLS, or run 'bun run view --forget ${where}' if the change was intended`;
  }

  /**
   * Stores the facts about the server, after its Welcome. Nothing is stored if the viewer had a key that the server has not
   * proven, because another program may answer in the server's place.
   */
  async #keep({ publicKey, trust }: ServerCertificate, hasProven: boolean, hadNoKey: boolean): Promise<void> {
    const { knownServers } = this.#options;
    if (trust === "unknown" && !hasProven) {
      this.#sayOnce(`is seen for the first time, with the public key ${showFingerprint(publicKey)}`, true);
    }
    if (!hasProven && !hadNoKey) return;
    // A key with a certificate from an authority is not pinned, because the authority will also sign the next key.
    const change = trust === "authority" ? { usesTls: true, isVouchedFor: true } : { usesTls: true, publicKey };
    try {
      await knownServers?.update(this.#address, change);
    } catch (error) {
      this.#sayOnce(`is not kept as a known server: ${messageOf(error)}`, true);
    }
  }

  /** Whether the connection leaves this machine and the user has not demanded one without TLS. */
  get #isExposed(): boolean {
    return this.#options.scheme !== "slip" && carriagesFor(this.#address, null, null)[0] === "tls";
  }

  /** Reports a line about the server only once in this process, because viewers connect again and again. */
  #sayOnce(text: string, isToBeSaid: boolean): void {
    const line = `${formatHostPort(this.#address.host, this.#address.port)} ${text}`;
    if (!isToBeSaid || SAID.has(line)) return;
    SAID.add(line);
    this.#options.say?.(line);
  }
}

const SAID = new Set<string>();
/** Servers whose last connection was without TLS. Because of this list, a grid does not try TLS again for each camera. */
const SPOKE_PLAINLY = new Set<string>();

function explain(address: Address, cause: unknown): string {
  const where = formatAddress(address);
  switch (codeOf(cause)) {
    case "ECONNREFUSED":
      return `no program listens on ${where}: start 'bun run serve' there`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `unknown host: ${address.host}`;
    case "ENETUNREACH":
    case "EHOSTUNREACH":
      return `there is no route to ${where}: check the network`;
    default:
      return `cannot connect to ${where}: ${messageOf(cause)}`;
  }
}
