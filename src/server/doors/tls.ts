// The server's end of TLS on an accepted socket. Bytes of viewers are decrypted before they reach the protocol.

import type { Socket, TLSUpgradeOptions } from "bun";
import { messageOf, ProtocolError } from "../../core/errors.ts";
import { formatHostPort } from "../../core/host-port.ts";
import { readHello } from "../../protocol/greeting.ts";
import { beginsTls, exportBinding } from "../../protocol/tls.ts";
import { GONE, type TransportEvents } from "../../protocol/transport.ts";
import { GoodbyeReason, HEADER_BYTES, MessageType } from "../../protocol/wire.ts";
import { isLoopback } from "../access/address-group.ts";
import type { ServerIdentity } from "../access/certificate.ts";
import type { ViewerConnection } from "../deliver/viewer-host.ts";
import type { Connect, DoorGuest } from "./tcp.ts";

/**
 * For TLS 1.2: a new secret for each session (ECDHE), and encryption with authentication (RFC 9325, 4.2). All suites of TLS 1.3
 * are of this kind. Bun accepts no version below 1.2.
 */
export const CIPHERS = [
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
].join(":");

/**
 * Bun documents the upgrade for clients. Since 1.4 the option `isServer`, which its node:tls uses, does the same for accepted
 * sockets (https://github.com/oven-sh/bun/issues/25044).
 */
interface ServerUpgrade<Data> extends TLSUpgradeOptions<Data> {
  isServer: true;
}

/**
 * Begins TLS on a socket that was just accepted. Each socket is upgraded, instead of listening for TLS. So each viewer gets the
 * newest certificate, and the first bytes of viewers without TLS can be seen.
 */
export function acceptTls(socket: Socket<TransportEvents | null>, identity: ServerIdentity, connect: Connect): void {
  const { certificate: cert, key } = identity;
  let connection: TlsConnection | null = null;
  const upgrade: ServerUpgrade<TransportEvents | null> = {
    isServer: true,
    tls: { cert, key, ciphers: CIPHERS },
    data: null,
    socket: {
      handshake: (_, isDone, error) => connection?.shookHands(isDone, error),
      data: (_, bytes) => connection?.decrypted(bytes),
      drain: () => connection?.guest?.drained(),
      close: (_, error) => connection?.closed(error ? messageOf(error) : "it closed the connection"),
      error: (_, error) => connection?.closed(messageOf(error)),
    },
  };
  // After the upgrade `socket` is no longer in use. `raw` takes its place, and has its events.
  const [raw, secured] = socket.upgradeTLS<TransportEvents | null>(upgrade);
  connection = new TlsConnection(raw, secured);
  raw.data = connection;
  connection.guest = connect(connection);
}

/** The states of a connection. During the TLS handshake, it counts as a connection that has not sent Hello. */
type State = "handshake" | "open" | "without TLS";

/** A connection to a viewer over TLS. The events of this object are those of the encrypted bytes. */
class TlsConnection implements ViewerConnection, TransportEvents {
  readonly door = "tls";
  readonly bufferedBytes = 0;
  readonly address: string;
  readonly ip: string;
  guest: DoorGuest | null = null;
  isAttempt = false;
  readonly #socket: Socket<TransportEvents | null>;
  readonly #secured: Socket<TransportEvents | null>;
  #state: State = "handshake";
  /** The first bytes (at most two) from the other end. */
  #first = new Uint8Array();
  /** The bytes that are sent as soon as it is clear whether the viewer uses TLS. */
  #early: Uint8Array | null = null;
  #isEnding = false;
  #binding: Uint8Array | null = null;

  constructor(socket: Socket<TransportEvents | null>, secured: Socket<TransportEvents | null>) {
    this.#socket = socket;
    this.#secured = secured;
    this.ip = socket.remoteAddress;
    this.address = formatHostPort(socket.remoteAddress, socket.remotePort);
  }

  /** The binding of the TLS session (see Transport). Null before the handshake is done, and without TLS. */
  get binding(): Uint8Array | null {
    if (this.#state !== "open") return null;
    this.#binding ??= exportBinding(this.#secured);
    return this.#binding;
  }

  write(bytes: Uint8Array): number {
    switch (this.#state) {
      case "handshake":
        if (this.#early !== null) return GONE;
        this.#early = new Uint8Array(bytes); // this is a Goodbye, because nothing else is sent before the viewer's first bytes
        return bytes.length;
      case "open":
        return this.#secured.write(bytes);
      case "without TLS":
        return this.#socket.write(bytes);
    }
  }

  end(): void {
    if (this.#state === "open")
      this.#secured.shutdown(); // not `end` (see tcp.ts)
    else if (this.#state === "without TLS") this.#socket.end();
    else this.#isEnding = true;
  }

  abort(): void {
    this.#secured.terminate();
  }

  /**
   * Looks at the first bytes before they are decrypted. A viewer without TLS gets a Goodbye without TLS, so that it can read the
   * reason.
   */
  receive(bytes: Uint8Array): void {
    if (this.#state !== "handshake" || this.#first.length >= 2) return;
    this.#first = new Uint8Array([...this.#first, ...bytes.subarray(0, 2 - this.#first.length)]);
    if (beginsTls(this.#first)) return;
    this.isAttempt = isLoopback(this.ip) && beginsWithHelloOfTlsViewer(bytes);
    this.#open("without TLS");
    this.guest?.leave?.(
      GoodbyeReason.needsTls,
      "this server accepts only viewers with TLS: write slips:// in the link, or update the viewer",
    );
  }

  /** Passes decrypted bytes on. Without a finished handshake there is no binding, so a proof could not be checked. */
  decrypted(bytes: Uint8Array): void {
    if (this.#state === "open") this.guest?.receive(bytes);
    else this.abort();
  }

  #open(state: State): void {
    this.#state = state;
    if (this.#early !== null) this.write(this.#early);
    if (this.#isEnding) this.end();
  }

  drained(): void {
    // Nobody needs the events of the encrypted bytes.
  }

  closed(text: string): void {
    this.guest?.closed(text);
    this.guest = null;
  }

  shookHands(isDone: boolean, error: Error | null): void {
    if (this.#state !== "handshake") return;
    if (isDone) {
      this.#open("open");
    } else if (this.#first.length === 0) {
      this.closed("it closed the connection"); // probably a port scanner, so nothing is logged
    } else {
      const reason = error === null ? "no reason" : reasonOf(error);
      this.guest?.leave?.(GoodbyeReason.protocol, `the TLS handshake failed: ${reason}`);
      this.abort();
    }
  }
}

/**
 * Returns the reason of BoringSSL, for example `UNSUPPORTED_PROTOCOL` from `error:100000f0:SSL
 * routines:OPENSSL_internal:UNSUPPORTED_PROTOCOL`.
 */
function reasonOf(error: Error): string {
  return error.message.split(":").at(-1) ?? error.message;
}

/** Returns whether bytes begin with the Hello of a viewer that also supports TLS. Such viewers support keys, too. */
function beginsWithHelloOfTlsViewer(bytes: Uint8Array): boolean {
  if (bytes[HEADER_BYTES - 1] !== MessageType.hello) return false;
  try {
    return readHello(bytes.subarray(HEADER_BYTES)).canProve === true;
  } catch (error) {
    if (error instanceof ProtocolError) return false;
    throw error;
  }
}
