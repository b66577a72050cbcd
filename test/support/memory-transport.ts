// Two transports that are connected in memory. A test chooses the space between them, so there can be back-pressure at every message.

import { GONE, type Transport, type TransportEvents } from "../../src/protocol/transport.ts";

export interface MemoryLink {
  /** The number of bytes that one end may have sent and the other has not received yet. */
  capacityBytes: number;
  /** The largest chunk that an end receives at a time. */
  chunkBytes: number;
}

/** One end. Its owner sets `events` before the other end sends. */
export class MemoryTransport implements Transport {
  readonly bufferedBytes = 0;
  /** The receiver of all events of the other end. */
  events: TransportEvents | null = null;
  /** The number of writes that took only a part. */
  partialWrites = 0;
  readonly #link: MemoryLink;
  /** The other end. `pair` sets it. */
  #other: MemoryTransport = this;
  /** Bytes that were sent to this end and not yet received. */
  #incoming = new Uint8Array();
  #isPaused = false;
  #isScheduled = false;
  #isFull = false;
  #state: "open" | "ending" | "closed" = "open";

  constructor(link: MemoryLink) {
    this.#link = link;
  }

  static pair(link: MemoryLink): [MemoryTransport, MemoryTransport] {
    const [one, other] = [new MemoryTransport(link), new MemoryTransport(link)];
    one.#other = other;
    other.#other = one;
    return [one, other];
  }

  write(bytes: Uint8Array): number {
    const other = this.#other;
    if (this.#state !== "open") return GONE;
    const taken = Math.min(bytes.length, this.#link.capacityBytes - other.#incoming.length);
    other.#incoming = Buffer.concat([other.#incoming, bytes.subarray(0, taken)]);
    other.#schedule();
    this.#isFull = taken < bytes.length;
    if (this.#isFull) this.partialWrites++;
    return taken;
  }

  end(): void {
    if (this.#state !== "open") return;
    this.#state = "ending";
    this.#other.#schedule();
  }

  abort(): void {
    this.#close("the connection was aborted");
    this.#other.#close("the connection was aborted");
  }

  /** This end reads no more until `resume`. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#receive();
    });
  }

  #receive(): void {
    if (this.#isPaused || this.#state === "closed") return;
    const chunk = this.#incoming.subarray(0, this.#link.chunkBytes);
    this.#incoming = this.#incoming.subarray(chunk.length);
    if (chunk.length > 0) this.events?.receive(chunk);
    const other = this.#other;
    if (other.#isFull) {
      other.#isFull = false;
      other.events?.drained();
    }
    if (this.#incoming.length > 0) this.#schedule();
    else if (other.#state === "ending") {
      other.#close("it was closed");
      this.#close("the other end hung up");
    }
  }

  #close(text: string): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.events?.closed(text);
  }
}
