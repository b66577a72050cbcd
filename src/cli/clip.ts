// `bun run clip`: saves the last seconds of a camera as a file.

import { Argument, Command } from "commander";
import { type Link, parseLink } from "../connect/address.ts";
import { KnownServersFile } from "../connect/known-servers.ts";
import { saveClip } from "../client/save/clip.ts";
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
  const bytes = await saveClip({ address: link.address, access }, seconds, path, signal);
  await output.answer({ file: path, bytes }, `${path}: ${(bytes / 1e6).toFixed(1)} MB`, signal);
});
