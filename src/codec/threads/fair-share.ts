// Shares the idle threads of a pool fairly: the user that got a thread longest ago is asked first.

import type { CodecPool } from "./pool.ts";

/** A camera or a view that gives jobs to a pool. */
export interface PoolUser {
  /** Gives jobs to idle threads, if there are any to do. */
  pump(): void;
}

/** Several users of one pool. */
export class FairShare {
  readonly #pool: Pick<CodecPool, "idleThreads">;
  /** The one that got a thread longest ago is first. */
  readonly #users: PoolUser[] = [];

  constructor(pool: Pick<CodecPool, "idleThreads">) {
    this.#pool = pool;
  }

  add(user: PoolUser): void {
    this.#users.push(user);
  }

  /** A user that was removed is not asked any more. */
  remove(user: { pump(): void }): void {
    const index = this.#users.indexOf(user);
    if (index >= 0) this.#users.splice(index, 1);
  }

  /** Call when a thread has become idle. Each user in turn gives jobs to the idle threads, if it has any. */
  pump(): void {
    for (const user of [...this.#users]) {
      const before = this.#pool.idleThreads;
      user.pump();
      const index = this.#users.indexOf(user);
      if (this.#pool.idleThreads === before || index < 0) continue;
      this.#users.splice(index, 1);
      this.#users.push(user);
    }
  }
}
