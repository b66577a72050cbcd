// One direction of an emulated link: the queue of a router, a line with a bit rate, and a delay.

/** The payload of one Ethernet packet. Bytes that share the line wait for at most one packet. */
const PACKET_BYTES = 1448;
/** The length of the router's queue, as a time at the rate of the line. */
const QUEUE_MS = 100;
const LEAST_QUEUE_BYTES = 16 * 1024;

/** The figures of a link. They hold for both directions and all connections. */
export interface LinkFigures {
  bitsPerSecond: number;
  /** The delay in one direction. */
  delayMs: number;
  /** The size of the queue before the line. Null means the bytes of 100 ms, at least 16 KiB. */
  queueBytes: number | null;
  /** No byte passes before this time of `performance.now()`. */
  stalledUntil: number;
}

export interface LaneEnds {
  /** Hands bytes to the far end. Returns false if the far end takes no more until `unblock()`. */
  deliver(bytes: Uint8Array): boolean;
  /** True when the queue has become full (the caller stops feeding the lane), false when it is half empty again. */
  onFull(isFull: boolean): void;
  /** All bytes are delivered, and the near end has sent its last byte. */
  onEnd(): void;
}

/**
 * Bytes leave in the order in which they came, and never earlier than the figures of the link allow. All times come from the clock: when a
 * timer fires late, several packets leave at once, and the rate stays right.
 */
export class Lane {
  readonly #link: LinkFigures;
  readonly #ends: LaneEnds;
  /** Packets before the line. */
  #queue: { bytes: Uint8Array; cameAt: number }[] = [];
  #queuedBytes = 0;
  #isFull = false;
  /** Packets that have left the line and are under way. There are at most rate × delay. */
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

  /** Takes the whole chunk even if the queue is full, because bytes that a socket has read cannot be given back. */
  feed(chunk: Uint8Array): void {
    const cameAt = performance.now();
    for (let at = 0; at < chunk.length; at += PACKET_BYTES) {
      const bytes = chunk.slice(at, at + PACKET_BYTES); // copies, because the socket reuses its memory after the call
      this.#queue.push({ bytes, cameAt });
    }
    this.#queuedBytes += chunk.length;
    this.pump();
  }

  /** The near end has sent its last byte. */
  end(): void {
    this.#isEnding = true;
    this.pump();
  }

  /** Drops all packets. */
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
    this.#lineFreeAt = Math.max(this.#lineFreeAt, performance.now()); // the line has not moved until now
    this.pump();
  }

  /** Moves the packets that are due, and sets a timer for the next one. Callers call it when they have changed the figures of the link. */
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

  /** The time at which the first packet of the queue gets the line: it has arrived, the line is free, and no stall lasts. */
  #startsAt(): number {
    const [first] = this.#queue;
    if (first === undefined) return Number.POSITIVE_INFINITY;
    return Math.max(first.cameAt, this.#lineFreeAt, this.#link.stalledUntil);
  }

  #nextAt(): number {
    if (this.#isBlocked) return Number.POSITIVE_INFINITY; // unblock() will move the packets
    const arrivesAt = this.#travelling[0]?.arrivesAt ?? Number.POSITIVE_INFINITY;
    return Math.max(this.#link.stalledUntil, Math.min(this.#startsAt(), arrivesAt));
  }

  #tellFullness(): void {
    const capacity = this.#link.queueBytes ?? Math.max(LEAST_QUEUE_BYTES, (this.#link.bitsPerSecond / 8000) * QUEUE_MS);
    // The feeder goes on when the queue is half empty. To stop and go on for each packet would take more time than it saves.
    const isFull = this.#isFull ? this.#queuedBytes > capacity / 2 : this.#queuedBytes >= capacity;
    if (isFull === this.#isFull) return;
    this.#isFull = isFull;
    this.#ends.onFull(isFull);
  }
}
