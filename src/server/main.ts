// `bun run serve`: the command line of the server.

import { availableParallelism } from "node:os";
import { Command, Option } from "commander";
import { CODEC_NAMES, DEFAULT_CODEC } from "../codec/codec.ts";
import { SAMPLINGS } from "../codec/simd/encoder.ts";
import { asProgram, number, parsed, runMain, Screenful, wholeNumber } from "../core/main-program.ts";
import { UsageError } from "../core/errors.ts";
import { PIXEL_FORMATS, parseSize } from "../core/pixel-format.ts";
import { VERSION } from "../core/version.ts";
import { DEFAULT_PORT } from "../protocol/wire.ts";
import { presetFor } from "./preset.ts";
import { DEFAULT_MAX_LATENCY_MS, describeServing, type ServeOptions, serve } from "./serve.ts";
import { DEFAULT_FRAMES_PER_SECOND, DEFAULT_SIZE } from "./sources/open.ts";

const command = asProgram(new Command("bun run serve"), VERSION)
  .description("Serves live video to any number of viewers (bun run view), each as fast as it can follow.")
  .addOption(
    new Option(
      "--source <what>",
      "auto, pattern, webcam, screen, a device, a file, a URL, or - for standard input",
    ).default("auto"),
  )
  .addOption(new Option("--device <name>", "with --source webcam: which one, as /dev/video0 or TEST:colourbars"))
  .addOption(
    new Option("--pixel-format <name>", "with --source -: what standard input carries")
      .choices([...PIXEL_FORMATS, "mjpeg"])
      .default("rgba"),
  )
  .addOption(
    new Option(
      "--size <WxH>",
      `picture size (default: the source's own, ${DEFAULT_SIZE.width}x${DEFAULT_SIZE.height} for pattern and webcam)`,
    ).argParser(parsed(parseSize)),
  )
  .addOption(
    new Option(
      "--fps <n>",
      `frames a second (default: the source's own, ${DEFAULT_FRAMES_PER_SECOND} for pattern and webcam; pattern: 0 = no pause)`,
    ).argParser(number(0, 1000)),
  )
  .addOption(
    new Option("--quality <n>", "JPEG quality, 1 to 100 (default: 75, 90 for a screen)").argParser(wholeNumber(1, 100)),
  )
  .addOption(
    new Option(
      "--sampling <n>",
      "colour in half the lines and columns (420) or in all (444), of sources that have it (default: 420, 444 for a screen)",
    ).choices(SAMPLINGS),
  )
  .addOption(
    new Option(
      "--noise <n>",
      "levels by which pixels may be off without being sent again: 0 = exact, off = all are always sent (default: 2, 0 for a screen)",
    ).argParser((text) => (text === "off" ? "off" : number(0, 64)(text))),
  )
  .addOption(
    new Option(
      "--max-latency <ms>",
      "age of a viewer's picture at which it is sent lower quality, then a smaller size, then fewer; 0 = any",
    )
      .argParser(number(0, 60_000))
      .default(DEFAULT_MAX_LATENCY_MS),
  )
  .addOption(
    new Option("--max-bitrate <rate>", "bits a second that one viewer is sent at most, as 500k or 2M").argParser(
      parsed(parseBitrate),
    ),
  )
  .addOption(
    new Option("--idle-release <s>", "let the source go when nobody has watched for so long; 0 = keep it")
      .argParser(number(0, 1e6))
      .default(0),
  )
  .addOption(new Option("--codec <name>", "what encodes").choices(CODEC_NAMES).default(DEFAULT_CODEC))
  .addOption(
    new Option("--workers <n>", "encoder threads")
      .argParser(wholeNumber(1, 64))
      .default(Math.min(8, availableParallelism())),
  )
  .addOption(new Option("--host <address>", "address to listen on; 0.0.0.0 for all").default("127.0.0.1"))
  .addOption(
    new Option("--port <n>", "TCP port; 0 for any that is free").argParser(wholeNumber(0, 65535)).default(DEFAULT_PORT),
  )
  .addOption(new Option("--no-announce", "do not tell the local network of the server (mDNS)"))
  .addOption(new Option("--preview", "a window on this side as well").default(false))
  .addOption(new Option("--frames <n>", "end after so many captured frames").argParser(wholeNumber(1, 2 ** 32 - 1)))
  .addOption(
    new Option("--json", 'one JSON object a second on standard output, the last with "final": true').default(false),
  );

/** Reads `500k`, `2M`, `2500000`. Throws UsageError for anything else. */
function parseBitrate(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([kM]?)$/.exec(text);
  const bits = Number(match?.[1]) * { "": 1, k: 1e3, M: 1e6 }[match?.[2] as "" | "k" | "M"];
  if (!match || !(bits >= 10_000)) {
    throw new UsageError(`'${text}' is no bit rate: write bits a second from 10k on, as 500k or 2M`);
  }
  return bits;
}

await runMain(async (signal) => {
  command.parse();
  const flags = command.opts();
  const preset = presetFor(flags["source"]);
  const options: ServeOptions = {
    source: flags["source"],
    device: flags["device"] ?? null,
    pixelFormat: flags["pixelFormat"],
    size: flags["size"] ?? null,
    framesPerSecond: flags["fps"] ?? null,
    quality: flags["quality"] ?? preset.quality,
    sampling: flags["sampling"] ?? preset.sampling,
    codec: flags["codec"],
    workers: flags["workers"],
    host: flags["host"],
    port: flags["port"],
    announce: flags["announce"],
    preview: flags["preview"],
    noise: flags["noise"] === "off" ? null : (flags["noise"] ?? preset.noise),
    maxLatencyMs: flags["maxLatency"] || null,
    maxBitsPerSecond: flags["maxBitrate"] ?? null,
    idleReleaseSeconds: flags["idleRelease"] || null,
    frames: flags["frames"] ?? null,
  };
  const output = new Screenful(flags["json"]);
  const last = await serve(options, signal, {
    listening(report) {
      output.say(`serving ${report.source} on ${report.host}:${report.port}`);
      output.report(report, () => describeServing(report));
    },
    report: (report) => output.report(report, () => describeServing(report)),
    say: (text) => output.say(text),
  });
  output.final(last, `ended: ${last.frames} frames captured, ${last.encoded} encoded, ${last.dropped} dropped`);
});
