// `bench stages`: the time of each stage of the encoder, and the times to compare a picture with the last one, to copy
// it and to halve it.

import { Arena } from "../src/codec/memory/arena.ts";
import { SimdEncoder } from "../src/codec/simd/encoder.ts";
import { planesOf } from "../src/core/pixel-format.ts";
import { instantiateKernel } from "../src/codec/simd/kernel-module.ts";
import type { KernelVariant } from "../src/codec/wasm/variants.ts";
import { median } from "../src/core/statistics.ts";
import { type Bench, round } from "./bench.ts";
import type { Chart } from "./chart.ts";
import { footageFrames } from "./footage.ts";

const SIZE = { width: 1280, height: 720 };
/** The order is that in which kernel/encode/encoder-stages.ts adds them. */
const STAGES = ["colour", "DCT, rows", "DCT, columns; quantisation", "entropy coding", "byte stuffing"];
/** Other steps, for all tiles of a picture: compared with itself byte by byte, compared with a noise bound of 2 levels, copied, and halved. */
const BESIDE = ["unchanged, exact", "unchanged, noise 2", "copy", "halve"];
const WARM_UP_TURNS = 40;

export const stagesBench: Bench = async ({ quick, progress }) => {
  const table = [["encoder, 1280x720", ...STAGES, "in all", ...BESIDE]];
  const figures: Record<string, number[]> = {};
  const besideFigures: Record<string, number[]> = {};
  for (const format of ["rgba", "yuvj420p"] as const) {
    const [frame] = footageFrames(SIZE, 1, format);
    for (const variant of ["relaxed", "plain"] as const) {
      const name = `${format}, ${variant}`;
      progress(`stages: ${name}`);
      const { stages, beside } = await measure(variant, format, frame as Uint8Array, quick ? 30 : 200);
      figures[name] = stages;
      besideFigures[name] = beside;
      const all = stages.reduce((a, b) => a + b);
      table.push([name, ...[...stages, all, ...beside].map((each) => `${each.toFixed(2)} ms`)]);
    }
  }
  const chart: Chart = {
    title: `Time of each stage of the encoder (${SIZE.width}x${SIZE.height}, hot)`,
    panels: [
      {
        kind: "bars",
        title: "Time in addition to the stages before",
        unit: "ms",
        groups: STAGES,
        series: Object.entries(figures).map(([name, values]) => ({ name, values })),
      },
    ],
  };
  return {
    name: "stages",
    figures: { ...SIZE, stages: STAGES, ms: figures, beside: BESIDE, besideMs: besideFigures },
    bounds: [],
    table,
    chart,
  };
};

/** Returns the milliseconds that each stage adds to the ones before it, and the milliseconds of the other steps. */
async function measure(
  variant: KernelVariant,
  format: "rgba" | "yuvj420p",
  frame: Uint8Array,
  turns: number,
): Promise<{ stages: number[]; beside: number[] }> {
  const arena = Arena.create();
  const module = await WebAssembly.compile(
    await Bun.file(new URL(`../src/codec/kernel/build/encoder-stages.${variant}.wasm`, import.meta.url)).arrayBuffer(),
  );
  const encoder = new SimdEncoder(module, arena.memory);
  const { encodeStages } = instantiateKernel(module, arena.memory);
  if (typeof encodeStages !== "function") throw new Error("the kernel has no stages");
  const layout = { width: SIZE.width, height: SIZE.height, format: format };
  const state = arena.take(encoder.stateBytes);
  const picture = encoder.prepare(state, { ...layout, quality: 75 });
  const scratch = arena.take(encoder.scratchBytes);
  const source = arena.take(frame.length);
  arena.bytes(source, frame.length).set(frame);
  const target = arena.take(SIZE.width * SIZE.height * 4);
  const planes = [0, 1, 2].map((plane) => planesOf(layout.format, layout, source)[plane]);
  const places = [...planes.map((plane) => plane?.address ?? 0), ...planes.map((plane) => plane?.rowBytes ?? 0)];
  const reference = arena.take(frame.length);
  arena.bytes(reference, frame.length).set(frame);
  const [pixels, references] = [planesOf(layout.format, layout, source), planesOf(layout.format, layout, reference)];
  const half = arena.take(frame.length);
  const eachTile = (run: (tile: number) => unknown): void => {
    for (let tile = 0; tile < picture.tileCount; tile++) run(tile);
  };
  const runs = [
    ...STAGES.map((_, index) => () => encodeStages(state, scratch, ...places, target, index + 1)),
    () => eachTile((tile) => encoder.tileDiffers(picture, pixels, references, tile, 0)),
    () => eachTile((tile) => encoder.tileDiffers(picture, pixels, references, tile, 2)),
    () => eachTile((tile) => encoder.copyTile(picture, pixels, references, tile)),
    () => encoder.halve(format, SIZE, source, half, 0, SIZE.height / 2),
  ];
  const times = runs.map((): number[] => []);
  for (let turn = -WARM_UP_TURNS; turn < turns; turn++) {
    for (const [index, run] of runs.entries()) {
      const start = performance.now();
      run();
      if (turn >= 0) times[index]?.push(performance.now() - start);
    }
  }
  const medians = times.map((list) => median(list) ?? 0);
  const sums = medians.slice(0, STAGES.length);
  return {
    stages: sums.map((sum, index) => round(sum - (sums[index - 1] ?? 0))),
    beside: medians.slice(STAGES.length).map((ms) => round(ms)),
  };
}
