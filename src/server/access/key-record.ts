// The text form of the data that a server keeps about a key. It is the `hash` in slipstream.toml and in the key store.

import { UsageError } from "../../core/errors.ts";
import { type KeyRecord, viewerKey } from "../../protocol/proof.ts";
import { KEY_ID_BYTES, PROOF_BYTES } from "../../protocol/wire.ts";

const SCHEME = "slipstream-1";
const LENGTHS = [KEY_ID_BYTES, PROOF_BYTES, PROOF_BYTES];

/** Returns `slipstream-1$ID$STORED$SERVER`, with each part in base64url. Somebody who reads this text cannot watch with it. */
export function formatKeyRecord({ id, storedKey, serverKey }: KeyRecord): string {
  return [SCHEME, ...[id, storedKey, serverKey].map((part) => Buffer.from(part).toString("base64url"))].join("$");
}

/**
 * Parses the text form. Throws UsageError for other text. The message does not contain the text, because it may be a key by
 * mistake.
 */
export function parseKeyRecord(text: string): KeyRecord {
  const [scheme, ...texts] = text.split("$");
  const parts = texts.map((part) => new Uint8Array(Buffer.from(part, "base64url")));
  const [id, storedKey, serverKey] = parts;
  const fits = scheme === SCHEME && parts.length === LENGTHS.length;
  if (fits && id && storedKey && serverKey && parts.every(({ length }, index) => length === LENGTHS[index])) {
    return { id, storedKey, serverKey };
  }
  throw new UsageError("this is not the hash of a key: 'bun run key add NAME --settings' prints one");
}

/** Returns the data that a server keeps about a key. Throws UsageError for a key that is too short. */
export function recordOfKey(key: string): KeyRecord {
  const { id, storedKey, serverKey } = viewerKey(key);
  return { id, storedKey, serverKey };
}
