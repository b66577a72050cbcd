// `bun run clip`: saves the last seconds of a camera as a file.

import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { Argument, Command } from "commander";
import { type Link, parseLink } from "../client/connect/address.ts";
import { receiveClip } from "../client/connect/ask.ts";
import { KnownServersFile } from "../client/connect/known-servers.ts";
import { UsageError } from "../core/errors.ts";
import { explainFileError } from "../core/file-errors.ts";
import { VERSION } from "../core/version.ts";
import { stateFolder } from "../state/folder.ts";
import { CLIP_SETTINGS, type ClipFlags, parseClipSeconds } from "./clip-settings.ts";
import { addFlags, parsed } from "./flags.ts";
import { openLog, VIEW_SUBJECTS } from "./log.ts";
import { Output } from "./output.ts";
import { asProgram, runMain } from "./program.ts";
import { openTerminal } from "./terminal-question.ts";
import { KEY_VARIABLE, openAccess } from "./viewer-access.ts";

const command = addFlags(asProgram(new Command("bun run clip"), VERSION), CLIP_SETTINGS)
  .description("Saves the last seconds of a camera as a Matroska file, from the memory of a server (serve --past 30s).")
  .addArgument(new Argument("<host[:port][/camera] or link>", "the server and its camera").argParser(parsed(parseLink)))
  .addArgument(new Argument("<length>", "for example 30s or 2m").argParser(parsed(parseClipSeconds)))
  .argument("<file>", "the new file, for example out.mkv");

await runMain(async (signal, { stop }) => {
  command.parse();
  const [link, seconds, path]: [Link, number, string] = command.processedArgs as [Link, number, string];
  const { keyFile, tlsCa }: ClipFlags = command.opts();
  const output = new Output({ subject: "viewer", json: false, onReaderGone: stop });
  const log = await openLog({
    level: undefined,
    variable: process.env["SLIPSTREAM_LOG"],
    subjects: VIEW_SUBJECTS,
    write: (line) => output.log(line),
  });
  const interrupt = () => process.kill(process.pid, "SIGINT");
  const terminal = openTerminal(process.stdin, process.stderr, signal, interrupt);
  await using access = await openAccess({
    link,
    announced: null,
    keyFile,
    variable: process.env[KEY_VARIABLE],
    knownServers: new KnownServersFile(stateFolder()),
    tlsCa,
    ask: terminal && ((question) => output.whileAsked(() => terminal.askSecret(question))),
    say: (text) => log.getChild("viewer").info(text),
  });
  const file = create(path);
  let bytes = 0;
  try {
    const write = (part: Uint8Array) => {
      bytes += part.length;
      for (let at = 0; at < part.length;) at += writeSync(file, part, at);
    };
    await receiveClip({ address: link.address, access }, seconds, write, signal);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
  await output.answer({ file: path, bytes }, `${path}: ${(bytes / 1e6).toFixed(1)} MB`, signal);
});

/** Makes a file. No file is overwritten. */
function create(path: string): number {
  try {
    return openSync(path, "wx");
  } catch (error) {
    throw new UsageError(
      `cannot make ${path}: ${explainFileError(error, { EEXIST: "there is a file of this name already" })}`,
    );
  }
}
