// The proofs by which viewer and server show each other that they know a key, without sending it. wire.ts describes the messages
// Challenge and Proof.
//
// The derivation and the proofs are those of SCRAM (RFC 5802, section 3) with HMAC-SHA-256. A key is random, so it needs no salt
// and no slow hash. A thief of the data that a server keeps can neither watch nor find out the key.

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { UsageError } from "../core/errors.ts";
import { KEY_ID_BYTES, PROOF_BYTES } from "./wire.ts";

/** The shortest key, in characters without separators: 100 bits, if they are random. */
export const MIN_KEY_CHARACTERS = 20;

/** The data that a server keeps about a key. With this data a server can check a viewer's proof, but nobody can make one. */
export interface KeyRecord {
  /** 8 bytes by which the server finds the key. */
  readonly id: Uint8Array;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/** The data with which a viewer proves a key. It must be kept as secret as the key itself. */
export interface ViewerKey extends KeyRecord {
  readonly clientKey: Uint8Array;
}

/**
 * The data of one connection that a proof includes. So a proof is valid only for this connection: the nonces (random bytes) of
 * both sides differ for each one.
 */
export interface ProofInput {
  /** 32 bytes that only the two ends of one TLS session know (RFC 9266). Null without TLS. */
  binding: Uint8Array | null;
  serverNonce: Uint8Array;
  viewerNonce: Uint8Array;
  keyId: Uint8Array;
  /** The body of the viewer's Hello, so that nobody can change its camera and flags. */
  hello: Uint8Array;
}

const encoder = new TextEncoder();

/**
 * Returns the normal form of a key: in lower case, without dashes and spaces, and with digits instead of letters that look like
 * digits (Crockford's base 32). Throws UsageError for a key that is too short to be safe. The message never contains the text.
 */
export function normalizeKey(text: string): string {
  const key = text
    .normalize("NFKC")
    .toLowerCase()
    .replaceAll(/[\p{Pd}\s\p{Cf}]/gu, "")
    .replaceAll(/[il]/g, "1")
    .replaceAll("o", "0");
  const length = [...key].length;
  if (length < MIN_KEY_CHARACTERS) {
    throw new UsageError(
      `this key has ${length} characters, and a key has at least ${MIN_KEY_CHARACTERS} characters: make a new one with 'bun run key add'`,
    );
  }
  return key;
}

/** Derives the data with which a viewer proves a key. Throws UsageError like `normalizeKey`. */
export function viewerKey(text: string): ViewerKey {
  const key = encoder.encode(normalizeKey(text));
  const derive = (purpose: string) => hmac(sha256, key, encoder.encode(purpose));
  const clientKey = derive("slipstream viewer");
  return {
    id: derive("slipstream key id").subarray(0, KEY_ID_BYTES),
    clientKey,
    storedKey: sha256(clientKey),
    serverKey: derive("slipstream server"),
  };
}

/** Returns the viewer's proof. It does not reveal the key to somebody who reads the connection. */
export function proveAsViewer({ clientKey, storedKey }: ViewerKey, input: ProofInput): Uint8Array {
  return xor(clientKey, sign(storedKey, "viewer", input));
}

/**
 * Returns the stored key that follows from a viewer's proof. The proof is right if this equals the stored key of the record. The
 * caller must compare the two in constant time.
 */
export function claimedStoredKey({ storedKey }: KeyRecord, input: ProofInput, proof: Uint8Array): Uint8Array {
  return sha256(xor(proof, sign(storedKey, "viewer", input)));
}

/** Returns the server's proof that it knows the key too. */
export function proveAsServer({ serverKey }: KeyRecord, input: ProofInput): Uint8Array {
  return sign(serverKey, "server", input);
}

/** Returns whether a server's proof is right. */
export function isServerProof(key: KeyRecord, input: ProofInput, proof: Uint8Array): boolean {
  const right = proveAsServer(key, input);
  let difference = proof.length ^ right.length;
  for (const [index, byte] of right.entries()) difference |= byte ^ (proof[index] ?? 0); // takes the same time for each proof
  return difference === 0;
}

/** Returns 32 random bytes. */
export function newNonce(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(PROOF_BYTES));
}

function sign(key: Uint8Array, side: "viewer" | "server", input: ProofInput): Uint8Array {
  const { binding, serverNonce, viewerNonce, keyId, hello } = input;
  const mac = hmac.create(sha256, key);
  mac.update(encoder.encode(`${side}slipstream proof 1`));
  mac.update(Uint8Array.of(binding === null ? 0 : 1));
  mac.update(binding ?? new Uint8Array(PROOF_BYTES));
  return mac.update(serverNonce).update(viewerNonce).update(keyId).update(sha256(hello)).digest();
}

function xor(left: Uint8Array, right: Uint8Array): Uint8Array {
  return left.map((byte, index) => byte ^ (right[index] ?? 0));
}
