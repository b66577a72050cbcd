// TileStreams with real codec threads and a real connection, for tests that feed it tiles and check the decoded pictures.

import { Arena } from "../../src/codec/memory/arena.ts";
import { GrowingBlock } from "../../src/codec/memory/growing-block.ts";
import { BUN_RUNTIME } from "../../src/codec/bun/runtime.ts";
import { CodecPool } from "../../src/codec/threads/pool.ts";
import { instantiateDecoder, JpegPicture } from "../../src/codec/simd/decoder.ts";
import { createTileDecoder } from "../../src/codec/simd/tile-decoder.ts";
import { WASM } from "../../src/codec/bun/wasm.ts";
import type { Origin } from "../../src/protocol/origin.ts";
import type { DecodedPicture, DecodeEvents } from "../../src/client/picture.ts";
import { createTileStreams, type TileStreams } from "../../src/client/decode/tile-streams.ts";
import { nowMicros } from "../../src/core/clock.ts";
import { TileCollector } from "../../src/protocol/tile-list.ts";
import type { StreamHeader } from "../../src/protocol/messages.ts";
import { openConnection } from "./real-connection.ts";
import type { NumberedTile } from "./tile-lists.ts";

/** TileStreams that a test feeds, and its results. The threads and the connection end with the scope. */
export interface Setup extends AsyncDisposable {
  arena: Arena;
  pool: CodecPool;
  streams: TileStreams;
  decoded: DecodedPicture[];
  dropped: { frameNumber: number; cause: string; reason: string }[];
  /** The reasons why threads were restarted. */
  restarted: string[];
  /** Called with each decoded picture. */
  onDecoded: (picture: DecodedPicture) => void;
  /** Begins a stream. */
  open: (stream: StreamHeader) => void;
  /** Gives one part of a frame to TileStreams, from memory that is overwritten after the call as the memory of a socket is. */
  send: (frameNumber: number, tiles: NumberedTile[], isLast?: boolean) => void;
  /** Decodes a JPEG as a whole on this thread. The pixels are valid until the next call. */
  pixelsOf: (jpeg: Uint8Array) => Uint8Array;
}

/** Starts threads, a connection and TileStreams. `loadOwn` loads the decoder with which the test's own thread decodes a few tiles. */
export async function startTileStreams(
  threads: number,
  loadOwn: typeof createTileDecoder | null = null,
): Promise<Setup> {
  const arena = Arena.create();
  const server = await openConnection();
  const decoded: DecodedPicture[] = [];
  const dropped: Setup["dropped"] = [];
  const restarted: string[] = [];
  let streams: TileStreams | null = null;
  const pool = new CodecPool({
    runtime: loadOwn !== null ? BUN_RUNTIME : { ...BUN_RUNTIME, nextTurn: null },
    arena,
    codec: "simd",
    threads,
    onIdle: () => streams?.pump(),
    onBroken: () => undefined,
    onRestarted: (reason) => restarted.push(reason),
  });
  const events: DecodeEvents = {
    onDecoded(picture) {
      decoded.push(picture);
      setup.onDecoded(picture);
    },
    onDropped: ({ frameNumber }, cause, reason) => dropped.push({ frameNumber, cause, reason }),
  };
  const created = await createTileStreams(arena, pool, events, loadOwn ?? createTileDecoder);
  streams = created;
  const setup: Setup = {
    ...{ arena, pool, streams, decoded, dropped, restarted },
    onDecoded: () => undefined,
    open: (stream) => created.open(stream, server.connection),
    send: (frameNumber, tiles, isLast = true) => sendTiles(created, server.connection, frameNumber, tiles, isLast),
    pixelsOf: await wholeDecoder(),
    async [Symbol.asyncDispose]() {
      await pool.close();
      server.close();
    },
  };
  await pool.started;
  return setup;
}

function sendTiles(
  streams: TileStreams,
  origin: Origin,
  frameNumber: number,
  tiles: NumberedTile[],
  isLast: boolean,
): void {
  const now = nowMicros();
  const chunk = Buffer.concat(tiles.map(({ bytes }) => bytes));
  const views = new TileCollector(tiles.length);
  let at = 0;
  for (const { number, bytes } of tiles) {
    views.add(number, chunk, at, bytes.length);
    at += bytes.length;
  }
  const part = { frameNumber, capturedAt: now, encodedAt: now, sentAt: now, isLast, tiles: views.finish() };
  streams.offer(part, { firstByteAt: now, lastByteAt: now, messageBytes: chunk.length }, origin);
  chunk.fill(0xff);
}

/** The number of frames that were decoded or dropped. */
export const ended = ({ decoded, dropped }: Setup): number => decoded.length + dropped.length;

async function wholeDecoder(): Promise<(jpeg: Uint8Array) => Uint8Array> {
  const arena = Arena.create();
  const [input, output] = [new GrowingBlock(arena), new GrowingBlock(arena)];
  const kernel = instantiateDecoder(await WASM.kernel("decoder"), arena.memory);
  const picture = new JpegPicture(kernel, arena.memory, (bytes) => arena.take(bytes));
  return (jpeg) => {
    const address = input.reserve(jpeg.length);
    arena.bytes(address, jpeg.length).set(jpeg);
    const { width, height } = picture.readHeader(address, jpeg.length);
    const bytes = width * height * 4;
    picture.decode(address, jpeg.length, output.reserve(bytes), width * 4);
    return arena.bytes(output.address, bytes);
  };
}
