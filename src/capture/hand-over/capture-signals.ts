// Words in shared memory through which the thread that reads a camera or a pipe and the main thread pass frames to each other. The
// main thread lends the reading thread memory for one frame (a slot, or a block for a JPEG), and that thread returns it filled.
//
// Words are faster than messages. Waking a thread by a word in shared memory takes 68 µs. A message between threads takes 92 µs,
// because it is copied and delivered by an event, and 170 µs if it transfers 100 kB (medians of 400, 10 ms apart).

/** A frame that the thread has put into its slot. */
export interface HandedOver {
  /** The length of the frame in bytes. The frame begins at the start of the slot. */
  bytes: number;
  /** The time when the frame was captured, in CLOCK_MONOTONIC, which is the same in all threads. */
  stampMicros: number;
  /** The number of frames that were lost before this one. */
  lost: number;
}

/** The address and size of a slot or block in the memory of the process. It does not move. */
export interface SlotPlace {
  address: number;
  bytes: number;
}

/** The indexes of the 32-bit words. */
const WORD = { stop: 0, news: 1, sent: 2, taken: 3, bytes: 4, lost: 5, slot: 6, slotBytes: 7 } as const;
/** The indexes of the 64-bit words, which follow the 32-bit words. */
const DOUBLE = { stampMicros: 0, slotAddress: 1 } as const;
const DOUBLES_AT = 32;
const BYTES = 48;

/** The values of the word `slot`: no slot is lent, a slot is lent, or no slot is free to lend. */
const SLOT = { none: 0, lent: 1, refused: 2 } as const;

/** Access to the words, for one of the two threads. The other thread creates its object with the same `memory`. */
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

  // Methods of the reading thread:

  /** Wakes the main thread early, because a frame follows soon. */
  announce(): void {
    this.#change(WORD.news);
  }

  /** Passes a frame to the main thread. The caller must wait until the main thread has taken the previous frame. */
  send({ bytes, stampMicros, lost }: HandedOver): void {
    this.#words[WORD.bytes] = bytes;
    this.#words[WORD.lost] = lost;
    this.#doubles[DOUBLE.stampMicros] = stampMicros;
    Atomics.add(this.#words, WORD.sent, 1);
    this.#change(WORD.news);
  }

  /** Waits up to `maxMs` until the main thread has taken all frames. Returns whether it has taken them. */
  waitUntilTaken(maxMs: number): boolean {
    const sent = Atomics.load(this.#words, WORD.sent);
    const taken = Atomics.load(this.#words, WORD.taken);
    if (taken === sent) return true;
    if (!this.isStopped) Atomics.wait(this.#words, WORD.taken, taken, maxMs);
    return Atomics.load(this.#words, WORD.taken) === sent;
  }

  /**
   * Returns the slot that the main thread has lent. It returns each slot once. "refused" means that no slot is free. Null means
   * that the thread must ask for a slot.
   */
  takeSlot(): SlotPlace | "refused" | null {
    const { slot, slotBytes } = WORD;
    const answer = Atomics.exchange(this.#words, slot, SLOT.none);
    if (answer !== SLOT.lent) return answer === SLOT.refused ? "refused" : null;
    return { address: this.#doubles[DOUBLE.slotAddress] as number, bytes: this.#words[slotBytes] as number };
  }

  /** Waits up to `maxMs` for the answer to a request for a slot. */
  waitForSlot(maxMs: number): void {
    Atomics.wait(this.#words, WORD.slot, SLOT.none, maxMs);
  }

  // Methods of the main thread:

  /** Tells the thread to end. */
  stop(): void {
    Atomics.store(this.#words, WORD.stop, 1);
    for (const word of [WORD.taken, WORD.slot, WORD.news]) Atomics.notify(this.#words, word);
  }

  /** Calls `onNews` whenever there may be a frame, until `stop` is called. */
  async listen(onNews: () => void): Promise<void> {
    while (!this.isStopped) {
      const seen = Atomics.load(this.#words, WORD.news);
      onNews();
      const waiting = Atomics.waitAsync(this.#words, WORD.news, seen);
      if (waiting.async) await waiting.value;
    }
  }

  /** Returns the waiting frame, or null. */
  get frame(): HandedOver | null {
    if (Atomics.load(this.#words, WORD.sent) === Atomics.load(this.#words, WORD.taken)) return null;
    return {
      bytes: this.#words[WORD.bytes] as number,
      stampMicros: this.#doubles[DOUBLE.stampMicros] as number,
      lost: this.#words[WORD.lost] as number,
    };
  }

  /** Confirms that the frame has been taken, so that the next frame may follow. */
  confirm(): void {
    this.#change(WORD.taken);
  }

  /**
   * Lends a slot to the reading thread, or tells it with null that no slot is free. The caller must have got the previous slot
   * back.
   */
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
