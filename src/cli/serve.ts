// `bun run serve`: the command line of the server.

import { existsSync } from "node:fs";
import { Command, Option } from "commander";
import { CODEC_NAMES } from "../codec/codecs.ts";
import { formatHostPort } from "../core/host-port.ts";
import { UsageError } from "../core/errors.ts";
import { lineLog } from "../core/log.ts";
import { openPreview, ownAddress } from "./preview.ts";
import { asProgram, EXIT_CODES, number, parsed, runMain, Screenful, wholeNumber } from "./program.ts";
import { SAMPLINGS, PIXEL_FORMATS, parseSize } from "../core/pixel-format.ts";
import { VERSION } from "../core/version.ts";
import { CAMERA_PRESET, SCREEN_PRESET } from "../server/settings/preset.ts";
import { describeServing } from "../server/report/report.ts";
import { serve } from "../server/serve.ts";
import { DEFAULTS, RANGES } from "../server/settings/resolve.ts";
import { combine, type FileSettings, type Flags, parseBitrate } from "../server/settings/settings.ts";
import { readSettingsFile, SETTINGS_FILE } from "../server/settings/settings-file.ts";
import { parseSetting, type Setting } from "../capture/control-values.ts";
import { DEFAULT_FRAMES_PER_SECOND, DEFAULT_SIZE } from "../capture/open.ts";

/** Says the default, and sets none: what a settings file says holds where the command line says nothing. */
function option(flags: string, description: string, byDefault?: string | number): Option {
  return new Option(flags, byDefault === undefined ? description : `${description} (default: ${byDefault})`);
}

const command = asProgram(new Command("bun run serve"), VERSION)
  .description("Serves live video to any number of viewers (bun run view), each as fast as it can follow.")
  .addOption(
    option(
      "--source <what>",
      "auto, pattern, webcam, screen, a device, a camera's index or name, a file, a URL, or - for standard input; several times for several cameras",
      DEFAULTS.source,
    ).argParser((source: string, before: string[] = []) => [...before, source]),
  )
  .addOption(option("--device <name>", "with --source webcam: which one, as /dev/video0 or TEST:colourbars"))
  .addOption(
    option(
      "--pixel-format <name>",
      "with --source -: what standard input carries (default: rgba); with a camera: what it is asked for",
    ).choices([...PIXEL_FORMATS, "mjpeg"]),
  )
  .addOption(
    option(
      "--set <name=value>",
      "a camera's setting, as brightness=128; again for more (bun run cameras --controls)",
    ).argParser((text: string, before: Setting[] = []) => [...before, parsed(parseSetting)(text)]),
  )
  .addOption(
    option(
      "--size <WxH>",
      "picture size",
      `the source's own, ${DEFAULT_SIZE.width}x${DEFAULT_SIZE.height} for pattern and webcam`,
    ).argParser(parsed(parseSize)),
  )
  .addOption(
    option(
      "--fps <n>",
      "frames a second",
      `the source's own, ${DEFAULT_FRAMES_PER_SECOND} for pattern and webcam; pattern: 0 = no pause`,
    ).argParser(number(...RANGES.framesPerSecond)),
  )
  .addOption(
    option(
      "--sampling <n>",
      "colour in half the lines and columns (420) or in all (444), of sources that have it",
      `${CAMERA_PRESET.sampling}, ${SCREEN_PRESET.sampling} for a screen`,
    ).choices(SAMPLINGS),
  )
  .addOption(
    option(
      "--quality <n>",
      "JPEG quality, 1 to 100",
      `${CAMERA_PRESET.quality}, ${SCREEN_PRESET.quality} for a screen`,
    ).argParser(wholeNumber(...RANGES.quality)),
  )
  .addOption(
    option(
      "--noise <n>",
      "levels by which pixels may be off without being sent again: 0 = exact, off = all are always sent",
      `${CAMERA_PRESET.noise}, ${SCREEN_PRESET.noise} for a screen`,
    ).argParser((text) => (text === "off" ? "off" : number(...RANGES.noise)(text))),
  )
  .addOption(
    option(
      "--max-latency <ms>",
      "age of a viewer's picture at which it is sent lower quality, then a smaller size, then fewer; 0 = any",
      DEFAULTS.maxLatencyMs,
    ).argParser(number(...RANGES.maxLatencyMs)),
  )
  .addOption(
    option("--max-bitrate <rate>", "bits a second that one viewer is sent at most, as 500k or 2M").argParser(
      parsed(parseBitrate),
    ),
  )
  .addOption(
    option("--idle-release <s>", "let the source go when nobody has watched for so long; 0 = keep it", 0).argParser(
      number(...RANGES.idleReleaseSeconds),
    ),
  )
  .addOption(option("--codec <name>", "what encodes", DEFAULTS.codec).choices(CODEC_NAMES))
  .addOption(option("--workers <n>", "encoder threads", DEFAULTS.workers).argParser(wholeNumber(...RANGES.workers)))
  .addOption(option("--host <address>", "address to listen on; 0.0.0.0 for all", DEFAULTS.host))
  .addOption(
    option("--port <n>", "TCP port; 0 for any that is free", DEFAULTS.port).argParser(wholeNumber(...RANGES.port)),
  )
  .addOption(option("--allow-controls", "viewers may set brightness, exposure and what else a camera has"))
  .addOption(option("--preview", "a window on this side as well"))
  .addOption(
    option("--config <file>", "settings for all this and for each camera", `./${SETTINGS_FILE}, if there is one`),
  )
  .addOption(option("--no-config", "take no settings from a file"))
  .addOption(
    option("--announce", "tell the local network of the server (mDNS), where it listens beyond this machine", "yes"),
  )
  .addOption(option("--no-announce", "do not"))
  .addOption(
    option("--frames <n>", "end after so many captured frames, of each camera").argParser(
      wholeNumber(...RANGES.frames),
    ),
  )
  .addOption(
    new Option("--json", 'one JSON object a second on standard output, the last with "final": true').default(false),
  )
  .addHelpText(
    "after",
    `
${SETTINGS_FILE} has these settings without the dashes (but config, frames and json), and one [[cameras]] for each camera, with its
source, name, set, device and pixel-format, which are there only, and what is to be different for it. Paths in it count from its
folder. What the command line says holds for all cameras and wins over the file; --source replaces its cameras.
${EXIT_CODES}`,
  );

const REPORT_MS = 1_000;

/** Both are one setting to commander, of which the last holds. */
const configFlags = new Set<string>();
for (const flag of ["config", "no-config"]) command.on(`option:${flag}`, () => configFlags.add(flag));

await runMain(async (signal) => {
  command.parse();
  const flags: Flags & { json: boolean; config?: string | boolean } = command.opts();
  if (configFlags.size > 1) throw new UsageError("--config and --no-config are either-or: leave one of them out");
  const output = new Screenful(flags.json);
  const options = combine(flags, readFile(flags.config, output));
  const log = lineLog((text, _, [, name]) => output.say(name === undefined ? text : `${name}: ${text}`));
  await using server = await serve({ ...options, signal, log });
  const report = () => {
    const present = server.report();
    output.report(present, () => describeServing(present));
  };
  const first = server.report();
  const names = first.cameras?.map(({ name }) => name).join(", ") ?? first.source;
  output.say(`serving ${names} on ${formatHostPort(server.host, server.port)}`);
  report();
  const reporting = setInterval(report, REPORT_MS);
  const address = ownAddress(server.host, server.port);
  const showsAll = options.cameras.length > 1;
  const preview = options.preview ? openPreview({ address, showsAll, signal, say: (text) => log.info(text) }) : null;
  const last = await server.closed;
  clearInterval(reporting);
  await preview;
  output.final(last, `ended: ${last.frames} frames captured, ${last.encoded} encoded, ${last.dropped} dropped`);
});

/** The file that was named, or the one that lies where the server is started; false = none is wanted. */
function readFile(named: string | boolean | undefined, output: Screenful): FileSettings {
  if (typeof named === "string") return readSettingsFile(named);
  if (named === false || !existsSync(SETTINGS_FILE)) return {};
  output.say(`settings are taken from ./${SETTINGS_FILE}`);
  return readSettingsFile(SETTINGS_FILE);
}
