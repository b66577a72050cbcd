// `bun run serve`: the command line of the server.

import { existsSync } from "node:fs";
import { Command } from "commander";
import { UsageError } from "../core/errors.ts";
import { formatHostPort } from "../core/host-port.ts";
import type { Log } from "../core/log.ts";
import { DEFAULT_REPORT_SECONDS } from "../core/program-settings.ts";
import { VERSION } from "../core/version.ts";
import { describeServing } from "../server/report/report.ts";
import { serve } from "../server/serve.ts";
import { combine, type FileSettings, type Flags } from "../server/settings/settings.ts";
import { SERVE_SETTINGS, SETTINGS_FILE } from "../server/settings/table.ts";
import { readKeyFile } from "../state/key-file.ts";
import { EXIT_CODES } from "./exit-codes.ts";
import { addFlags } from "./flags.ts";
import { FloodGarbage } from "./flood-garbage.ts";
import { openLog, SERVE_SUBJECTS } from "./log.ts";
import { Output } from "./output.ts";
import { openPreview, ownAddress } from "./preview.ts";
import { asProgram, runMain } from "./program.ts";
import type { KeyOptions } from "../server/access/given-keys.ts";
import { RIGHTS } from "../server/access/role.ts";
import { viewerLines, webLines } from "./viewer-links.ts";
import { reloadOnHangUp } from "./reload.ts";
import { openTraceFile } from "./trace-file.ts";
import { ServiceManager } from "../system/service-manager.ts";

const flagsOnly = SERVE_SETTINGS.filter(({ scope }) => scope === "program").map(({ name }) => name);
const cameraOnly = SERVE_SETTINGS.filter(({ scope }) => scope === "camera").map(({ name }) => name);

const command = addFlags(asProgram(new Command("bun run serve"), VERSION), SERVE_SETTINGS)
  .description(
    "Serves live video to any number of viewers (bun run view). Each viewer gets as many frames as it can receive.",
  )
  .addHelpText(
    "after",
    `
${SETTINGS_FILE} takes these settings without the dashes, except ${flagsOnly.join(", ")}. Each [[cameras]] is one
camera: ${cameraOnly.join(", ")} stand there only, and the other settings of
pictures may stand there as well. Paths count from the folder of the file. The command line wins over the file, for all cameras;
--source replaces the cameras of the file.
${EXIT_CODES}`,
  );

/** Checks that not both --config and --no-config are given, because commander keeps only the last of them. */
const configFlags = new Set<string>();
for (const flag of ["config", "no-config"]) command.on(`option:${flag}`, () => configFlags.add(flag));

await runMain(async (signal, { stop }) => {
  command.parse();
  const flags: Flags = command.opts();
  if (configFlags.size > 1)
    throw new UsageError("--config and --no-config cannot be used together: leave one of them out");
  const output = new Output({ subject: "server", json: flags.json ?? false, onReaderGone: stop });
  const variable = process.env["SLIPSTREAM_LOG"];
  const log = await openLog({
    level: flags.logLevel,
    variable,
    subjects: SERVE_SUBJECTS,
    write: (line) => output.log(line),
  });
  const serverLog = log.getChild("server");
  using manager = ServiceManager.connect((text) => serverLog.warning(text));
  const variableKey = takeKeyVariable();
  const readOptions = async () => {
    const { preview, keyFile, ...options } = combine(flags, await readFile(flags.config, serverLog));
    const given = options.open ? [] : readKeys(keyFile, variableKey);
    return { options: { ...options, keys: [...options.keys, ...given] }, preview, given };
  };
  const { options, preview: wantsPreview, given } = await readOptions();
  await using trace = flags.trace === undefined ? null : await openTraceFile(flags.trace, "serve", serverLog, signal);
  await using server = await serve({ ...options, signal, log, trace, onEvent: (event) => output.event(event) });

  const hasFile = typeof flags.config === "string" || (flags.config !== false && existsSync(SETTINGS_FILE));
  const reload = async () => server.change((await readOptions()).options);
  reloadOnHangUp({ reload: hasFile ? reload : null, stop, log: serverLog, manager });
  signal.addEventListener("abort", () => manager?.tell({ STOPPING: "1" }));

  const first = server.report();
  const names = first.cameras?.map(({ name }) => name).join(", ") ?? first.source;
  const security = first.tls === null ? "" : ` with TLS (public key ${first.tls.fingerprint})`;
  serverLog.info(`serving ${names} on ${formatHostPort(server.host, server.port)}${security}`);
  // The lines are not logged, because they contain the first key.
  const lines = viewerLines(server, first.tls === null ? "slip" : "slips", {
    given: given.flatMap(({ name }) => (name === undefined ? [] : [name])),
  });
  for (const line of lines) output.say(line);
  for (const line of await webLines(server)) output.say(line);
  const intervalMs = (flags.reportInterval ?? DEFAULT_REPORT_SECONDS) * 1000;
  const floods = new FloodGarbage({ intervalMs });
  const report = () => {
    const present = server.report();
    floods.check(present.refusedBy);
    output.report(present, () => describeServing(present));
    manager?.tell({ STATUS: describeServing(present) });
  };
  manager?.tell({ READY: "1" });
  report();
  const reporting = setInterval(report, intervalMs);
  const address = ownAddress(server.host, server.port);
  const showsAll = options.cameras.length > 1;
  const preview = wantsPreview
    ? openPreview({
        address,
        showsAll,
        key: given[0]?.key ?? server.firstKey,
        signal,
        say: (text) => serverLog.warning(text),
      })
    : null;
  const last = await server.closed;
  clearInterval(reporting);
  await preview;
  output.final(last, `ended: ${last.frames} frames captured, ${last.encoded} encoded, ${last.dropped} dropped`);
});

/** Returns the key in the environment, and removes it: ffmpeg and other child processes must not get it. */
function takeKeyVariable(): string | undefined {
  const key = process.env["SLIPSTREAM_KEY"];
  delete process.env["SLIPSTREAM_KEY"];
  return key;
}

/**
 * Returns the keys from --key-file and the environment. Throws UsageError if the file is missing, or if other users can read it.
 */
function readKeys(keyFile: string | undefined, variable: string | undefined): KeyOptions[] {
  const may = RIGHTS; // these keys take the place of the first key, which has all rights
  const keys: KeyOptions[] = [];
  if (keyFile !== undefined) keys.push({ key: readKeyFile(keyFile), name: "key file", may });
  if (variable) keys.push({ key: variable, name: "SLIPSTREAM_KEY", may });
  return keys;
}

/** Reads the named settings file, or the one in the working directory. With false no file is read. */
async function readFile(named: string | false | undefined, log: Log): Promise<FileSettings> {
  if (named === false || (named === undefined && !existsSync(SETTINGS_FILE))) return {};
  const { readSettingsFile } = await import("../server/settings/settings-file.ts"); // few starts need the parser of TOML
  if (named === undefined) log.info(`reading settings from ./${SETTINGS_FILE}`);
  return readSettingsFile(named ?? SETTINGS_FILE);
}
