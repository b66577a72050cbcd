// `bun run view`: the command line of the viewer.

import { availableParallelism } from "node:os";
import { Argument, Command } from "commander";
import { type Address, formatAddress, type Link, parseLink } from "../connect/address.ts";
import { askForCameras, askForControls, describeCameras, describeControls, setControl } from "../connect/ask.ts";
import { findServer, OWN_ADDRESS } from "../connect/discover.ts";
import { KnownServersFile } from "../connect/known-servers.ts";
import type { ViewReport } from "../client/figures.ts";
import { describeViewing } from "../client/report-text.ts";
import { type ViewOptions, view } from "../client/view.ts";
import { describeGrid, describeGridEnd, viewGrid } from "../client/view-grid.ts";
import { ConnectionError, UsageError } from "../core/errors.ts";
import { DEFAULT_REPORT_SECONDS } from "../core/program-settings.ts";
import { VERSION } from "../core/version.ts";
import { stateFolder } from "../state/folder.ts";
import type { Control } from "../protocol/controls.ts";
import { EXIT_CODES } from "./exit-codes.ts";
import { addFlags, parsed } from "./flags.ts";
import { openLog, VIEW_SUBJECTS } from "./log.ts";
import { Output } from "./output.ts";
import { asProgram, runMain } from "./program.ts";
import { openTerminal } from "./terminal-question.ts";
import { openTraceFile } from "./trace-file.ts";
import { VIEW_SETTINGS, type ViewFlags } from "./view-settings.ts";
import { KEY_VARIABLE, openAccess } from "./viewer-access.ts";

/** The default limit of decoder threads. More threads do not make a viewer faster. */
const MOST_WORKERS = 4;

const command = addFlags(asProgram(new Command("bun run view"), VERSION), VIEW_SETTINGS)
  .description("Shows the live video of a server (bun run serve). What you see is what the camera sees now.")
  .addArgument(
    new Argument(
      "[host[:port][/camera] or link]",
      `the server and one of its cameras (default: ${formatAddress(OWN_ADDRESS)} if a server answers there, or else a server found on the network, with its first camera)`,
    ).argParser(parsed(parseLink)),
  )
  .addHelpText(
    "after",
    `
Keys in the window:
  F, F11          fullscreen          I      figures: rate, latency, drops, motion
  S               save the picture    Space  pause
  C               save the last 30 s  (serve --past 30s)
  ←, →            one picture back, or forward, in the last 30 s  (serve --past 30s)
  End             what the camera sees now
  Q, Esc, Enter   quit
With --grid:
  1 to 9, click   show one camera in the whole window, or all again
${EXIT_CODES}`,
  );

await runMain(async (signal, { stop, endEvenIfHung }) => {
  const startedAt = performance.now();
  command.parse();
  const flags: ViewFlags = command.opts();
  const output = new Output({
    subject: "viewer",
    json: flags.json ?? false,
    isStdoutTaken: flags.output === "-",
    onReaderGone: stop,
  });
  const variable = process.env["SLIPSTREAM_LOG"];
  const log = await openLog({
    level: flags.logLevel,
    variable,
    subjects: VIEW_SUBJECTS,
    write: (line) => output.log(line),
  });
  const viewerLog = log.getChild("viewer");
  const say = (text: string) => viewerLog.info(text);
  const interrupt = () => process.kill(process.pid, "SIGINT");
  const terminal = openTerminal(process.stdin, process.stderr, signal, interrupt);
  const knownServers = new KnownServersFile(stateFolder());
  const named: Link | undefined = command.processedArgs[0];
  if (flags.forget !== undefined) {
    await output.answer(...(await forget(knownServers, flags.forget)), signal);
    return;
  }
  const ask = terminal && ((question: string) => terminal.ask(question));
  const found = named === undefined ? await findServer({ say, ask, wait: flags.wait ?? false }, signal) : null;
  signal.throwIfAborted();
  const link = named ?? { address: found?.address ?? OWN_ADDRESS, scheme: null, key: null };
  const { address } = link;
  await using access = await openAccess({
    link,
    announced: found?.announced ?? null,
    keyFile: flags.keyFile,
    variable: process.env[KEY_VARIABLE],
    knownServers,
    tlsCa: flags.tlsCa,
    ask: terminal && ((question) => output.whileAsked(() => terminal.askSecret(question))),
    say,
  });
  const server = { address, access };

  if (flags.list) {
    const cameras = await askForCameras(server, signal);
    await output.answer({ cameras }, describeCameras(cameras), signal);
    return;
  }
  const sets = flags.set ?? [];
  for (const { name, value } of sets) await setControl(server, { name, value }, signal);
  if (flags.controls || sets.length > 0) {
    const known = await askForControls(server, signal);
    const isMeant = ({ name }: Control) => flags.controls || sets.some((set) => set.name === name);
    const controls = known.controls.filter(isMeant);
    await output.answer({ areSettable: known.areSettable, controls }, describeControls({ ...known, controls }), signal);
    return;
  }

  await using trace = flags.trace === undefined ? null : await openTraceFile(flags.trace, "view", viewerLog, signal);
  const options: ViewOptions = {
    address,
    access,
    display: flags.display ?? "sdl",
    renderer: flags.renderer ?? "auto",
    workers: flags.workers ?? Math.min(MOST_WORKERS, availableParallelism()),
    size: flags.size ?? null,
    maxPixels: flags.maxPixels,
    output: flags.output ?? null,
    to: flags.to ?? null,
    frames: flags.frames ?? null,
    seconds: flags.seconds ?? null,
    once: flags.once ?? false,
    wait: flags.wait,
    reportSeconds: flags.reportInterval ?? DEFAULT_REPORT_SECONDS,
    onMotion: (motion) => output.event(motion),
    log: viewerLog,
    trace,
  };
  if (options.display !== "none") endEvenIfHung(); // a display may stop responding
  /** Prints the last report and line. Throws ConnectionError if the time is up and no picture was shown. */
  const finish = (report: object, frames: number, line: string) => {
    const { seconds } = options;
    const isTimeUp = seconds !== null && performance.now() - startedAt >= seconds * 1000;
    const hasFailed = frames === 0 && isTimeUp && !signal.aborted;
    output.final(report, hasFailed ? null : line);
    if (hasFailed) throw new ConnectionError(`no picture was shown within ${seconds} s`);
  };
  if (flags.grid) {
    checkGrid(options);
    const lastOfAll = await viewGrid(options, signal, (report) => output.report(report, () => describeGrid(report)));
    const frames = lastOfAll.cameras.reduce((sum, camera) => sum + camera.frames, 0);
    finish(lastOfAll, frames, describeGridEnd(lastOfAll));
    return;
  }
  const last = await view(options, signal, (report) => output.report(report, () => describeViewing(report)));
  finish(last, last.frames, describeEnd(last));
});

/** Returns the last line. Figures that were not measured are left out. */
function describeEnd({ frames, latencyMs: { p50, p99, max }, dropped }: ViewReport): string {
  if (frames === 0) return "ended: no picture was shown";
  const latency = max === 0 ? "" : `latency ${p50} ms (p99 ${p99}), `;
  return `ended: ${frames} frames shown, ${latency}${dropped} dropped`;
}

/** Forgets a server. Returns the result to print, as an object and as text. */
async function forget(known: KnownServersFile, address: Address): Promise<[object, string]> {
  const server = formatAddress({ ...address, camera: "" });
  const isForgotten = await known.forget(address);
  if (isForgotten) return [{ server, isForgotten }, `${server} is forgotten`];
  const others = (await known.namesOf(address.host)).join(", ");
  return [{ server, isForgotten }, `${server} is not known${others === "" ? "" : ` (${others} is)`}`];
}

/** Throws UsageError for options that cannot be used with several cameras in one window. */
function checkGrid({ address, output, size }: ViewOptions): void {
  if (address.camera !== "") throw new UsageError(`--grid shows all cameras: leave out /${address.camera}`);
  if (output !== null)
    throw new UsageError("--output writes one camera: leave out --grid and name the camera, for example HOST/NAME");
  if (size !== null) throw new UsageError("--size applies to one camera: with --grid the sizes depend on the window");
}
