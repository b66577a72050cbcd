// Decides whether a server's certificate is accepted: because its public key is the known (pinned) one, because an authority has
// signed it, or because the server is new.

import { createHash, type X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { codeOf, messageOf } from "../core/errors.ts";
import { formatHostPort } from "../core/host-port.ts";
import { printable } from "../core/printable.ts";
import { showFingerprint } from "../protocol/tls.ts";
import type { Address } from "./address.ts";
import { ServerNotTrusted } from "./carriage.ts";
import type { KnownServer } from "./server-access.ts";

export interface ServerCertificate {
  /** The SHA-256 of the public key (SPKI) in base64. */
  publicKey: string;
  /**
   * `pinned`: the public key is the known one. `authority`: chain, time and name are right. `unknown`: self-signed, never
   * seen.
   */
  trust: "pinned" | "authority" | "unknown";
}

/** The server that the viewer wants to reach. */
export interface ExpectedServer {
  address: Address;
  /** The entry of the server in the store of known servers, or null. */
  known: KnownServer | null;
  /** Whether the user has named the authorities that vouch for servers (`--tls-ca`). */
  hasOwnAuthorities: boolean;
}

/** The largest number of characters of a certificate's names that a message quotes. */
const MAX_SHOWN = 200;

/**
 * Checks the certificate that a server showed. `problem` is the error from the check of its chain, or null. Throws
 * ServerNotTrusted.
 */
export function checkCertificate(
  certificate: X509Certificate,
  problem: Error | null,
  { address, known, hasOwnAuthorities }: ExpectedServer,
): ServerCertificate {
  const where = formatHostPort(address.host, address.port);
  const spki = certificate.publicKey.export({ type: "spki", format: "der" });
  const publicKey = createHash("sha256").update(spki).digest("base64");
  const pinned = known?.publicKey;
  if (pinned !== undefined && pinned !== publicKey) {
    throw new ServerNotTrusted(
      `${where} has another public key than before: it was ${showFingerprint(pinned)}, and now is ${showFingerprint(publicKey)}: another machine may answer in its place; if the server was set up again, compare with the fingerprint that it prints, and then run view --forget ${where}`,
    );
  }
  if (pinned !== undefined && !hasOwnAuthorities) return { publicKey, trust: "pinned" };
  const isMisnamed = codeOf(problem) === "ERR_TLS_CERT_ALTNAME_INVALID";
  if (problem !== null && !isMisnamed) {
    if (isSignedByItself(certificate)) {
      refuseIfVouchedFor(where, publicKey, known, hasOwnAuthorities);
      return { publicKey, trust: "unknown" };
    }
    throw new ServerNotTrusted(`${where}: ${explain(problem, certificate)}`);
  }
  const { host } = address;
  // Bun checks the name too, but only if the viewer has connected by a name and not by an address.
  const isForHost = (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined;
  if (isForHost && !isMisnamed) return { publicKey, trust: "authority" };
  const names = printable(certificate.subjectAltName ?? certificate.subject).slice(0, MAX_SHOWN);
  throw new ServerNotTrusted(`${where}: the server's certificate is not for ${host} but for ${names}: use its name`);
}

/**
 * Refuses a self-signed certificate if authorities vouch for this server. Otherwise a man in the middle would only
 * have to sign a certificate. Earlier versions stored only `usesTls` for such a server.
 */
function refuseIfVouchedFor(
  where: string,
  publicKey: string,
  known: KnownServer | null,
  hasOwnAuthorities: boolean,
): void {
  const shows = `shows a certificate that no authority vouches for, with the public key ${showFingerprint(publicKey)}`;
  if (known?.isVouchedFor === true || (known?.usesTls === true && known.publicKey === undefined)) {
    throw new ServerNotTrusted(
      `${where} now ${shows}: before, an authority vouched for it, so another machine may answer in its place; if the server was set up again, compare with the fingerprint that it prints, and then run view --forget ${where}`,
    );
  }
  if (hasOwnAuthorities) {
    throw new ServerNotTrusted(
      `${where} ${shows}: another machine may answer in its place; if the server has no certificate from an authority, leave out --tls-ca, and run view --forget ${where} if it is known`,
    );
  }
}

function isSignedByItself(certificate: X509Certificate): boolean {
  return certificate.issuer === certificate.subject && certificate.verify(certificate.publicKey);
}

function explain(problem: Error, certificate: X509Certificate): string {
  switch (codeOf(problem)) {
    case "CERT_HAS_EXPIRED":
      return `a certificate of the server has expired (its own is valid until ${printable(certificate.validTo)}): renew it there, or check this machine's clock`;
    case "CERT_NOT_YET_VALID":
      return `a certificate of the server is not valid yet (its own is from ${printable(certificate.validFrom)} on): check the clocks`;
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "SELF_SIGNED_CERT_IN_CHAIN":
      return "the server's certificate is signed by an authority that this viewer does not know: name a file with the authority's certificate by --tls-ca";
    default:
      return `the server's certificate is not accepted: ${messageOf(problem)}`;
  }
}
