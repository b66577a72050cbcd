// Tiles as objects for tests, converted to and from the lists that messages contain.

import { TileCollector, type TileList } from "../../src/protocol/tile-list.ts";

export interface NumberedTile {
  number: number;
  bytes: Uint8Array;
}

/** A list of tiles with ascending numbers. */
export function listOf(tiles: readonly NumberedTile[]): TileList {
  const collector = new TileCollector(tiles.length);
  for (const { number, bytes } of tiles) collector.add(number, bytes, 0, bytes.length);
  return collector.finish();
}

export function tilesOf({ numbers, lengths, chunks }: TileList): NumberedTile[] {
  const all = Buffer.concat(chunks as Uint8Array[]);
  let at = 0;
  return Array.from(numbers, (number, index) => {
    at += lengths[index] as number;
    return { number, bytes: new Uint8Array(all.subarray(at - (lengths[index] as number), at)) };
  });
}
