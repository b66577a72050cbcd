// A frame while its tiles come in, part by part: their bytes in the arena until they are decoded, and a copy to keep.

import type { Area, RecycledAreas } from "../codec/recycled-areas.ts";
import type { Micros } from "../core/clock.ts";
import { forEachRun } from "../protocol/bytes.ts";
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
  /** Its bytes as they came; a copy once `keepCopies` was called, kept for snapshots while they are the tile's newest. */
  bytes: Uint8Array;
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

  /**
   * Takes a part in. One with another number gives the frame up for a newer one, which has its tiles as well.
   * Returns the tiles, whose bytes are still the socket's: they are copied after the threads have been woken.
   */
  add(part: Tiles, arrival: Arrival, areas: RecycledAreas, memory: (area: Area) => Uint8Array): PendingTile[] {
    const { frameNumber, capturedAt, encodedAt, sentAt } = part;
    const { lastByteAt, messageBytes } = arrival;
    const firstByteAt = frameNumber === this.received.frameNumber ? this.received.firstByteAt : arrival.firstByteAt;
    const stamps = { capturedAt, encodedAt, sentAt, firstByteAt, lastByteAt };
    this.received = { ...this.received, ...stamps, frameNumber, bytes: this.received.bytes + messageBytes };
    this.isWhole = part.isLast;
    if (part.tiles.length === 0) return [];
    const area = areas.take(part.tiles.reduce((sum, { bytes }) => sum + bytes.length, 0));
    const inArena: PartBytes = { area, users: part.tiles.length };
    const room = memory(area);
    let filled = 0;
    forEachRun(part.tiles, (bytes) => {
      room.set(bytes, filled);
      filled += bytes.length;
    });
    let at = 0;
    return part.tiles.map(({ number, bytes }) => {
      const tile = { number, address: area.address + at, bytes, part: inArena };
      at += bytes.length;
      const older = this.pending.get(number);
      if (older !== undefined) release(older, areas);
      this.pending.set(number, tile);
      return tile;
    });
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
}

/** Copies what the socket will overwrite. */
export function keepCopies(tiles: readonly PendingTile[]): void {
  for (const tile of tiles) tile.bytes = new Uint8Array(tile.bytes);
}

/** Nobody reads the tile's bytes in the arena any more. */
export function release(tile: PendingTile, areas: RecycledAreas): void {
  if (--tile.part.users === 0) areas.giveBack(tile.part.area);
}
