// The certificate and private key with which the server identifies itself over TLS, read from PEM and checked.

import { createHash, createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { messageOf, UsageError } from "../../core/errors.ts";

/** The identity of a server in TLS: its certificate, and the private key that proves that the certificate is its own. */
export interface ServerIdentity {
  /** The certificate, and those of its issuers if there are any (PEM). */
  certificate: string;
  /** The private key (PEM). */
  key: string;
  /** The SHA-256 of the public key (SPKI), in base64. Viewers store it. */
  publicKey: string;
  expiresAt: Date;
  /**
   * The host names in a certificate from an authority. Viewers have to use one of them. The list is empty for a certificate that
   * the server has signed itself.
   */
  hostNames: readonly string[];
}

/** The names of the two files, for messages. */
export interface IdentityNames {
  certificate: string;
  key: string;
}

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * Checks that certificate and key are readable, belong together and are valid at `now`. Throws UsageError with one line if not.
 */
export function checkIdentity(
  certificate: string,
  key: string,
  names: IdentityNames,
  now = new Date(),
): ServerIdentity {
  const [own] = readChain(certificate, names.certificate);
  const privateKey = readKey(key, names.key);
  if (!own.checkPrivateKey(privateKey)) {
    throw new UsageError(
      `${names.key} is not the key of the first certificate in ${names.certificate}: the server's own certificate comes first`,
    );
  }
  const expiresAt = new Date(own.validTo);
  if (expiresAt <= now) {
    throw new UsageError(`the certificate in ${names.certificate} expired on ${day(expiresAt)}: renew it`);
  }
  const validFrom = new Date(own.validFrom);
  if (validFrom > now) {
    throw new UsageError(
      `the certificate in ${names.certificate} is valid from ${day(validFrom)} on, and it is ${day(now)}: check the clock`,
    );
  }
  return { certificate, key, publicKey: publicKeyOf(own), expiresAt, hostNames: hostNamesOf(own) };
}

function hostNamesOf(certificate: X509Certificate): string[] {
  if (certificate.issuer === certificate.subject) return [];
  const names = [...(certificate.subjectAltName ?? "").matchAll(/DNS:([\w.-]+)/g)];
  return names.map(([, name]) => name ?? ""); // without names with a wildcard, which are not host names
}

/** Returns whether a certificate (PEM) is valid for all these host names and addresses. */
export function coversNames(certificate: string, names: readonly string[]): boolean {
  try {
    const own = new X509Certificate(certificate);
    return names.every((name) => (isIP(name) === 0 ? own.checkHost(name) : own.checkIP(name)) !== undefined);
  } catch {
    return false; // the text is not a certificate
  }
}

/** Returns the SHA-256 of a certificate's public key (SPKI) in base64. */
function publicKeyOf(certificate: X509Certificate): string {
  return createHash("sha256")
    .update(certificate.publicKey.export({ type: "spki", format: "der" }))
    .digest("base64");
}

/**
 * Reads certificates (PEM). Throws UsageError with one line if there is none or one cannot be read. `name` is the name of their
 * file.
 */
export function readChain(pem: string, name: string): [X509Certificate, ...X509Certificate[]] {
  const [first, ...others] = pem.match(PEM_CERTIFICATE) ?? [];
  if (first === undefined) throw new UsageError(`${name} contains no certificate in PEM (-----BEGIN CERTIFICATE-----)`);
  try {
    return [new X509Certificate(first), ...others.map((each) => new X509Certificate(each))];
  } catch (cause) {
    throw new UsageError(`${name} contains a certificate that cannot be read: ${messageOf(cause)}`);
  }
}

/** Reads a private key (PEM). Throws UsageError with one line if that is not possible. `name` is the name of its file. */
export function readKey(pem: string, name: string): KeyObject {
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) {
    throw new UsageError(`${name} contains no private key in PEM (-----BEGIN PRIVATE KEY-----)`);
  }
  if (/ENCRYPTED/.test(pem)) {
    throw new UsageError(
      `the key in ${name} is protected by a password, which the server cannot ask for: store it without one`,
    );
  }
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw new UsageError(`${name} contains a private key that cannot be read: ${messageOf(cause)}`);
  }
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
