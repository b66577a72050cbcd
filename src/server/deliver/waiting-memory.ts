// The memory for pictures that viewers have not acknowledged, of all viewers together. When it is used up, viewers that have never
// acknowledged a picture get none until others have made room.

export class WaitingMemory {
  readonly #mostBytes: number;
  #bytes = 0;
  #wasRefused = false;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** Adds the bytes of pictures that were sent. Negative numbers are bytes that were acknowledged or given up. */
  add(bytes: number): void {
    this.#bytes += bytes;
  }

  /** Whether there is room for another picture, of any size. */
  get isFree(): boolean {
    return this.#bytes < this.#mostBytes;
  }

  /** Returns whether there is room for a picture that is ready to be sent, and notes if it is refused. */
  hasRoom(): boolean {
    this.#wasRefused ||= !this.isFree;
    return this.isFree;
  }

  /** Returns whether a picture was refused since the last call. */
  takeRefused(): boolean {
    const wasRefused = this.#wasRefused;
    this.#wasRefused = false;
    return wasRefused;
  }
}

/** The reason for a viewer that is disconnected because of the limit of all viewers. */
export function waitingText(maxWaitingMiB: number): string {
  return `what viewers have not taken exceeds ${maxWaitingMiB} MiB, and this viewer is behind the most`;
}
