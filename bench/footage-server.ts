// A server of footage for benches: `serve()` with the footage source, or with that of two changing tiles (two-tiles-source.ts). Its
// reports are those of `serve --json`.
//
// Usage: bun bench/footage-server.ts KIND WIDTHxHEIGHT FPS [--workers N] [--quality N] [--codec NAME] [--http] [--cameras N] [--no-code]
//        [--jpegs FOLDER]
//
// --no-code leaves out the frame code. --jpegs takes the JPEGs of a folder (peers/jpeg-folder.ts) instead of the footage.

import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { CODEC_NAMES, DEFAULT_CODEC } from "../src/codec/codecs.ts";
import { UsageError } from "../src/core/errors.ts";
import { lineLog } from "../src/core/log.ts";
import { Output } from "../src/cli/output.ts";
import { runMain } from "../src/cli/program.ts";
import { parseSize } from "../src/core/pixel-format.ts";
import { describeServing } from "../src/server/report/report.ts";
import { serve } from "../src/server/serve.ts";
import { FOOTAGE_KINDS } from "./footage-file.ts";
import { createFootageSource, footageCameras } from "./footage-source.ts";
import { createFolderSource } from "./peers/jpeg-folder.ts";
import { createTwoTilesSource, TWO_TILES } from "./two-tiles-source.ts";

const REPORT_MS = 1_000;

await runMain(async (signal, { stop }) => {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      workers: { type: "string", default: String(Math.min(8, availableParallelism())) },
      quality: { type: "string", default: "75" },
      codec: { type: "string", default: DEFAULT_CODEC },
      http: { type: "boolean", default: false },
      cameras: { type: "string", default: "1" },
      "no-code": { type: "boolean", default: false },
      jpegs: { type: "string" },
    },
  });
  const kind = ([...FOOTAGE_KINDS, TWO_TILES] as const).find((name) => name === positionals[0]);
  const codec = CODEC_NAMES.find((name) => name === values.codec);
  const framesPerSecond = Number(positionals[2]);
  if (kind === undefined || codec === undefined || !(framesPerSecond >= 0)) {
    throw new UsageError(
      `the footage server takes a kind (${FOOTAGE_KINDS.join(", ")}, ${TWO_TILES}), a size and a rate`,
    );
  }
  const size = parseSize(positionals[1] ?? "");
  const quality = Number(values.quality);
  const names = values.cameras === "1" ? [undefined] : footageCameras(Number(values.cameras));
  const { jpegs, "no-code": hasNoCode } = values;
  const createSource = () => {
    if (jpegs !== undefined) return createFolderSource(jpegs, framesPerSecond);
    if (kind === TWO_TILES) return createTwoTilesSource(size, framesPerSecond);
    return createFootageSource(kind, size, framesPerSecond, !hasNoCode);
  };
  const output = new Output({ subject: "server", json: true, onReaderGone: stop });
  await using server = await serve({
    cameras: names.map((name) => ({ source: createSource(), quality, name })),
    port: 0,
    http: values.http ? { port: 0 } : null,
    codec,
    workers: Number(values.workers),
    signal,
    log: lineLog((text, level, subjects) => output.log({ at: new Date(), level, subjects, text, fields: {} })),
  });
  const report = () => {
    const present = server.report();
    output.report(present, () => describeServing(present));
  };
  report();
  const reporting = setInterval(report, REPORT_MS);
  const last = await server.closed;
  clearInterval(reporting);
  output.final(last, describeServing(last));
});
