// Proves on both ends of a connection that a key is known, without sending it. wire.ts has the messages, Challenge and Proof.
//
// The derivation and the proofs are those of SCRAM (RFC 5802, section 3) with HMAC-SHA-256. A key is random, so it needs no salt and no
// slow hash: whoever steals what a server keeps can neither watch nor find the key.

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { UsageError } from "../core/errors.ts";
import { KEY_ID_BYTES, PROOF_BYTES } from "./wire.ts";

/** The shortest key, in characters without separators: 100 bits, if they are random. */
export const MIN_KEY_CHARACTERS = 20;

/** What a server keeps of a key. Its owner can check proofs, but cannot make one for a viewer. */
export interface KeyRecord {
  /** 8 bytes by which the server finds the key. */
  readonly id: Uint8Array;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/** A key in the form in which a viewer proves it. It is as secret as the key. */
export interface ViewerKey extends KeyRecord {
  readonly clientKey: Uint8Array;
}

/** What a proof holds for. It fits no other connection, because the nonces of both sides are random. */
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
 * Returns a key as it is used: in lower case, without dashes and spaces, with the letters that look like digits replaced (Crockford's
 * base 32). Throws UsageError for a key that is too short to be safe. The message never contains the text.
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
      `a key has at least ${MIN_KEY_CHARACTERS} characters, and this one has ${length}: 'bun run key add' makes one`,
    );
  }
  return key;
}

/** Derives what a viewer needs. Throws UsageError as `normalizeKey` does. */
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

/** Returns the viewer's proof, which shows a reader nothing about the key. */
export function proveAsViewer({ clientKey, storedKey }: ViewerKey, input: ProofInput): Uint8Array {
  return xor(clientKey, sign(storedKey, "viewer", input));
}

/**
 * Returns the stored key that a viewer's proof claims. The proof is right if it is that of `record`. The caller compares them in
 * constant time.
 */
export function claimedStoredKey({ storedKey }: KeyRecord, input: ProofInput, proof: Uint8Array): Uint8Array {
  return sha256(xor(proof, sign(storedKey, "viewer", input)));
}

/** Returns the server's proof that it knows the key, too. */
export function proveAsServer({ serverKey }: KeyRecord, input: ProofInput): Uint8Array {
  return sign(serverKey, "server", input);
}

/** Whether a server has proven that it knows the key. */
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
