// Shares the idle threads of a pool fairly. The user that has waited longest since its last thread is asked first.

import type { CodecPool } from "./pool.ts";

/** A camera or a view that gives jobs to a pool. */
export interface PoolUser {
  /** Gives jobs to idle threads, if the user has jobs. */
  pump(): void;
}

/** Shares the threads of one pool fairly. The users, for example the cameras of a server, get a thread in turn. */
export class FairShare {
  readonly #pool: Pick<CodecPool, "idleThreads">;
  /** The users in order: the first one got its last thread longest ago. */
  readonly #users: PoolUser[] = [];

  constructor(pool: Pick<CodecPool, "idleThreads">) {
    this.#pool = pool;
  }

  add(user: PoolUser): void {
    this.#users.push(user);
  }

  /** Removes a user, which is then no longer asked. */
  remove(user: { pump(): void }): void {
    const index = this.#users.indexOf(user);
    if (index >= 0) this.#users.splice(index, 1);
  }

  /** Lets each user in turn give jobs to the idle threads. Call it when a thread has become idle. */
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
