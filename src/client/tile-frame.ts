// A frame while its tiles come in, part by part: their bytes in the arena until they are decoded, and a copy to keep.

import type { Area, RecycledAreas } from "../codec/recycled-areas.ts";
import type { Micros } from "../core/clock.ts";
import type { Tiles } from "../protocol/messages.ts";
import type { Arrival, Connection } from "./connection.ts";
import type { ReceivedFrame } from "./picture.ts";

/** The bytes of a part in the arena, and how many tiles still need them. */
interface PartBytes {
  area: Area;
  users: number;
}

/** A tile that is still to be decoded. */
export interface PendingTile {
  number: number;
  /** Of its bytes in the arena. */
  address: number;
  /** Its bytes once more, to be kept for snapshots as long as they are the tile's newest. */
  copy: Uint8Array;
  part: PartBytes;
}

export class TileFrame {
  received: ReceivedFrame;
  /** The last part has come. */
  isWhole = false;
  readonly pending = new Map<number, PendingTile>();
  /** Some of it was given to a thread. */
  hasBegun = false;
  /** What makes pixels of it has been given to threads: once they are done it can be shown. */
  isConverting = false;
  /** When it became the oldest frame, the one whose tiles are decoded. */
  firstAt: Micros | null = null;
  busyMicros: Micros = 0;
  isDamaged = false;
  /** Why it cannot be shown. */
  failure: string | null = null;

  constructor(part: Tiles, arrival: Arrival, connection: Connection) {
    const { frameNumber, capturedAt, encodedAt, sentAt } = part;
    const { firstByteAt, lastByteAt } = arrival;
    this.received = { frameNumber, capturedAt, encodedAt, sentAt, firstByteAt, lastByteAt, bytes: 0, connection };
  }

  /** Takes a part in. One with another number gives the frame up for a newer one, which has its tiles as well. */
  add(part: Tiles, arrival: Arrival, areas: RecycledAreas, memory: (area: Area) => Uint8Array): void {
    const { frameNumber, capturedAt, encodedAt, sentAt } = part;
    const { lastByteAt, messageBytes } = arrival;
    const firstByteAt = frameNumber === this.received.frameNumber ? this.received.firstByteAt : arrival.firstByteAt;
    const stamps = { capturedAt, encodedAt, sentAt, firstByteAt, lastByteAt };
    this.received = { ...this.received, ...stamps, frameNumber, bytes: this.received.bytes + messageBytes };
    const total = part.tiles.reduce((sum, { bytes }) => sum + bytes.length, 0);
    if (part.tiles.length > 0) {
      const bytes: PartBytes = { area: areas.take(total), users: 0 };
      const room = memory(bytes.area);
      let at = 0;
      for (const tile of part.tiles) {
        const copy = tile.bytes.slice();
        room.set(copy, at);
        this.#put({ number: tile.number, address: bytes.area.address + at, copy, part: bytes }, areas);
        at += copy.length;
      }
    }
    this.isWhole = part.isLast;
  }

  /** Takes over the tiles of an older frame that is not shown any more, as far as this one has no newer ones. */
  inherit(older: TileFrame, areas: RecycledAreas): void {
    for (const tile of older.pending.values()) {
      if (this.pending.has(tile.number)) release(tile, areas);
      else this.pending.set(tile.number, tile);
    }
    older.pending.clear();
  }

  /** Gives up the tiles that were not decoded. */
  abandon(areas: RecycledAreas): void {
    for (const tile of this.pending.values()) release(tile, areas);
    this.pending.clear();
  }

  #put(tile: PendingTile, areas: RecycledAreas): void {
    tile.part.users++;
    const older = this.pending.get(tile.number);
    if (older !== undefined) release(older, areas);
    this.pending.set(tile.number, tile);
  }
}

/** Nobody reads the tile's bytes in the arena any more. */
export function release(tile: PendingTile, areas: RecycledAreas): void {
  if (--tile.part.users === 0) areas.giveBack(tile.part.area);
}
