// Tiles of another server are kept as they come: the stitched picture is byte for byte the encoder's, and wrong tiles are refused.

import { describe, expect, test } from "bun:test";
import { CaptureRate } from "../../../src/capture/capture-rate.ts";
import { ProtocolError } from "../../../src/core/errors.ts";
import { Health } from "../../../src/core/health.ts";
import { SILENT_LOG } from "../../../src/core/log.ts";
import { readTiles, type StreamHeader, writeTiles } from "../../../src/protocol/messages.ts";
import { HEADER_BYTES } from "../../../src/protocol/wire.ts";
import { EncodeFigures } from "../../../src/server/encode/figures.ts";
import { RelayedTiles } from "../../../src/server/relay/relayed-tiles.ts";
import type { Rendition } from "../../../src/server/renditions/rendition.ts";
import { CommitSink } from "../../../src/server/renditions/sinks.ts";
import { footageFormat, splitRandomly, TileFootage } from "../../support/tile-footage.ts";
import { listOf, type NumberedTile } from "../../support/tile-lists.ts";

const FORMAT = footageFormat({ width: 320, height: 176, format: "yuvj420p", quality: 75 }, 5);

interface World {
  relayed: RelayedTiles;
  /** The renditions that were passed on to viewers. */
  passedOn: Rendition[];
  /** The numbers of the frames that were published. */
  published: number[];
}

function openWorld(): World {
  const passedOn: Rendition[] = [];
  const published: number[] = [];
  const relayed = new RelayedTiles({
    audience: { passOn: (rendition) => passedOn.push(rendition) },
    sinks: [new CommitSink(({ newestFrame }) => published.push(newestFrame))],
    captures: new CaptureRate(),
    figures: new EncodeFigures(new Health()),
    slots: { reserveJpeg: () => null },
    log: SILENT_LOG,
  });
  return { relayed, passedOn, published };
}

/** Sends a part of a frame over the wire. */
function send({ relayed }: World, frameNumber: number, tiles: readonly NumberedTile[], isLast = true): void {
  const stamps = { capturedAt: 1000 * frameNumber, encodedAt: 1000 * frameNumber + 1, sentAt: 0 };
  const message = writeTiles({ frameNumber, ...stamps, isLast, tiles: listOf(tiles) });
  const frame = relayed.store(readTiles(message.subarray(HEADER_BYTES)));
  if (frame !== null) relayed.publish(frame);
}

const newest = ({ passedOn }: World) => passedOn.at(-1) as Rendition;

describe("RelayedTiles", () => {
  test("frames in one or several parts become the encoder's picture, with times and own numbers", async () => {
    const footage = await TileFootage.create(FORMAT);
    const world = openWorld();
    world.relayed.begin(footage.stream);
    let tiles = footage.allTiles;
    for (let frame = 0; frame < 20; frame++) {
      const number = 500 + 3 * frame; // the origin has skipped frames
      const parts = splitRandomly(tiles, 1 + (frame % 4), Math.random);
      for (const [index, part] of parts.entries()) send(world, number, part, index === parts.length - 1);
      expect(newest(world).stitch()).toEqual(new Uint8Array(footage.jpeg));
      expect(newest(world)).toMatchObject({
        newestFrame: frame + 1,
        capturedAt: 1000 * number,
        encodedAt: 1000 * number + 1,
      });
      tiles = footage.change(0.1);
    }
    expect(world.passedOn).toHaveLength(1);
    expect(world.published).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });

  test("a frame whose last part never comes is replaced by the next one", async () => {
    const footage = await TileFootage.create(FORMAT);
    const world = openWorld();
    world.relayed.begin(footage.stream);
    send(world, 1, footage.allTiles);
    const broken = footage.change(0.5);
    send(world, 2, broken.slice(0, 3), false);
    const before = newest(world).newestFrame;
    send(world, 4, [...broken]);
    expect(newest(world).newestFrame).toBe(before + 1);
    expect(newest(world).stitch()).toEqual(new Uint8Array(footage.jpeg));
  });

  test("tiles of a first frame that never became whole do not count for the next one", async () => {
    const { stream, allTiles } = await TileFootage.create(FORMAT);
    const world = openWorld();
    world.relayed.begin(stream);
    send(world, 1, allTiles.slice(0, 4), false);
    expect(() => send(world, 2, allTiles.slice(4))).toThrow("4 of 44 tiles are missing in the first frame");
    expect(world.passedOn).toEqual([]);
  });

  test("the picture stays until the first frame of the next stream is whole", async () => {
    const [one, other] = [await TileFootage.create(FORMAT), await TileFootage.create({ ...FORMAT, quality: 40 })];
    const world = openWorld();
    world.relayed.begin(one.stream);
    send(world, 7, one.allTiles);
    world.relayed.begin(other.stream);
    send(world, 1, other.allTiles.slice(0, 4), false);
    expect(newest(world).stitch()).toEqual(new Uint8Array(one.jpeg));
    send(world, 1, other.allTiles.slice(4));
    expect(world.passedOn).toHaveLength(2);
    expect(newest(world).stitch()).toEqual(new Uint8Array(other.jpeg));
    expect(newest(world).level).toEqual({ halvings: 0, quality: 40, passedOn: "tiles" });
    expect(newest(world).newestFrame).toBe(2); // numbers only grow, also over two streams
  });

  test("without a quality in the Stream it is estimated from the header", async () => {
    const footage = await TileFootage.create(FORMAT);
    const world = openWorld();
    world.relayed.begin({ ...footage.stream, quality: 0 });
    send(world, 1, footage.allTiles);
    expect(newest(world).level.quality).toBe(75);
  });

  test("wrong streams and wrong tiles are refused", async () => {
    const footage = await TileFootage.create(FORMAT);
    const { stream, allTiles } = footage;
    const world = openWorld();
    expect(() => send(world, 1, allTiles)).toThrow("Tiles came before a Stream");
    const begin = (change: Partial<StreamHeader>) => () => world.relayed.begin({ ...stream, ...change });
    expect(begin({ width: 640 })).toThrow(ProtocolError);
    expect(begin({ jpegHeader: new Uint8Array(9) })).toThrow(ProtocolError);
    expect(() => send(world, 1, allTiles)).toThrow("Tiles came before a Stream");

    world.relayed.begin(stream);
    expect(() => send(world, 1, allTiles.slice(1))).toThrow("1 of 44 tiles are missing in the first frame");
    world.relayed.begin(stream);
    const tile = allTiles[0]?.bytes as Uint8Array;
    expect(() => send(world, 1, [{ number: 44, bytes: tile }])).toThrow("tile 44, but the picture has 44 tiles");
    expect(() => send(world, 1, [{ number: 0, bytes: new Uint8Array(30_000) }])).toThrow("a tile has 30000 bytes");
    expect(world.passedOn).toEqual([]);
  });

  test("after the end, viewers have no picture", async () => {
    const footage = await TileFootage.create(FORMAT);
    const world = openWorld();
    world.relayed.begin(footage.stream);
    send(world, 1, footage.allTiles);
    world.relayed.end();
    expect(newest(world)).toMatchObject({ newestFrame: 0, stream: null });
    expect(newest(world).jpeg()).toBeNull();
  });
});
