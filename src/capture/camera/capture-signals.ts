// The shared words by which a camera's thread and the main thread hand over frames and slots.
//
// A message between threads is made of objects, which are copied and delivered by an event. It takes 92 µs, where waking a thread by
// a word in shared memory takes 68 µs (medians of 400, 10 ms apart). A message that transfers 100 kB takes 170 µs.

/** A frame that the thread has put into its slot. */
export interface HandedOver {
  /** The frame's length; it begins at the start of the slot. */
  bytes: number;
  /** When the frame was captured, by CLOCK_MONOTONIC, which is the same in all threads. */
  stampMicros: number;
  /** Frames that were lost before this one. */
  lost: number;
}

/** The place of a slot or a block in the memory of the process. It does not move. */
export interface SlotPlace {
  address: number;
  bytes: number;
}

/** Indexes of the words of 32 bits. */
const WORD = { stop: 0, news: 1, sent: 2, taken: 3, bytes: 4, lost: 5, slot: 6, slotBytes: 7 } as const;
/** Indexes of the words of 64 bits, which come after them. */
const DOUBLE = { stampMicros: 0, slotAddress: 1 } as const;
const DOUBLES_AT = 32;
const BYTES = 48;

/** Values of the word `slot`: no slot is lent, a slot is lent, there is no slot to lend. */
const SLOT = { none: 0, lent: 1, refused: 2 } as const;

/** One side's view of the words. The other side is created with `memory`. */
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

  // Methods of the camera's thread:

  /** Wakes the main thread early, because a frame comes in a moment. */
  announce(): void {
    this.#change(WORD.news);
  }

  /** Hands over a frame. Only when the previous one has been taken. */
  send({ bytes, stampMicros, lost }: HandedOver): void {
    this.#words[WORD.bytes] = bytes;
    this.#words[WORD.lost] = lost;
    this.#doubles[DOUBLE.stampMicros] = stampMicros;
    Atomics.add(this.#words, WORD.sent, 1);
    this.#change(WORD.news);
  }

  /** Waits, for at most `maxMs`, until the main thread has taken all that was sent. Returns whether it has. */
  waitUntilTaken(maxMs: number): boolean {
    const sent = Atomics.load(this.#words, WORD.sent);
    const taken = Atomics.load(this.#words, WORD.taken);
    if (taken === sent) return true;
    if (!this.isStopped) Atomics.wait(this.#words, WORD.taken, taken, maxMs);
    return Atomics.load(this.#words, WORD.taken) === sent;
  }

  /** Takes the lent slot; each is returned once. "refused": there is no slot. Null: a slot has to be asked for. */
  takeSlot(): SlotPlace | "refused" | null {
    const { slot, slotBytes } = WORD;
    const answer = Atomics.exchange(this.#words, slot, SLOT.none);
    if (answer !== SLOT.lent) return answer === SLOT.refused ? "refused" : null;
    return { address: this.#doubles[DOUBLE.slotAddress] as number, bytes: this.#words[slotBytes] as number };
  }

  /** Waits, for at most `maxMs`, for the answer to a question for a slot. */
  waitForSlot(maxMs: number): void {
    Atomics.wait(this.#words, WORD.slot, SLOT.none, maxMs);
  }

  // Methods of the main thread:

  /** Tells the thread to end. */
  stop(): void {
    Atomics.store(this.#words, WORD.stop, 1);
    for (const word of [WORD.taken, WORD.slot, WORD.news]) Atomics.notify(this.#words, word);
  }

  /** Calls `onNews` each time that there may be a frame, until `stop`. */
  async listen(onNews: () => void): Promise<void> {
    while (!this.isStopped) {
      const seen = Atomics.load(this.#words, WORD.news);
      onNews();
      const waiting = Atomics.waitAsync(this.#words, WORD.news, seen);
      if (waiting.async) await waiting.value;
    }
  }

  /** The frame that waits to be taken; null when there is none. */
  get frame(): HandedOver | null {
    if (Atomics.load(this.#words, WORD.sent) === Atomics.load(this.#words, WORD.taken)) return null;
    return {
      bytes: this.#words[WORD.bytes] as number,
      stampMicros: this.#doubles[DOUBLE.stampMicros] as number,
      lost: this.#words[WORD.lost] as number,
    };
  }

  /** Confirms that the frame has been taken: the next one may come. */
  confirm(): void {
    this.#change(WORD.taken);
  }

  /** Lends a slot to the thread. Only when the previous one has come back, filled. Null: there is none to lend. */
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
