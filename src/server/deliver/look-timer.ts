// One timer for all multipart viewers that wait until the kernel holds less for them. The kernel does not tell when this is so.

/** The time between two looks. A look at one viewer takes about 2 µs. */
export const LOOK_MS = 4;

export interface Waiting {
  /** Looks at the kernel's queue. Returns whether the viewer still waits. */
  look(): boolean;
}

/** The timer runs only while a viewer waits. */
export class LookTimer {
  readonly #waiting = new Set<Waiting>();
  #timer: ReturnType<typeof setTimeout> | null = null;

  add(waiting: Waiting): void {
    this.#waiting.add(waiting);
    this.#timer ??= setTimeout(() => this.#lookAtAll(), LOOK_MS);
  }

  remove(waiting: Waiting): void {
    this.#waiting.delete(waiting);
  }

  #lookAtAll(): void {
    this.#timer = null;
    for (const each of this.#waiting) if (!each.look()) this.#waiting.delete(each);
    if (this.#waiting.size > 0) this.#timer ??= setTimeout(() => this.#lookAtAll(), LOOK_MS);
  }
}
