// A viewer's access to one server: the key that it proves, where the key comes from, and what to do when the server refuses it.

import { ConnectionError, UsageError } from "../core/errors.ts";
import { formatHostPort, isLoopbackHost } from "../core/host-port.ts";
import { normalizeKey, type ViewerKey, viewerKey } from "../protocol/proof.ts";
import { GoodbyeReason } from "../protocol/wire.ts";
import type { Address, Scheme } from "./address.ts";
import { ServerNotTrusted } from "./carriage.ts";
import type { ConnectionEnd } from "./connection.ts";
import type { TcpOptions } from "./tcp.ts";

/** An entry of the store of known servers. Unknown fields are left out. */
export interface KnownServer {
  /** The key that worked. */
  key?: string | undefined;
  /** The SHA-256 of the server's public key (SPKI), as base64. */
  publicKey?: string | undefined;
  /** True after a connection with TLS. The viewer never connects to such a server without TLS again. */
  usesTls?: boolean | undefined;
  /** True after a connection with a certificate from an authority. Such a server is not accepted with any other certificate. */
  isVouchedFor?: boolean | undefined;
}

/** The store of known servers, by host and port. */
export interface KnownServers {
  /** Returns the stored or expected entry of a server, or null. */
  entryOf(address: Address): Promise<KnownServer | null>;
  /** Adds fields to the entry of a server. */
  update(address: Address, change: KnownServer): Promise<void>;
  /** Sets the entry that a server at this address must match. The first `update` stores it. */
  expect(address: Address, known: KnownServer): void;
}

/** A place in which a key may be found. */
export interface KeySource {
  /** The name of the source in messages, for example `the link` in "the key of the link is not right". */
  name: string;
  /** Reads the key as it is now, or null. Throws UsageError if it cannot be read. */
  read(): Promise<string | null>;
  /**
   * True if the key was given for this server only. A server that does not ask for such a key is refused, because another program
   * may answer in its place. For any other key, a server on this machine is not refused.
   */
  isOwn: boolean;
  /** What the user can do so that the viewer does not use this key: "leave …". It is empty if `view --forget` is enough. */
  howToOmit: string;
}

/** Asks the user for a key. Resolves with null if nobody answers. */
export type AskForKey = (question: string) => Promise<string | null>;

export interface ServerAccessOptions {
  address: Address;
  /** The scheme of the link, or null. */
  scheme: Scheme | null;
  /** The sources of keys in the order in which they are tried. The store of known servers is tried after them. */
  sources: readonly KeySource[];
  /** The store of known servers. Null to store nothing. */
  knownServers: KnownServers | null;
  /** The certificates (PEM) of authorities that are trusted instead of the public ones. */
  authorities?: string | undefined;
  /** Asks the user for a key. Null if there is no terminal. */
  ask: AskForKey | null;
  /** The advice at the end of the error for a server that needs another key: "give …". */
  advice: string;
  /** Receives lines for the user. */
  say: (text: string) => void;
}

/** A key and its source, which one connection uses. */
export interface Attempt {
  key: ViewerKey | null;
  /** The key as text, for comparisons, or null. */
  text: string | null;
  source: string;
  /** What to do if the server does not ask for the key, or null if such a server is accepted. */
  adviceIfUnasked: string | null;
}

/** The error when the server has refused all keys of the viewer. */
export class KeyRefused extends ConnectionError {}

const MOST_QUESTIONS = 3;
/** The attempt of a viewer that has no key. */
export const NO_KEY: Attempt = { key: null, text: null, source: "", adviceIfUnasked: null };

/** Returns whether the server has refused the key, or needs one. */
export function isKeyRefusal({ goodbye }: ConnectionEnd): boolean {
  return goodbye?.reason === GoodbyeReason.needsKey || goodbye?.reason === GoodbyeReason.wrongKey;
}

/** What connections use of the access. A page has another one, because its server knows the key by a cookie. */
export type Access = Pick<ServerAccess, "attempt" | "connectionOptions" | "welcomed" | "refused">;

/** The viewer's access to one server. All connections to the server share it, so that a grid asks only once for the key. */
export class ServerAccess implements AsyncDisposable {
  readonly #options: ServerAccessOptions;
  readonly #server: string;
  readonly #store: KnownServers | null;
  readonly #sources: readonly KeySource[];
  /** The keys that the server has refused. */
  readonly #refused = new Set<string>();
  #attempt: Promise<Attempt> | null = null;
  #replacing: Promise<void> | null = null;
  #questions = 0;
  #keptText: string | null = null;
  #keeping = Promise.resolve();

  constructor(options: ServerAccessOptions) {
    const { address, sources, knownServers } = options;
    this.#options = options;
    this.#store = knownServers && {
      entryOf: (of) => knownServers.entryOf(of),
      expect: (of, known) => knownServers.expect(of, known),
      update: (of, change) => this.#awaited(knownServers.update(of, change)),
    };
    this.#server = formatHostPort(address.host, address.port);
    const store: KeySource = {
      name: "the store",
      read: async () => (await knownServers?.entryOf(address))?.key ?? null,
      isOwn: true,
      howToOmit: "",
    };
    this.#sources = [...sources, store];
  }

  /** Returns the key for the next connection. Throws UsageError if a key that was given cannot be used. */
  attempt(): Promise<Attempt> {
    this.#attempt ??= this.#find().then((found) => found ?? NO_KEY);
    return this.#attempt;
  }

  /** Returns the options for `connectTcp`. */
  connectionOptions({ key }: Attempt): Pick<TcpOptions, "key" | "scheme" | "knownServers" | "authorities" | "say"> {
    const { scheme, authorities, say } = this.#options;
    return { key, scheme, knownServers: this.#store, authorities, say };
  }

  /**
   * Stores the key of a server that has sent Welcome. `hasProven` says whether viewer and server have proven to each other that
   * they know the key. Throws ServerNotTrusted if the server should have asked for the key.
   */
  welcomed({ text, source, adviceIfUnasked }: Attempt, hasProven: boolean): void {
    if (text === null) return;
    this.#questions = 0;
    if (!hasProven) {
      if (adviceIfUnasked === null) return;
      throw new ServerNotTrusted(
        `the server does not ask for ${nameOfKey(source)}, so another program may answer in its place: check the server; if it needs no key, ${adviceIfUnasked}`,
      );
    }
    if (this.#keptText === text) return;
    this.#keptText = text;
    this.#keeping = this.#keeping.then(() => this.#keep(text));
  }

  /**
   * Searches for another key after the server has refused one. The key may come from a source that has changed, from another
   * source, or from the user. Throws KeyRefused if there is none.
   */
  async refused(attempt: Attempt, wasWelcome: boolean): Promise<void> {
    const current = await this.attempt();
    if (current.text !== attempt.text) return; // Another connection has already replaced the key.
    this.#replacing ??= this.#replace(current, wasWelcome)
      .then((next) => {
        this.#attempt = Promise.resolve(next);
      })
      .finally(() => {
        this.#replacing = null;
      });
    await this.#replacing;
  }

  /** Waits until all new facts about the server are stored. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#keeping;
  }

  async #replace({ text, source }: Attempt, wasWelcome: boolean): Promise<Attempt> {
    if (text !== null) this.#refused.add(text);
    const found = await this.#find();
    if (found !== null) return found;
    const trouble =
      text === null
        ? `${this.#server} needs a key`
        : wasWelcome
          ? `${this.#server} does not accept ${nameOfKey(source)} any more`
          : this.#refused.size > 1
            ? `${this.#server} has refused all keys that were given or stored`
            : `${nameOfKey(source)} is not right for ${this.#server}`;
    return (await this.#askUser(trouble)) ?? this.#giveUp(trouble);
  }

  /** Reads the sources. Returns the first key that was not refused, or null. */
  async #find(): Promise<Attempt | null> {
    for (const source of this.#sources) {
      const written = await source.read();
      if (written === null) continue;
      const text = checked(written, source.name);
      if (this.#refused.has(text)) continue;
      return { key: viewerKey(text), text, source: source.name, adviceIfUnasked: await this.#adviceIfUnasked(source) };
    }
    return null;
  }

  /**
   * Returns what to do if the server does not ask for the key of the source, or null if such a server is accepted. A variable may
   * have the key of another server, so it does not require keys from the servers of this machine. But a server with a stored key
   * has asked for one before. Other users of this machine may listen on its ports, and ssh forwards them to other machines. So a
   * key that was given for a server of this machine is required, too.
   */
  async #adviceIfUnasked({ isOwn, howToOmit }: Pick<KeySource, "isOwn" | "howToOmit">): Promise<string | null> {
    const { address, knownServers } = this.#options;
    const isStored = (await knownServers?.entryOf(address))?.key !== undefined;
    if (!isOwn && !isStored && isLoopbackHost(address.host)) return null;
    const forget = isStored ? `run 'bun run view --forget ${this.#server}'` : "";
    return [forget, howToOmit].filter((step) => step !== "").join(", and ");
  }

  async #askUser(trouble: string): Promise<Attempt | null> {
    const { ask } = this.#options;
    let why = trouble;
    while (ask !== null && this.#questions < MOST_QUESTIONS) {
      this.#questions++;
      const answer = await ask(`${why}\nKey of ${this.#server}: `);
      if (answer === null) return null;
      try {
        const text = normalizeKey(answer);
        if (!this.#refused.has(text)) {
          const adviceIfUnasked = await this.#adviceIfUnasked({ isOwn: true, howToOmit: "start view again" });
          return { key: viewerKey(text), text, source: "", adviceIfUnasked };
        }
        why = "this key was already refused";
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        why = error.message;
      }
    }
    return null;
  }

  #giveUp(trouble: string): never {
    throw new KeyRefused(`${trouble}: ${this.#options.advice}`);
  }

  /** Adds a task for whose end the access waits when it is disposed. */
  #awaited(keeping: Promise<void>): Promise<void> {
    this.#keeping = Promise.allSettled([this.#keeping, keeping]).then(() => undefined);
    return keeping;
  }

  async #keep(text: string): Promise<void> {
    try {
      await this.#options.knownServers?.update(this.#options.address, { key: text });
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.#options.say(`the key was not stored: ${error.message}`);
    }
  }
}

/** Returns the name of a key in messages. `source` is empty for a key that the user has typed. */
function nameOfKey(source: string): string {
  return source === "" ? "the key" : `the key of ${source}`;
}

/** Returns the normal form of a key from a source. Throws UsageError that names the source. */
function checked(written: string, source: string): string {
  try {
    return normalizeKey(written);
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`${nameOfKey(source)} cannot be used: ${error.message}`);
    throw error;
  }
}

/** Returns the access of a viewer that has no key and stores nothing. */
export function withoutKey(address: Address): ServerAccess {
  return accessWith(address, null, null);
}

/** Returns the access of a program that may have a key. It stores nothing and cannot ask a user. */
export function accessWith(address: Address, scheme: Scheme | null, key: string | null): ServerAccess {
  const sources =
    key === null ? [] : [{ name: "the program", read: async () => key, isOwn: true, howToOmit: "leave out its key" }];
  const advice = "give its link (slips://KEY@HOST:PORT) or its key";
  return new ServerAccess({ address, scheme, sources, knownServers: null, ask: null, advice, say: () => undefined });
}
