// The words that a camera's thread and the main thread share: frames and the room for them are handed over by these.
//
// A message between threads is made of objects, copied and delivered by an event: 92 µs from one thread to the other, where
// waking up by a word of shared memory takes 68 µs (medians of 400, 10 ms apart); one that transfers 100 kB takes 170 µs.

import type { Micros } from "../../core/clock.ts";

/** A frame that the thread has put into its slot. */
export interface HandedOver {
  /** The first so many of the slot. */
  bytes: number;
  capturedAt: Micros;
  /** Frames that were lost before it. */
  lost: number;
}

/** Room for a frame, anywhere in the process; it stays where it is. */
export interface SlotPlace {
  address: number;
  bytes: number;
}

/** Words of 32 bits. */
const WORD = { stop: 0, news: 1, sent: 2, taken: 3, bytes: 4, lost: 5, slot: 6, slotBytes: 7 } as const;
/** Behind them, of 64 bits. */
const DOUBLE = { capturedAt: 0, slotAddress: 1 } as const;
const DOUBLES_AT = 32;
const BYTES = 48;

/** What the word `slot` says: none was lent; one was; there is none to be lent. */
const SLOT = { none: 0, lent: 1, refused: 2 } as const;

/** One side's view of them. The other side attaches to `memory`. */
export class CaptureSignals {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;

  constructor(memory = new SharedArrayBuffer(BYTES)) {
    this.memory = memory;
    this.#words = new Int32Array(memory, 0, DOUBLES_AT / 4);
    this.#doubles = new Float64Array(memory, DOUBLES_AT);
  }

  get isStopped(): boolean {
    return Atomics.load(this.#words, WORD.stop) === 1;
  }

  // The camera's thread:

  /** A frame comes in a moment. */
  announce(): void {
    this.#change(WORD.news);
  }

  /** Only when the one before has been taken. */
  send({ bytes, capturedAt, lost }: HandedOver): void {
    this.#words[WORD.bytes] = bytes;
    this.#words[WORD.lost] = lost;
    this.#doubles[DOUBLE.capturedAt] = capturedAt;
    Atomics.add(this.#words, WORD.sent, 1);
    this.#change(WORD.news);
  }

  /** Whether the main thread has taken all that was sent; waits for that, at most so long. */
  waitUntilTaken(atMostMs: number): boolean {
    const sent = Atomics.load(this.#words, WORD.sent);
    const taken = Atomics.load(this.#words, WORD.taken);
    if (taken === sent) return true;
    if (!this.isStopped) Atomics.wait(this.#words, WORD.taken, taken, atMostMs);
    return Atomics.load(this.#words, WORD.taken) === sent;
  }

  /** The slot that was lent, once; "refused" where there is none to be had, null where that has to be asked for. */
  takeSlot(): SlotPlace | "refused" | null {
    const { slot, slotBytes } = WORD;
    const answer = Atomics.exchange(this.#words, slot, SLOT.none);
    if (answer !== SLOT.lent) return answer === SLOT.refused ? "refused" : null;
    return { address: this.#doubles[DOUBLE.slotAddress] as number, bytes: this.#words[slotBytes] as number };
  }

  /** Waits for the answer, at most so long. */
  waitForSlot(atMostMs: number): void {
    Atomics.wait(this.#words, WORD.slot, SLOT.none, atMostMs);
  }

  // The main thread:

  /** The thread is to end. */
  stop(): void {
    Atomics.store(this.#words, WORD.stop, 1);
    for (const word of [WORD.taken, WORD.slot, WORD.news]) Atomics.notify(this.#words, word);
  }

  /** Calls back when there may be a frame, until it is stopped. */
  async listen(onNews: () => void): Promise<void> {
    while (!this.isStopped) {
      const seen = Atomics.load(this.#words, WORD.news);
      onNews();
      const waiting = Atomics.waitAsync(this.#words, WORD.news, seen);
      if (waiting.async) await waiting.value;
    }
  }

  /** The frame that is to be taken; null for none. */
  get frame(): HandedOver | null {
    if (Atomics.load(this.#words, WORD.sent) === Atomics.load(this.#words, WORD.taken)) return null;
    return {
      bytes: this.#words[WORD.bytes] as number,
      capturedAt: this.#doubles[DOUBLE.capturedAt] as number,
      lost: this.#words[WORD.lost] as number,
    };
  }

  /** It has been taken: the next one may come. */
  confirm(): void {
    this.#change(WORD.taken);
  }

  /** Only when the one before has come back, filled. Null: there is none to be had. */
  lend(place: SlotPlace | null): void {
    this.#doubles[DOUBLE.slotAddress] = place?.address ?? 0;
    this.#words[WORD.slotBytes] = place?.bytes ?? 0;
    Atomics.store(this.#words, WORD.slot, place === null ? SLOT.refused : SLOT.lent);
    Atomics.notify(this.#words, WORD.slot);
  }

  #change(word: number): void {
    Atomics.add(this.#words, word, 1);
    Atomics.notify(this.#words, word);
  }
}
