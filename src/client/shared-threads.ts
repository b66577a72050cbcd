// Decoder threads that all calls of `watch()` in a process share. They end with the last call.

import { BUN_RUNTIME } from "../codec/bun/runtime.ts";
import { Arena } from "../codec/memory/arena.ts";
import { FairShare } from "../codec/threads/fair-share.ts";
import { CodecPool } from "../codec/threads/pool.ts";
import { Decoders } from "./decode/decoders.ts";

/** A user of shared threads. */
export interface ThreadUser {
  /** The threads call this when one of them has become idle. */
  pump(): void;
  /** The threads call this when one of them has failed and was replaced. */
  threadRestarted(reason: string): void;
  /** The threads call this when they fail repeatedly, so that no more pictures will be decoded. */
  threadsFailed(reason: Error): void;
}

/** The groups of threads by their number of threads. */
const shared = new Map<number, SharedThreads>();

export class SharedThreads {
  readonly pool: CodecPool;
  readonly #arena = Arena.create();
  readonly #turns: FairShare;
  readonly #users = new Set<ThreadUser>();
  /** The decoders of watchers that have ended. */
  readonly #spare = new Set<Decoders>();

  /**
   * Adds a user to the group with this number of threads. The threads start with the first user. Call `leave` at the end, even if
   * `ready` rejects.
   */
  static join(threads: number, user: ThreadUser): SharedThreads {
    const joined = shared.get(threads) ?? new SharedThreads(threads);
    shared.set(threads, joined);
    joined.#users.add(user);
    joined.#turns.add(user);
    return joined;
  }

  private constructor(threads: number) {
    this.pool = new CodecPool({
      runtime: BUN_RUNTIME,
      arena: this.#arena,
      codec: "simd",
      threads,
      work: ["decode"],
      onIdle: () => this.#turns.pump(),
      onBroken: (reason) => this.#fail(reason),
      onRestarted: (reason) => {
        for (const user of this.#users) user.threadRestarted(reason);
      },
    });
    this.#turns = new FairShare(this.pool);
  }

  /** Resolves with decoders for one camera, once all threads have started. Rejects if they cannot start. */
  async ready(): Promise<Decoders> {
    await this.pool.started;
    for (const decoders of this.#spare) {
      if (!decoders.isIdle) continue;
      this.#spare.delete(decoders);
      return decoders;
    }
    return Decoders.create(this.#arena, this.pool);
  }

  /** Removes a user, and keeps its `decoders` for the next one. When the last user is removed, the threads end. */
  async leave(user: ThreadUser, decoders: Decoders | null): Promise<void> {
    if (decoders !== null) this.#spare.add(decoders);
    this.#users.delete(user);
    this.#turns.remove(user);
    if (this.#users.size > 0) return;
    if (shared.get(this.pool.threads) === this) shared.delete(this.pool.threads);
    await this.pool.close();
  }

  /** Removes the failed threads, so that later calls of `watch()` get new ones, and tells the users. */
  #fail(reason: Error): void {
    shared.delete(this.pool.threads);
    for (const user of this.#users) user.threadsFailed(reason);
  }
}
