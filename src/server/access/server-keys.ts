// The keys of a running server. They come from its options and from the key store, which is read again when it changes.

import { messageOf } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import { stateOfFiles } from "../../state/file-state.ts";
import { KeyRing, type RingKey } from "./key-ring.ts";
import { readKeyStore, ringKeys, type StoredKey, withFirstKey } from "./key-store.ts";

/**
 * The interval of checks for changes of the key store. It is short, so that `bun run key remove` takes effect within a second.
 */
const POLL_MS = 250;

export interface ServerKeysOptions {
  /** The keys from the command line, the environment and slipstream.toml. */
  given: readonly RingKey[];
  /** The file of the key store. Null means none. */
  store: string | null;
  log: Log;
}

export class ServerKeys implements Disposable {
  readonly ring: KeyRing;
  /** The first key itself, for the link that is printed. Null if the options of the server have keys. */
  readonly firstKey: string | null;
  /** The object calls this after the key store has changed. */
  onChanged: () => void = () => undefined;
  readonly #options: ServerKeysOptions;
  #given: readonly RingKey[];
  #stored: readonly StoredKey[];
  readonly #polling: ReturnType<typeof setInterval> | null;
  #version = "";
  #isPolling = false;
  #lastTrouble = "";

  /** Makes a first key if there is no other. Throws UsageError if the store cannot be read. */
  constructor(options: ServerKeysOptions) {
    const { given, store } = options;
    this.#options = options;
    this.#given = given;
    const stored = store === null ? [] : given.length > 0 ? readKeyStore(store) : withFirstKey(store);
    this.#stored = stored;
    this.ring = new KeyRing([...given, ...ringKeys(stored)]);
    this.firstKey = given.length > 0 ? null : (stored.find(({ key }) => key !== undefined)?.key ?? null);
    this.#polling = store === null ? null : setInterval(() => void this.#poll(store), POLL_MS);
  }

  [Symbol.dispose](): void {
    if (this.#polling !== null) clearInterval(this.#polling);
  }

  async #poll(store: string): Promise<void> {
    if (this.#isPolling) return; // the last check still runs, for example because a network file system does not answer
    this.#isPolling = true;
    try {
      const version = await stateOfFiles([store]);
      if (version !== this.#version) this.#take(readKeyStore(store));
      this.#version = version;
      this.#lastTrouble = "";
    } catch (error) {
      const trouble = messageOf(error);
      if (trouble !== this.#lastTrouble)
        this.#options.log.warning(`the key store cannot be read again, so the old keys stay valid: ${trouble}`);
      this.#lastTrouble = trouble;
    } finally {
      this.#isPolling = false;
    }
  }

  /** Takes other keys of the options. Viewers whose key is no longer valid are disconnected. */
  replaceGiven(given: readonly RingKey[]): void {
    this.#given = given;
    this.#replace("the keys of the settings have changed");
  }

  #take(stored: readonly StoredKey[]): void {
    this.#stored = stored;
    this.#replace("the key store has changed");
  }

  #replace(reason: string): void {
    if (!this.ring.replace([...this.#given, ...ringKeys(this.#stored)])) return;
    this.#options.log.info(`${reason}: viewers can use ${this.ring.size} keys`);
    this.onChanged();
  }
}
