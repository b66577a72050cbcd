// Tells the threads of sources whether the encoders have room for another frame, by a word in shared memory.

const WORD = { room: 0, full: 1 } as const;

/**
 * Whether a captured frame would soon be encoded, or would only replace one that still waits for the encoders. A source may let
 * its next frame wait for room, but only for about the time between two frames.
 */
export class Room {
  readonly memory: SharedArrayBuffer;
  readonly #word: Int32Array;

  /** Another thread creates its object with the same `memory`. At first there is room. */
  constructor(memory = new SharedArrayBuffer(4)) {
    this.memory = memory;
    this.#word = new Int32Array(memory);
  }

  set(hasRoom: boolean): void {
    const word = hasRoom ? WORD.room : WORD.full;
    if (Atomics.exchange(this.#word, 0, word) !== word && hasRoom) Atomics.notify(this.#word, 0);
  }

  /** Blocks this thread until there is room, at most `maxMs`. */
  wait(maxMs: number): void {
    Atomics.wait(this.#word, 0, WORD.full, maxMs);
  }
}
