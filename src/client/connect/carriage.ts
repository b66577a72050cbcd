// Decides whether a viewer speaks to a server with TLS or without, and in which order it tries.

import { ConnectionError } from "../../core/errors.ts";
import { formatHostPort, isLoopbackHost } from "../../core/host-port.ts";
import { isTlsAlert } from "../../protocol/tls.ts";
import { GoodbyeReason, HEADER_BYTES, MessageType } from "../../protocol/wire.ts";
import type { Address, Scheme } from "./address.ts";
import type { KnownServer } from "./server-access.ts";

/** The viewer does not accept the server. Another try cannot help, unless somebody changes the server or what is known of it. */
export class ServerNotTrusted extends ConnectionError {}

/** The server evidently speaks the other way, with TLS or without. */
export class SpeaksOtherWay extends ConnectionError {}

export type Carriage = "tls" | "plain";

/**
 * Returns the ways to try, the first one first. The second one is only for a server that evidently speaks the other way. A server that
 * has ever used TLS is not spoken to without it. Throws ServerNotTrusted if the link asks for that.
 */
export function carriagesFor(address: Address, scheme: Scheme | null, known: KnownServer | null): Carriage[] {
  const needsTls = known?.usesTls === true || known?.publicKey !== undefined;
  if (scheme === "slip" && needsTls) {
    const where = formatHostPort(address.host, address.port);
    throw new ServerNotTrusted(
      `${where} has used TLS before, so it is not spoken to without: write slips:// in the link; if the server has been changed on purpose, run view --forget ${where}`,
    );
  }
  if (scheme === "slips" || needsTls) return ["tls"];
  if (scheme === "slip") return ["plain"];
  return isLoopbackHost(address.host) ? ["plain", "tls"] : ["tls", "plain"];
}

/** Whether the first bytes from a server that was spoken to without TLS say that it needs TLS. */
export function asksForTls(first: Uint8Array): boolean {
  const isGoodbye = first[HEADER_BYTES - 1] === MessageType.goodbye && first[HEADER_BYTES] === GoodbyeReason.needsTls;
  return isGoodbye || isTlsAlert(first);
}
