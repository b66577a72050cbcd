// Messages that many viewers are sent, each made once, in memory that is used again when they are over.
//
// Fresh memory for every message would cost a page fault for every four kilobytes of it.

/** A message that is larger than this is seldom, and its memory not kept. */
const MOST_KEPT_BYTES = 4 * 1024 * 1024;

/** Gives memory for a message of at most so many bytes, whatever is in it. */
export type TakeRoom = (bytes: number) => Uint8Array<ArrayBuffer>;

export class MessageCache {
  /** By the frame that a viewer has. */
  readonly #messages = new Map<number, Uint8Array>();
  #free: Uint8Array<ArrayBuffer>[] = [];
  #taken: Uint8Array<ArrayBuffer>[] = [];

  /** The message for a viewer with frame `since`; made if it is not there yet. */
  get(since: number, make: (takeRoom: TakeRoom) => Uint8Array): Uint8Array {
    let message = this.#messages.get(since);
    if (message === undefined) {
      message = make((bytes) => this.#take(bytes));
      this.#messages.set(since, message);
    }
    return message;
  }

  /** The messages are over: their memory can be used again. What did not fit any of them is let go. */
  clear(): void {
    this.#messages.clear();
    this.#free = this.#taken;
    this.#taken = [];
  }

  #take(bytes: number): Uint8Array<ArrayBuffer> {
    if (bytes > MOST_KEPT_BYTES) return new Uint8Array(bytes);
    const index = this.#free.findIndex(({ length }) => length >= bytes);
    const room = index < 0 ? new Uint8Array(2 ** Math.ceil(Math.log2(bytes))) : this.#free.splice(index, 1)[0];
    if (room === undefined) throw new Error("a room was found and is not there");
    this.#taken.push(room);
    return room;
  }
}
