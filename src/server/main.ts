// `bun run serve`: the command line of the server.

import { availableParallelism } from "node:os";
import { Command, Option } from "commander";
import { CODEC_NAMES, DEFAULT_CODEC } from "../codec/codec.ts";
import { asProgram, number, parsed, runMain, Screenful, wholeNumber } from "../core/main-program.ts";
import { PIXEL_FORMATS, parseSize } from "../core/pixel-format.ts";
import { VERSION } from "../core/version.ts";
import { DEFAULT_PORT } from "../protocol/wire.ts";
import { describeServing, type ServeOptions, serve } from "./serve.ts";
import { DEFAULT_FRAMES_PER_SECOND, DEFAULT_SIZE } from "./sources/open.ts";

const command = asProgram(new Command("bun run serve"), VERSION)
  .description("Serves live video to any number of viewers (bun run view), each as fast as it can follow.")
  .addOption(
    new Option("--source <what>", "auto, pattern, webcam, a device, a file, a URL, or - for standard input").default(
      "auto",
    ),
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
  .addOption(new Option("--quality <n>", "JPEG quality, 1 to 100").argParser(wholeNumber(1, 100)).default(75))
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
  .addOption(new Option("--preview", "a window on this side as well").default(false))
  .addOption(new Option("--frames <n>", "end after so many captured frames").argParser(wholeNumber(1, 2 ** 32 - 1)))
  .addOption(
    new Option("--json", 'one JSON object a second on standard output, the last with "final": true').default(false),
  );

await runMain(async (signal) => {
  command.parse();
  const flags = command.opts();
  const options: ServeOptions = {
    source: flags["source"],
    device: flags["device"] ?? null,
    pixelFormat: flags["pixelFormat"],
    size: flags["size"] ?? null,
    framesPerSecond: flags["fps"] ?? null,
    quality: flags["quality"],
    codec: flags["codec"],
    workers: flags["workers"],
    host: flags["host"],
    port: flags["port"],
    preview: flags["preview"],
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
