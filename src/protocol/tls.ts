// Facts about TLS that both ends of a connection need: the label of the binding, and the first bytes of a TLS connection, which
// differ from those of a connection without TLS.

/**
 * The label of the exported secret (RFC 8446, 7.5) that binds the proof of a key to its TLS session. Both ends of a session
 * export the same bytes, and no other session has them.
 */
export const BINDING_LABEL = "EXPORTER-slipstream-proof";
export const BINDING_BYTES = 32;

/** The part of a socket with TLS that is needed here. Bun's types declare that the method returns nothing. */
interface Exporter {
  exportKeyingMaterial(length: number, label: string): unknown;
}

/** Returns the binding of a TLS session, or null if its handshake is not done. */
export function exportBinding(socket: Exporter): Uint8Array | null {
  try {
    const bytes = socket.exportKeyingMaterial(BINDING_BYTES, BINDING_LABEL);
    return bytes instanceof Uint8Array && bytes.length === BINDING_BYTES ? bytes : null;
  } catch {
    return null; // BoringSSL exports no secret before the handshake is done
  }
}

const HANDSHAKE_RECORD = 22;
const ALERT_RECORD = 21;
/** The first byte of the version in each record, from TLS 1.0 on (RFC 8446, 5.1). */
const RECORD_VERSION = 3;

/** Returns whether the first bytes of a connection may be those of TLS. A Hello without TLS has 0 as its second byte. */
export function beginsTls(bytes: Uint8Array): boolean {
  return bytes[0] === HANDSHAKE_RECORD && (bytes.length < 2 || bytes[1] === RECORD_VERSION);
}

/**
 * Returns whether bytes begin with an alert of TLS, which is the answer of a TLS server to bytes that are not TLS. No message of
 * Slipstream begins like this.
 */
export function isTlsAlert(bytes: Uint8Array): boolean {
  return bytes[0] === ALERT_RECORD && bytes[1] === RECORD_VERSION;
}

/**
 * Returns the text by which people compare a public key, in the form that ssh uses. `publicKey` is the SHA-256 of the SPKI (RFC
 * 7469, 2.4) in base64.
 */
export function showFingerprint(publicKey: string): string {
  return `SHA256:${publicKey.replace(/=+$/, "")}`;
}
