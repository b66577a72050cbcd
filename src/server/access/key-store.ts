// The key store: a file with the keys that `bun run key` has added, and the first key, which a server has made for itself.

import { randomInt } from "node:crypto";
import * as v from "valibot";
import { UsageError } from "../../core/errors.ts";
import { changePrivateFile, readPrivateFile } from "../../state/private-file.ts";
import { formatKeyRecord, parseKeyRecord, recordOfKey } from "./key-record.ts";
import type { RingKey } from "./key-ring.ts";
import { RIGHTS, type Right } from "./role.ts";

/** The name of the file in the state folder. */
export const KEY_STORE_FILE = "keys.json";
/** The name of the key that a server makes when it has none. */
export const FIRST_KEY_NAME = "first";

/** Crockford's base 32: it has no letter that looks like a digit or another letter. */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const GROUPS = 5;
const GROUP_CHARACTERS = 4;

const STORED_KEY = v.object({
  name: v.string(),
  hash: v.string(),
  may: v.array(v.picklist(RIGHTS)),
  /** The names of cameras. Null means all. */
  cameras: v.nullable(v.array(v.string())),
  /** The time when the key was added, in ISO 8601. */
  added: v.string(),
  /** The key itself. Only the first key has this field, so that the server can print the link for viewers at each start. */
  key: v.optional(v.string()),
});
const STORE = v.object({ keys: v.array(STORED_KEY) });

export type StoredKey = v.InferOutput<typeof STORED_KEY>;

export interface NewKey {
  name: string;
  may: Right[];
  cameras: string[] | null;
}

/** Returns a new key of 100 random bits, as text that can be read aloud: `k7qf-2mzd-…`. */
export function makeKey(): string {
  const group = () => Array.from({ length: GROUP_CHARACTERS }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");
  return Array.from({ length: GROUPS }, group).join("-");
}

/**
 * Returns the keys of the store. If there is no file, there are no keys. Throws UsageError if the file cannot be read, or if
 * other users can read it.
 */
export function readKeyStore(path: string): StoredKey[] {
  return parseStore(readPrivateFile(path), path);
}

function parseStore(text: string | null, path: string): StoredKey[] {
  if (text === null) return [];
  try {
    const { keys } = v.parse(STORE, JSON.parse(text));
    for (const { hash } of keys) parseKeyRecord(hash);
    return keys;
  } catch {
    // The error itself may quote a key.
    throw new UsageError(`${path} is not a key store: remove it, and add keys with 'bun run key add'`);
  }
}

/** Adds a key and returns its text, which is not stored. Throws UsageError if there is a key of this name. */
export function addKey(path: string, { name, may, cameras }: NewKey): string {
  const key = makeKey();
  changeStore(path, (keys) => {
    if (keys.some((other) => other.name === name)) {
      throw new UsageError(`there is a key '${name}' already: choose another name, or remove it first`);
    }
    return [...keys, storedKey(key, { name, may, cameras })];
  });
  return key;
}

/** Removes a key. Throws UsageError if there is no key with this name. */
export function removeKey(path: string, name: string): void {
  changeStore(path, (keys) => {
    const rest = keys.filter((key) => key.name !== name);
    if (rest.length === keys.length) {
      const names = keys.map((key) => `'${key.name}'`).join(", ");
      throw new UsageError(
        // The name is not quoted, because users may write the key itself in its place.
        `there is no key of this name: ${names === "" ? "the store has none" : `the keys are ${names}`}`,
      );
    }
    return rest;
  });
}

/** Returns the keys of the store. If there are none, it first adds a first key. */
export function withFirstKey(path: string): StoredKey[] {
  let result: StoredKey[] = [];
  changeStore(path, (keys) => {
    const key = makeKey();
    const first = { ...storedKey(key, { name: FIRST_KEY_NAME, may: [...RIGHTS], cameras: null }), key };
    result = keys.length > 0 ? keys : [first];
    return keys.length > 0 ? null : result;
  });
  return result;
}

/** Returns the keys of the store for a key ring. */
export function ringKeys(keys: readonly StoredKey[]): RingKey[] {
  return keys.map(({ name, hash, may, cameras }) => ({
    record: parseKeyRecord(hash),
    role: { name, may: new Set(may), cameras: cameras === null ? null : new Set(cameras) },
  }));
}

function storedKey(key: string, facts: NewKey): StoredKey {
  return { ...facts, hash: formatKeyRecord(recordOfKey(key)), added: new Date().toISOString() };
}

function changeStore(path: string, change: (keys: StoredKey[]) => StoredKey[] | null): void {
  changePrivateFile(path, (text) => {
    const keys = change(parseStore(text, path));
    return keys === null ? null : `${JSON.stringify({ keys }, null, 2)}\n`;
  });
}
