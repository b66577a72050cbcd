// Tiles that the receiving thread decodes itself: the same pixels as from threads, and a kernel that fails costs one frame.

import { expect, test } from "bun:test";
import { createTileDecoder, type TileDecoder } from "../../../src/codec/simd/tile-decoder.ts";
import type { TileJob } from "../../../src/codec/tile-jobs.ts";
import { randomFrom } from "../../support/decoder-kernel.ts";
import { footageFormat, TileFootage } from "../../support/tile-footage.ts";
import { ended, type Setup, startTileStreams } from "../../support/tile-streams-fixture.ts";
import { until } from "../../support/wait-until.ts";

const LAYOUT = { format: "rgb24", sampling: "4:2:0", quality: 75 } as const;
const footageOf = (width: number, height: number) =>
  TileFootage.create(footageFormat({ ...LAYOUT, width, height }, 4), randomFrom(5));

/** Shows each frame until the next one. */
function showEach(setup: Setup): void {
  let newest: { release(): void } | null = null;
  setup.onDecoded = ({ slot, isRepeat }) => {
    if (isRepeat) return;
    newest?.release();
    newest = slot;
  };
}

/** Starts TileStreams whose own decoder is loaded by `load`, and waits until the first frame of the footage is shown. */
async function startShowing(footage: TileFootage, load = createTileDecoder): Promise<Setup> {
  const setup = await startTileStreams(2, load);
  showEach(setup);
  setup.open(footage.stream);
  setup.send(1, footage.allTiles);
  await until(() => ended(setup) === 1, "the first frame");
  return setup;
}

/** Counts the jobs of threads. */
function countJobs(setup: Setup): { posted: number } {
  const count = { posted: 0 };
  const tryRun = setup.pool.tryRun.bind(setup.pool);
  setup.pool.tryRun = (job, done) => {
    count.posted++;
    return tryRun(job, done);
  };
  return count;
}

test("TileStreams: a few tiles are pixels before the call with them returns, and no thread is woken", async () => {
  const footage = await footageOf(320, 240);
  await using setup = await startShowing(footage);
  const count = countJobs(setup);
  for (let frame = 2; frame <= 20; frame++) {
    setup.send(frame, footage.change(0.02));
    expect(ended(setup)).toBe(frame);
    expect(setup.decoded.at(-1)?.pixels).toEqual(setup.pixelsOf(footage.jpeg));
  }
  expect(count.posted).toBe(0);
});

test("TileStreams: threads get a frame in which much changes", async () => {
  await using setup = await startTileStreams(2, createTileDecoder);
  const footage = await footageOf(1920, 1080);
  showEach(setup);
  setup.open(footage.stream);
  const count = countJobs(setup);
  for (let frame = 1; frame <= 4; frame++) {
    setup.send(frame, frame === 1 ? footage.allTiles : footage.change(1));
    await until(() => ended(setup) === frame, "the frame");
    expect(setup.decoded.at(-1)?.pixels).toEqual(setup.pixelsOf(footage.jpeg));
  }
  expect(count.posted).toBeGreaterThan(3);
});

test("TileStreams: frames that have failed say nothing about the time of the next one", async () => {
  let isSpoilt = false;
  let runs = 0;
  const footage = await footageOf(1920, 1080);
  await using setup = await startShowing(footage, async (arena, wasm) => {
    const decoder = await createTileDecoder(arena, wasm);
    return {
      run(job, mayGoOn) {
        runs++;
        return decoder.run(isSpoilt ? { ...job, rectangles: [-1, 0, 5, 5] } : job, mayGoOn);
      },
    };
  });
  isSpoilt = true;
  for (let frame = 2; frame <= 20; frame++) setup.send(frame, footage.change(0.01));
  isSpoilt = false;
  expect(setup.dropped.length).toBe(19);
  runs = 0;
  setup.send(21, footage.allTiles);
  expect(runs).toBe(0); // this frame is too large for the receiving thread
  await until(() => ended(setup) === 21, "the last frame");
  expect(setup.decoded.at(-1)?.pixels).toEqual(setup.pixelsOf(footage.jpeg));
});

test.each([
  ["traps", (job: TileJob) => ({ ...job, state: 0xffff_fff0 }), 1],
  ["refuses a rectangle", (job: TileJob) => ({ ...job, rectangles: [-1, 0, 5, 5] }), 0],
])("TileStreams: a kernel of the receiving thread that %s costs one frame", async (_, spoil, restarts) => {
  let isSpoilt = false;
  const load: typeof createTileDecoder = async (arena, wasm): Promise<TileDecoder> => {
    const decoder = await createTileDecoder(arena, wasm);
    return { run: (job, mayGoOn) => decoder.run(isSpoilt ? spoil(job) : job, mayGoOn) };
  };
  const footage = await footageOf(320, 240);
  await using setup = await startShowing(footage, load);
  isSpoilt = true;
  setup.send(2, footage.change(0.05));
  isSpoilt = false;
  expect(setup.dropped).toMatchObject([{ frameNumber: 2, cause: "decode" }]);
  expect(setup.restarted.length).toBe(restarts);
  for (let frame = 3; frame <= 8; frame++) {
    setup.send(frame, frame === 3 ? footage.allTiles : footage.change(0.05));
    await until(() => ended(setup) === frame, "the next frame");
    expect(setup.decoded.at(-1)?.pixels).toEqual(setup.pixelsOf(footage.jpeg));
    expect(setup.decoded.at(-1)?.isDamaged).toBe(false);
  }
});
