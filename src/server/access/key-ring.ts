// The keys of a server. The key ring checks a viewer's proof or key and returns the role that belongs to it.

import { randomBytes, timingSafeEqual } from "node:crypto";
import { UsageError } from "../../core/errors.ts";
import type { Proof } from "../../protocol/handshake.ts";
import { claimedStoredKey, type KeyRecord, type ProofInput, proveAsServer, viewerKey } from "../../protocol/proof.ts";
import { KEY_ID_BYTES, PROOF_BYTES } from "../../protocol/wire.ts";
import { formatKeyRecord } from "./key-record.ts";
import type { Role } from "./role.ts";

export interface RingKey {
  readonly record: KeyRecord;
  readonly role: Role;
}

/**
 * The credentials of a viewer: a proof (in Slipstream's own protocol), or the key itself (for a door that gets a password or a
 * cookie).
 */
export type Credentials = { proof: Proof; input: ProofInput } | { key: string };

export interface Authenticated {
  role: Role;
  /** The server's own proof, for a viewer that has sent a proof. */
  serverProof?: Uint8Array;
}

export class KeyRing {
  #keys: readonly RingKey[] = [];
  /** Stands in for a key that does not exist, so that a wrong id takes the same time as a wrong proof. */
  readonly #decoy: KeyRecord = {
    id: randomBytes(KEY_ID_BYTES),
    storedKey: randomBytes(PROOF_BYTES),
    serverKey: randomBytes(PROOF_BYTES),
  };

  constructor(keys: readonly RingKey[] = []) {
    this.replace(keys);
  }

  get size(): number {
    return this.#keys.length;
  }

  /** The roles of all keys. */
  get roles(): readonly Role[] {
    return this.#keys.map(({ role }) => role);
  }

  /**
   * Replaces all keys, and returns whether anything has changed. A key with the same rights as before keeps its Role object, so
   * that its viewers stay.
   */
  replace(keys: readonly RingKey[]): boolean {
    const before = new Map(this.#keys.map((key) => [describe(key), key]));
    const isSame = keys.length === before.size && keys.every((key) => before.has(describe(key)));
    this.#keys = keys.map((key) => before.get(describe(key)) ?? key);
    return !isSame;
  }

  /** Returns whether a role that `authenticate` has returned is still valid. */
  holds(role: Role): boolean {
    return this.#keys.some((key) => key.role === role);
  }

  /** Returns the role, or null for wrong credentials. It takes the same time for a key that does not exist. */
  authenticate(credentials: Credentials): Authenticated | null {
    return "proof" in credentials
      ? this.#checkProof(credentials.proof, credentials.input)
      : this.#checkKey(credentials.key);
  }

  #checkProof({ keyId, proof }: Proof, input: ProofInput): Authenticated | null {
    const found = this.#find(keyId);
    const record = found?.record ?? this.#decoy;
    const isRight = timingSafeEqual(claimedStoredKey(record, input, proof), record.storedKey);
    const serverProof = proveAsServer(record, input);
    return isRight && found !== null ? { role: found.role, serverProof } : null;
  }

  #checkKey(text: string): Authenticated | null {
    let given: KeyRecord;
    try {
      given = viewerKey(text);
    } catch (error) {
      if (error instanceof UsageError) return null; // too short for a key
      throw error;
    }
    const found = this.#find(given.id);
    const isRight = timingSafeEqual(given.storedKey, (found?.record ?? this.#decoy).storedKey);
    return isRight && found !== null ? { role: found.role } : null;
  }

  /** Finds the key with this id. It compares with all keys, so that the time it takes does not reveal which key was found. */
  #find(id: Uint8Array): RingKey | null {
    let found: RingKey | null = null;
    for (const key of this.#keys) if (timingSafeEqual(key.record.id, id)) found = key;
    return found;
  }
}

function describe({ record, role: { name, may, cameras } }: RingKey): string {
  return JSON.stringify([formatKeyRecord(record), name, [...may].sort(), cameras && [...cameras].sort()]);
}
