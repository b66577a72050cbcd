// `bun run view`: the command line of the viewer.

import { availableParallelism } from "node:os";
import { Argument, Command, Option } from "commander";
import { UsageError } from "../core/errors.ts";
import { asProgram, EXIT_CODES, number, parsed, runMain, Screenful, wholeNumber } from "./program.ts";
import { parseSetting } from "../capture/control-values.ts";
import { parseSize } from "../core/pixel-format.ts";
import { VERSION } from "../core/version.ts";
import type { Control, SetControl } from "../protocol/controls.ts";
import { formatAddress, parseAddress } from "../client/connect/address.ts";
import { askForCameras, askForControls, describeCameras, describeControls, setControl } from "../client/connect/ask.ts";
import { askOn, findAddress, OWN_ADDRESS } from "../client/connect/discover.ts";
import { DISPLAYS, RENDERERS } from "../client/screens/screen.ts";
import { type ViewOptions, view } from "../client/view.ts";
import { describeViewing, type ViewReport } from "../client/figures.ts";
import { describeGrid, describeGridEnd, viewGrid } from "../client/view-grid.ts";

const command = asProgram(new Command("bun run view"), VERSION)
  .description("Shows the live video of a server (bun run serve): what you see is what the camera sees now.")
  .addArgument(
    new Argument(
      "[host[:port][/camera]]",
      `where the server is (default: ${formatAddress(OWN_ADDRESS)} where one answers, else what is found on the network), and which of its cameras (default: the first)`,
    ).argParser(parsed(parseAddress)),
  )
  .addOption(
    new Option("--list", "print what cameras the server has, and end")
      .default(false)
      .conflicts(["controls", "set", "grid"]),
  )
  .addOption(new Option("--controls", "print what can be set of the camera, and end").default(false).conflicts("grid"))
  .addOption(
    new Option("--set <name=value>", "set a control, where the server allows it, and end; may be given several times")
      .argParser((text: string, before: SetControl[] = []) => [...before, parsed(parseSetting)(text)])
      .conflicts("grid"),
  )
  .addOption(new Option("--grid", "all cameras of the server in one window").default(false))
  .addOption(new Option("--display <name>", "where pictures are shown").choices(DISPLAYS).default("sdl"))
  .addOption(new Option("--renderer <name>", "how the window draws").choices(RENDERERS).default("auto"))
  .addOption(
    new Option("--workers <n>", "decoder threads")
      .argParser(wholeNumber(1, 64))
      .default(Math.min(4, availableParallelism())),
  )
  .addOption(
    new Option("--size <WxH>", "a picture of that size is enough; the default is the source's own").argParser(
      parsed(parseSize),
    ),
  )
  .addOption(new Option("--output <file>", "write shown frames there as raw RGBA; - for standard output"))
  .addOption(new Option("--frames <n>", "end after so many shown frames").argParser(wholeNumber(1, 2 ** 32 - 1)))
  .addOption(new Option("--seconds <n>", "end after so many seconds").argParser(number(0.001, 1e9)))
  .addOption(new Option("--once", "end with the connection instead of connecting again").default(false))
  .addOption(
    new Option("--json", 'one JSON object a second on standard output, the last with "final": true').default(false),
  )
  .addHelpText(
    "after",
    `
Keys in the window:
  F, F11          fullscreen          I      figures: rate, latency, drops
  S               save the picture    Space  pause
  Q, Esc, Enter   quit
With --grid:
  1 to 9, click   one camera fills the window; once more: all
${EXIT_CODES}`,
  );

await runMain(async (signal) => {
  command.parse();
  const flags = command.opts();
  const screenful = new Screenful(flags["json"], flags["output"] === "-" ? 2 : 1);
  const say = (text: string) => screenful.say(text);
  const interrupt = () => process.kill(process.pid, "SIGINT");
  const ask = askOn(process.stdin, process.stderr, signal, interrupt);
  const options: ViewOptions = {
    address: command.processedArgs[0] ?? (await findAddress(say, ask, signal)),
    display: flags["display"],
    renderer: flags["renderer"],
    workers: flags["workers"],
    size: flags["size"] ?? null,
    output: flags["output"] ?? null,
    frames: flags["frames"] ?? null,
    seconds: flags["seconds"] ?? null,
    once: flags["once"],
  };
  if (flags["list"]) {
    const cameras = await askForCameras(options.address, signal);
    screenful.answer({ cameras }, describeCameras(cameras));
    return;
  }
  const sets: SetControl[] = flags["set"] ?? [];
  for (const set of sets) await setControl(options.address, set, signal);
  if (flags["controls"] || sets.length > 0) {
    const known = await askForControls(options.address, signal);
    const { areSettable } = known;
    const isMeant = ({ name }: Control) => flags["controls"] || sets.some((set) => set.name === name);
    const controls = known.controls.filter(isMeant);
    screenful.answer({ areSettable, controls }, describeControls({ ...known, controls }));
    return;
  }
  if (flags["grid"]) {
    checkGrid(options);
    const lastOfAll = await viewGrid(options, signal, {
      report: (report) => screenful.report(report, () => describeGrid(report)),
      say,
    });
    screenful.final(lastOfAll, describeGridEnd(lastOfAll));
    return;
  }
  const last = await view(options, signal, {
    report: (report) => screenful.report(report, () => describeViewing(report)),
    say,
  });
  screenful.final(last, describeEnd(last));
});

/** Of what was not measured nothing is said. */
function describeEnd({ frames, latencyMs: { p50, p99, max }, dropped }: ViewReport): string {
  if (frames === 0) return "ended: no picture was shown";
  const latency = max === 0 ? "" : `latency ${p50} ms (p99 ${p99}), `;
  return `ended: ${frames} frames shown, ${latency}${dropped} dropped`;
}

/** Throws UsageError for what makes no sense with several cameras in one window. */
function checkGrid({ address, output, size }: ViewOptions): void {
  if (address.camera !== "") throw new UsageError(`--grid shows all cameras: leave out /${address.camera}`);
  if (output !== null)
    throw new UsageError("--output goes with one camera: leave out --grid and name it, as HOST/NAME");
  if (size !== null) throw new UsageError("--size goes with one camera; with --grid sizes follow the window");
}
