// Checks the keys in the options of a server. Each is given as text, or as the hash that slipstream.toml contains.

import { UsageError } from "../../core/errors.ts";
import { printable } from "../../core/printable.ts";
import { parseKeyRecord, recordOfKey } from "./key-record.ts";
import type { RingKey } from "./key-ring.ts";
import { RIGHTS, type Right } from "./role.ts";

/** One key of a server. Either `key` or `hash` is given. */
export interface KeyOptions {
  /** The key itself, at least 20 characters without dashes and spaces. It must be random: `bun run key add` makes such a key. */
  key?: string | undefined;
  /** The hash of a key. `bun run key add NAME --settings` prints it. */
  hash?: string | undefined;
  /** The name of the key, for the log. Default: `key`. */
  name?: string | undefined;
  /** The rights of viewers with this key. Default: `["view"]`, as `bun run key add` gives. */
  may?: readonly Right[] | undefined;
  /** The names of the cameras that they may see. Default: all. */
  cameras?: readonly string[] | undefined;
}

const MAX_NAME_CHARACTERS = 64;

/** Checks a key and fills in defaults. Throws UsageError for a key that cannot be used. The message does not contain the key. */
export function resolveKey({ key, hash, name = "key", may = ["view"], cameras }: KeyOptions): RingKey {
  checkKeyName(name);
  if ((key === undefined) === (hash === undefined)) throw new UsageError(`the key '${name}' needs either key or hash`);
  if (!may.includes("view") || !may.every((right) => RIGHTS.includes(right))) {
    throw new UsageError(`the rights (may) of the key '${name}' must be ["view"] or ["view", "control"]`);
  }
  const record = key === undefined ? parseKeyRecord(hash ?? "") : recordOfKey(key);
  return { record, role: { name, may: new Set(may), cameras: cameras === undefined ? null : new Set(cameras) } };
}

/** Returns the name, or throws UsageError when it cannot be the name of a key. */
export function checkKeyName(name: string): string {
  if (name.trim() === "" || printable(name) !== name || name.length > MAX_NAME_CHARACTERS) {
    throw new UsageError(`the name of a key has 1 to ${MAX_NAME_CHARACTERS} printable characters`);
  }
  return name;
}
