// A server of footage for benches: `serve()` with the footage source, reporting as `serve --json` does.
//
// usage: bun bench/footage-server.ts KIND WIDTHxHEIGHT FPS [--workers N] [--quality N] [--codec NAME]

import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { CODEC_NAMES, DEFAULT_CODEC } from "../src/codec/codecs.ts";
import { UsageError } from "../src/core/errors.ts";
import { runMain, Screenful } from "../src/cli/program.ts";
import { parseSize } from "../src/core/pixel-format.ts";
import { describeServing } from "../src/server/report/report.ts";
import { serve } from "../src/server/serve.ts";
import type { ResolvedCameraOptions, ResolvedServeOptions } from "../src/server/settings/options.ts";
import { DEFAULT_MAX_LATENCY_MS, DEFAULT_NOISE } from "../src/server/settings/preset.ts";
import { FOOTAGE_KINDS } from "./footage-file.ts";
import { createFootageSource } from "./footage-source.ts";

await runMain(async (signal) => {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      workers: { type: "string", default: String(Math.min(8, availableParallelism())) },
      quality: { type: "string", default: "75" },
      codec: { type: "string", default: DEFAULT_CODEC },
    },
  });
  const kind = FOOTAGE_KINDS.find((name) => name === positionals[0]);
  const codec = CODEC_NAMES.find((name) => name === values.codec);
  const framesPerSecond = Number(positionals[2]);
  if (kind === undefined || codec === undefined || !(framesPerSecond >= 0)) {
    throw new UsageError(`the footage server takes a kind (${FOOTAGE_KINDS.join(", ")}), a size and a rate`);
  }
  const size = parseSize(positionals[1] ?? "");
  const output = new Screenful(true);
  const camera: ResolvedCameraOptions = {
    ...{ name: null, source: "footage", device: null, pixelFormat: "rgba", size, framesPerSecond },
    ...{ quality: Number(values.quality), sampling: "420", noise: DEFAULT_NOISE, idleReleaseSeconds: null },
  };
  const options: ResolvedServeOptions = {
    ...{
      cameras: [camera],
      host: "127.0.0.1",
      port: 0,
      announce: false,
      allowControls: false,
      codec,
      workers: Number(values.workers),
    },
    ...{ maxLatencyMs: DEFAULT_MAX_LATENCY_MS, maxBitsPerSecond: null, frames: null },
  };
  const last = await serve(options, signal, {
    listening: (report) => output.report(report, () => describeServing(report)),
    report: (report) => output.report(report, () => describeServing(report)),
    say: (text) => output.say(text),
    createSource: () => createFootageSource(kind, size, framesPerSecond),
  });
  output.final(last, describeServing(last));
});
