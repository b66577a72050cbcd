// Decides whether a viewer tries a connection with or without TLS first. Each of these two ways is called a carriage.

import { ConnectionError } from "../core/errors.ts";
import { formatHostPort, isLoopbackHost } from "../core/host-port.ts";
import { isTlsAlert } from "../protocol/tls.ts";
import { GoodbyeReason, HEADER_BYTES, MessageType } from "../protocol/wire.ts";
import type { Address, Scheme } from "./address.ts";
import type { KnownServer } from "./server-access.ts";

/**
 * The error when the viewer does not accept the server. Another try cannot help, until somebody changes the server or the
 * viewer's store of known servers.
 */
export class ServerNotTrusted extends ConnectionError {}

/** The error when the server evidently uses the other carriage (TLS instead of no TLS, or the reverse). */
export class SpeaksOtherWay extends ConnectionError {}

export type Carriage = "tls" | "plain";

/**
 * Returns the carriages in the order of the tries. The second one is tried only if the server evidently uses the other
 * carriage. If a server has ever used TLS, the viewer never connects to it without TLS. `hasSpokenPlainly` says that the
 * last connection was without TLS. Throws ServerNotTrusted if the link demands a connection without TLS.
 */
export function carriagesFor(
  address: Address,
  scheme: Scheme | null,
  known: KnownServer | null,
  hasSpokenPlainly = false,
): Carriage[] {
  const needsTls = known?.usesTls === true || known?.publicKey !== undefined;
  if (scheme === "slip" && needsTls) {
    const where = formatHostPort(address.host, address.port);
    throw new ServerNotTrusted(
      `${where} has used TLS before, so the viewer does not connect without TLS: write slips:// in the link; if the server was changed on purpose, run 'bun run view --forget ${where}'`,
    );
  }
  if (scheme === "slips" || needsTls) return ["tls"];
  if (scheme === "slip") return ["plain"];
  return isLoopbackHost(address.host) || hasSpokenPlainly ? ["plain", "tls"] : ["tls", "plain"];
}

/** Returns whether the first bytes from a server show that it needs TLS, after the viewer has connected without TLS. */
export function asksForTls(first: Uint8Array): boolean {
  const isGoodbye = first[HEADER_BYTES - 1] === MessageType.goodbye && first[HEADER_BYTES] === GoodbyeReason.needsTls;
  return isGoodbye || isTlsAlert(first);
}
