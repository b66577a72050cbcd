// One direction of an emulated link: a router's queue, a line of so many bits a second, and the way to the other end.

/** About one packet of an Ethernet, so that what shares the line waits for no more than that. */
const PIECE_BYTES = 1448;
/** A router's queue, in time at the line's rate. */
const QUEUE_MS = 100;
const LEAST_QUEUE_BYTES = 16 * 1024;

/** What both directions of a link, and all connections over it, have in common. */
export interface LinkFigures {
  bitsPerSecond: number;
  /** One way. */
  delayMs: number;
  /** Before the line; null = 100 ms worth, at least 16 KiB. */
  queueBytes: number | null;
  /** Nothing passes before this moment of `performance.now()`. */
  stalledUntil: number;
}

export interface LaneEnds {
  /** Gives bytes to whoever is at the far end; false: it takes no more until `unblock()`. */
  deliver(bytes: Uint8Array): boolean;
  /** The queue has become full, or has room again: whoever feeds it should stop reading, or go on. */
  onFull(isFull: boolean): void;
  /** Everything is delivered, and the near end had said that nothing more comes. */
  onEnd(): void;
}

/**
 * Bytes come out as they went in, no sooner than the figures of the link allow. All goes by the clock: a timer that fires
 * late makes several pieces leave at once, and the rate is kept.
 */
export class Lane {
  readonly #link: LinkFigures;
  readonly #ends: LaneEnds;
  /** Before the line. */
  #queue: { bytes: Uint8Array; cameAt: number }[] = [];
  #queuedBytes = 0;
  #isFull = false;
  /** Behind it; no more than rate × delay. */
  #travelling: { bytes: Uint8Array; arrivesAt: number }[] = [];
  #lineFreeAt = 0;
  #isBlocked = false;
  #isEnding = false;
  #isClosed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(link: LinkFigures, ends: LaneEnds) {
    this.#link = link;
    this.#ends = ends;
  }

  /** Takes all of it, whatever its size: what a socket had already read cannot be given back. */
  feed(chunk: Uint8Array): void {
    const cameAt = performance.now();
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
      const bytes = chunk.slice(at, at + PIECE_BYTES); // a copy: the socket's memory is its own after the call
      this.#queue.push({ bytes, cameAt });
    }
    this.#queuedBytes += chunk.length;
    this.pump();
  }

  /** Nothing more comes. */
  end(): void {
    this.#isEnding = true;
    this.pump();
  }

  /** Forgets what is under way. */
  close(): void {
    this.#isClosed = true;
    this.#queue = [];
    this.#travelling = [];
    clearTimeout(this.#timer);
  }

  /** The far end takes bytes again. */
  unblock(): void {
    if (!this.#isBlocked) return;
    this.#isBlocked = false;
    this.#lineFreeAt = Math.max(this.#lineFreeAt, performance.now()); // the line stood still meanwhile
    this.pump();
  }

  /** Moves what is due, and comes back when something is again; to be called when the link's figures have changed. */
  pump(): void {
    clearTimeout(this.#timer);
    if (this.#isClosed) return;
    const now = performance.now();
    if (now >= this.#link.stalledUntil) {
      this.#transmit(now);
      this.#arrive(now);
    }
    this.#tellFullness();
    if (this.#isEnding && !this.#isBlocked && this.#queue.length === 0 && this.#travelling.length === 0) {
      this.close();
      this.#ends.onEnd();
      return;
    }
    const next = this.#nextAt();
    if (next < Number.POSITIVE_INFINITY) this.#timer = setTimeout(() => this.pump(), Math.max(0, next - now));
  }

  #transmit(now: number): void {
    while (!this.#isBlocked) {
      const [first] = this.#queue;
      const startsAt = this.#startsAt();
      if (first === undefined || startsAt > now) return;
      this.#queue.shift();
      this.#queuedBytes -= first.bytes.length;
      this.#lineFreeAt = startsAt + (first.bytes.length * 8000) / this.#link.bitsPerSecond;
      this.#travelling.push({ bytes: first.bytes, arrivesAt: this.#lineFreeAt + this.#link.delayMs });
    }
  }

  #arrive(now: number): void {
    while (!this.#isBlocked) {
      const [first] = this.#travelling;
      if (first === undefined || first.arrivesAt > now) return;
      this.#travelling.shift();
      this.#isBlocked = !this.#ends.deliver(first.bytes);
    }
  }

  /** When the first in the queue gets the line: once it is there, the line is free, and a stall is over. */
  #startsAt(): number {
    const [first] = this.#queue;
    if (first === undefined) return Number.POSITIVE_INFINITY;
    return Math.max(first.cameAt, this.#lineFreeAt, this.#link.stalledUntil);
  }

  #nextAt(): number {
    if (this.#isBlocked) return Number.POSITIVE_INFINITY; // unblock() will call
    const arrivesAt = this.#travelling[0]?.arrivesAt ?? Number.POSITIVE_INFINITY;
    return Math.max(this.#link.stalledUntil, Math.min(this.#startsAt(), arrivesAt));
  }

  #tellFullness(): void {
    const room = this.#link.queueBytes ?? Math.max(LEAST_QUEUE_BYTES, (this.#link.bitsPerSecond / 8000) * QUEUE_MS);
    // Half empty before it is fed again: going on and stopping for each piece would cost more than it smooths.
    const isFull = this.#isFull ? this.#queuedBytes > room / 2 : this.#queuedBytes >= room;
    if (isFull === this.#isFull) return;
    this.#isFull = isFull;
    this.#ends.onFull(isFull);
  }
}
