// The viewer's store of known servers: their keys and pinned public keys. It is one file that only the user can read.

import { join } from "node:path";
import * as v from "valibot";
import { UsageError } from "../core/errors.ts";
import { formatHostPort } from "../core/host-port.ts";
import { changePrivateFile, readPrivateFile } from "../state/private-file.ts";
import type { Address } from "./address.ts";
import type { KnownServer, KnownServers } from "./server-access.ts";

const FILE_NAME = "known-servers.json";

/** The schema of the file. Fields from later versions are kept. */
const FORMAT = v.pipe(
  v.custom((value) => !Array.isArray(value)), // otherwise a list would count as a record
  v.record(
    v.string(),
    v.looseObject({
      key: v.optional(v.string()),
      publicKey: v.optional(v.string()),
      usesTls: v.optional(v.boolean()),
      isVouchedFor: v.optional(v.boolean()),
    }),
  ),
);

type Entries = v.InferOutput<typeof FORMAT>;

/** Returns the name of a server in the file. */
function nameOf({ host, port }: Pick<Address, "host" | "port">): string {
  return formatHostPort(host.toLowerCase(), port);
}

/**
 * The store of one user. Each method reads the file again, so that it sees changes of other viewers. If the file cannot be used,
 * because it is damaged or other users can read it, all methods reject with a UsageError that says what to do. Such a file is
 * never changed.
 */
export class KnownServersFile implements KnownServers {
  readonly path: string;
  readonly #expected = new Map<string, KnownServer>();

  constructor(folder: string) {
    this.path = join(folder, FILE_NAME);
  }

  async entryOf(address: Address): Promise<KnownServer | null> {
    const name = nameOf(address);
    return this.#read()[name] ?? this.#expected.get(name) ?? null;
  }

  async update(address: Address, change: KnownServer): Promise<void> {
    const name = nameOf(address);
    this.#change((entries) => {
      const entry = { ...this.#expected.get(name), ...entries[name], ...change };
      if (Bun.deepEquals(entry, entries[name])) return false;
      entries[name] = entry;
      return true;
    });
  }

  expect(address: Address, known: KnownServer): void {
    this.#expected.set(nameOf(address), known);
  }

  /** Removes the entry of a server. Returns whether there was one. */
  async forget(address: Address): Promise<boolean> {
    const name = nameOf(address);
    if (this.#read()[name] === undefined) return false;
    this.#change((entries) => delete entries[name]);
    return true;
  }

  /** Returns the names (`HOST:PORT`) of the known servers on this host. */
  async namesOf(host: string): Promise<string[]> {
    const start = nameOf({ host, port: 0 }).slice(0, -1);
    return Object.keys(this.#read()).filter((name) => name.startsWith(start));
  }

  /**
   * Returns the entry of the server whose pinned public key begins with `prefix` (in hexadecimal digits). Returns null if there
   * is not exactly one such server.
   */
  async withFingerprint(prefix: string): Promise<KnownServer | null> {
    const found = Object.values(this.#read()).filter(
      ({ publicKey }) => publicKey !== undefined && Buffer.from(publicKey, "base64").toString("hex").startsWith(prefix),
    );
    const publicKeys = new Set(found.map(({ publicKey }) => publicKey));
    return prefix === "" || publicKeys.size !== 1 ? null : (found[0] ?? null);
  }

  #read(): Entries {
    return this.#parse(readPrivateFile(this.path));
  }

  #parse(text: string | null): Entries {
    if (text === null) return {};
    try {
      return v.parse(FORMAT, JSON.parse(text));
    } catch {
      // Errors of JSON and valibot may quote a key.
      throw new UsageError(
        `${this.path} is damaged: repair it, or move it away and give the keys of the servers again`,
      );
    }
  }

  /** Changes the file with `change`, which returns whether it has changed anything. */
  #change(change: (entries: Entries) => boolean): void {
    changePrivateFile(this.path, (text) => {
      const entries = this.#parse(text);
      return change(entries) ? `${JSON.stringify(entries, null, 2)}\n` : null;
    });
  }
}
