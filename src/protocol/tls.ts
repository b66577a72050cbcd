// What both ends of a connection over TLS agree on, and how the first bytes of TLS differ from those of the wire without it.

/**
 * The label of the exported secret (RFC 8446, 7.5) that binds the proof of a key to its TLS session. Both ends of a session export the
 * same bytes, and no other session has them.
 */
export const BINDING_LABEL = "EXPORTER-slipstream-proof";
export const BINDING_BYTES = 32;

const HANDSHAKE_RECORD = 22;
const ALERT_RECORD = 21;
/** The first byte of the version in each record, from TLS 1.0 on (RFC 8446, 5.1). */
const RECORD_VERSION = 3;

/** Whether the first bytes of a connection may be those of TLS. A Hello without TLS has 0 as its second byte. */
export function beginsTls(bytes: Uint8Array): boolean {
  return bytes[0] === HANDSHAKE_RECORD && (bytes.length < 2 || bytes[1] === RECORD_VERSION);
}

/** Whether bytes begin with an alert of TLS: a TLS server's answer to bytes that are not TLS. No message begins like this. */
export function isTlsAlert(bytes: Uint8Array): boolean {
  return bytes[0] === ALERT_RECORD && bytes[1] === RECORD_VERSION;
}

/** Shows a public key to people as ssh does. `publicKey` is the SHA-256 of the SPKI (RFC 7469, 2.4) in base64. */
export function showFingerprint(publicKey: string): string {
  return `SHA256:${publicKey.replace(/=+$/, "")}`;
}
