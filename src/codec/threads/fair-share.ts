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

  /** Call when a thread has become idle. Each user in turn gives jobs to the idle threads, if it has any. */
  pump(): void {
    for (const user of [...this.#users]) {
      const before = this.#pool.idleThreads;
      user.pump();
      if (this.#pool.idleThreads === before) continue;
      this.#users.splice(this.#users.indexOf(user), 1);
      this.#users.push(user);
    }
  }
}
