// TileStreams with failing jobs, failing threads, tiles that wrap around lines, and servers that ignore credit.

import { expect, test } from "bun:test";
import type { StreamHeader } from "../../../src/protocol/messages.ts";
import type { NumberedTile } from "../../support/tile-lists.ts";
import { until } from "../../support/wait-until.ts";
import { cjpeg, picture, randomFrom } from "../../support/decoder-kernel.ts";
import { footageFormat, TileFootage } from "../../support/tile-footage.ts";
import { ended, startTileStreams } from "../../support/tile-streams-fixture.ts";

const footageOf = () =>
  TileFootage.create(
    footageFormat({ format: "rgb24", sampling: "4:2:0", quality: 75, width: 320, height: 240 }, 4),
    randomFrom(5),
  );

test.each([
  ["is refused by the kernel", [-1, 0, 5, 5], "rectangle"],
  ["is a defect", null, "codec thread failed"],
])("TileStreams: a job that %s drops its frame, and the next frames are right", async (_, rectangles, reason) => {
  await using setup = await startTileStreams(2);
  const footage = await footageOf();
  let newest: { release(): void } | null = null;
  setup.onDecoded = ({ slot, isRepeat }) => {
    if (isRepeat) return;
    newest?.release();
    newest = slot;
  };
  setup.open(footage.stream);
  setup.send(1, footage.allTiles);
  await until(() => ended(setup) === 1, "the first frame");
  const tryRun = setup.pool.tryRun.bind(setup.pool);
  setup.pool.tryRun = (job, done) => tryRun({ ...job, rectangles } as unknown as typeof job, done);
  setup.send(2, footage.change(0.3));
  setup.pool.tryRun = tryRun;
  await until(() => ended(setup) === 2, "the end of the frame in trouble");
  expect(setup.dropped).toMatchObject([{ frameNumber: 2, cause: "decode" }]);
  expect(setup.dropped[0]?.reason).toContain(reason);
  setup.send(3, []);
  await until(() => ended(setup) === 3, "a frame that still lacks those tiles");
  expect(setup.decoded.at(-1)?.isDamaged).toBe(true);
  for (let frame = 4; frame <= 7; frame++) {
    setup.send(frame, frame === 4 ? footage.allTiles : footage.change(0.1));
    await until(() => ended(setup) === frame, "the next frame");
    expect(setup.decoded.at(-1)?.pixels).toEqual(setup.pixelsOf(footage.jpeg));
    expect(setup.decoded.at(-1)?.isDamaged).toBe(false);
  }
  expect(setup.restarted.length > 0).toBe(rectangles === null);
});

test.each(["1x1", "2x1", "2x2", "1x2", "grey"])(
  "TileStreams: decodes restart intervals of any length, sampling %s",
  async (sampling) => {
    await using setup = await startTileStreams(2);
    const size = { width: 211, height: 133 };
    const options = ["-restart", "7B", ...(sampling === "grey" ? ["-grayscale"] : ["-sample", sampling])];
    const jpegs = [1, 2, 3].map((seed) => cjpeg(picture("photo", size.width, size.height, seed), ...options));
    const cut = jpegs.map(cutJpeg);
    const stream: StreamHeader = {
      ...size,
      framesPerSecond: 0,
      codec: "cjpeg",
      quality: 0,
      sourceWidth: size.width,
      sourceHeight: size.height,
      jpegHeader: cut[0]?.header ?? new Uint8Array(),
    };
    setup.open(stream);
    setup.onDecoded = ({ slot, isRepeat, pixels, jpeg }) => {
      expect(pixels).toEqual(setup.pixelsOf(jpeg()));
      if (!isRepeat) slot.release();
    };
    const random = randomFrom(11);
    for (let frame = 1; frame <= 20; frame++) {
      const tiles = cut[frame % 3]?.tiles ?? [];
      setup.send(frame, frame === 1 ? tiles : tiles.filter(() => random() < 0.2));
      await until(() => ended(setup) === frame, "the frame");
    }
    expect(setup.dropped).toEqual([]);
    setup.send(21, cut[0]?.tiles ?? []);
    await until(() => ended(setup) === 21, "the last frame");
    expect(setup.pixelsOf(jpegs[0] ?? new Uint8Array())).toEqual(
      setup.pixelsOf(setup.decoded.at(-1)?.jpeg() ?? new Uint8Array()),
    );
  },
);

/** The header of a JPEG, and the bytes between its restart markers. */
function cutJpeg(jpeg: Uint8Array): { header: Uint8Array; tiles: NumberedTile[] } {
  const bytes = Buffer.from(jpeg);
  const scan = bytes.indexOf(Buffer.from([0xff, 0xda]));
  const start = scan + 2 + bytes.readUInt16BE(scan + 2);
  const tiles: NumberedTile[] = [];
  let from = start;
  for (let at = start; at + 1 < bytes.length; at++) {
    if (bytes[at] !== 0xff || bytes[at + 1] === 0) continue;
    tiles.push({ number: tiles.length, bytes: new Uint8Array(bytes.subarray(from, at)) });
    from = at + 2;
  }
  return { header: new Uint8Array(bytes.subarray(0, start)), tiles };
}

test("TileStreams: throws a ProtocolError when the server ignores credit", async () => {
  await using setup = await startTileStreams(1);
  const footage = await footageOf();
  const [width, height] = [4096, 4224];
  const jpegHeader = Buffer.from(footage.stream.jpegHeader);
  const frameHeader = jpegHeader.indexOf(Buffer.from([0xff, 0xc0])); // SOF0 (T.81 B.2.2)
  jpegHeader.writeUInt16BE(height, frameHeader + 5);
  jpegHeader.writeUInt16BE(width, frameHeader + 7);
  setup.open({ ...footage.stream, width, height, jpegHeader });
  // A tile may have 16 bytes for each of its 4 × 16 × 16 pixels. So the tiles of one frame may have more than 256 MiB.
  const bytes = new Uint8Array(16 * 1024);
  const flood = () => {
    for (let number = 0; number < 100_000; number++) setup.send(1, [{ number, bytes }], false);
  };
  expect(flood).toThrow(/sends more than the viewer has acknowledged/);
});
