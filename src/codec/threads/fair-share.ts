// Who may use idle codec threads next, where several share a pool: the one whose turn is longest ago is asked first.

import type { CodecPool } from "./pool.ts";

export class FairShare {
  readonly #pool: Pick<CodecPool, "idleThreads">;
  /** The longest ago first. */
  readonly #users: { pump(): void }[] = [];

  constructor(pool: Pick<CodecPool, "idleThreads">) {
    this.#pool = pool;
  }

  add(user: { pump(): void }): void {
    this.#users.push(user);
  }

  /** Call when a thread has become idle: each user in turn gives the threads what it has for them. */
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
