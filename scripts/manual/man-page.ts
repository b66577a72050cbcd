// Makes manual pages (man(7)) from the tables of settings.

import type { SettingEntry, SettingType } from "../../src/core/setting-table.ts";
import { VERSION } from "../../src/core/version.ts";
import { SERVE_SETTINGS, SETTINGS_FILE } from "../../src/server/settings/table.ts";
import { PROGRAMS, type ProgramEntry } from "./programs.ts";

/** One page: its file name, for example `slipstream-serve.1`, and its text. */
export interface Page {
  file: string;
  text: string;
}

/** Makes all pages. `date` has the form 2026-11-29. */
export function manualPages(date: string): Page[] {
  return [overview(date), ...PROGRAMS.map((program) => programPage(program, date)), settingsPage(date)];
}

function overview(date: string): Page {
  return page("slipstream", 1, date, [
    ...section("NAME", `slipstream ${DASH} live video over TCP: what you see is what the camera sees now`),
    ...section("SYNOPSIS", ".B slipstream", ".I program", "[options]"),
    ...section(
      "DESCRIPTION",
      roff(
        "Slipstream streams live video, without audio, from a camera, a screen or a file to windows, browsers, files and programs on other machines. Every viewer measures and shows its latency.",
      ),
    ),
    ...section(
      "PROGRAMS",
      ...PROGRAMS.flatMap(({ name, summary }) => [".TP", `.BR ${pageName(name)} (1)`, `${roff(sentence(summary))}`]),
    ),
    ...section(
      "FILES",
      ...definition("/etc/slipstream/slipstream.toml", "The settings of the service of the Debian package."),
      ...definition("~/.local/state/slipstream", "Keys and certificates of a user's servers and viewers."),
      ...definition("/var/lib/slipstream", "Those of the service."),
    ),
    ...environment(),
    ...exitStatus(),
    ...seeAlso([...PROGRAMS.map(({ name }) => `${pageName(name)}(1)`), `${SETTINGS_FILE}(5)`]),
  ]);
}

function programPage({ name, summary, argument, settings, description }: ProgramEntry, date: string): Page {
  const flags = settings.filter(({ isFileOnly }) => !isFileOnly);
  return page(pageName(name), 1, date, [
    ...section("NAME", `${pageName(name)} ${DASH} ${roff(summary)}`),
    ...section("SYNOPSIS", `.B slipstream ${name}`, "[options]", ...(argument ? [`.I ${roff(argument.shown)}`] : [])),
    ...section("DESCRIPTION", ...description.flatMap((text, at) => (at === 0 ? [roff(text)] : [".PP", roff(text)]))),
    ...section(
      "OPTIONS",
      ...(argument ? definition(argument.shown, argument.help) : []),
      ...flags.flatMap(flagLines),
      ...definition("-h, --help", "Print the help and exit."),
      ...definition("-v, --version", "Print the version and exit."),
    ),
    ...environment(),
    ...exitStatus(),
    ...seeAlso(["slipstream(1)", ...(name === "serve" ? [`${SETTINGS_FILE}(5)`] : [])]),
  ]);
}

function settingsPage(date: string): Page {
  const entries: readonly SettingEntry[] = SERVE_SETTINGS;
  const of = (...scopes: SettingEntry["scope"][]) => entries.filter(({ scope }) => scopes.includes(scope));
  const keys = (settings: readonly SettingEntry[]) =>
    settings.flatMap((entry) => definition(entry.name, factsOf(entry)));
  return page(SETTINGS_FILE, 5, date, [
    ...section("NAME", `${SETTINGS_FILE} ${DASH} settings of slipstream serve`),
    ...section(
      "DESCRIPTION",
      roff(
        `The file is TOML. slipstream serve reads ./${SETTINGS_FILE}, or the file that --config names. The command line has priority over the file. Relative paths count from the folder of the file. A setting that may be repeated on the command line is a list here.`,
      ),
    ),
    ...section("SETTINGS OF THE SERVER", ...keys(of("server"))),
    ...section(
      "SETTINGS OF ALL CAMERAS",
      roff("These stand before the first [[cameras]], and under [[cameras]] for one camera."),
      ...keys(of("cameras")),
    ),
    ...section(
      "SETTINGS OF ONE CAMERA",
      roff("These stand under [[cameras]]. Each [[cameras]] is one camera."),
      ...keys(of("camera")),
    ),
    ...section(
      "KEYS",
      roff("Each [[keys]] is a key of viewers. 'slipstream key add NAME --settings' prints one."),
      ...definition("name", "The name for the log."),
      ...definition("hash", "The hash of the key."),
      ...definition("may", 'The rights: ["view"] or ["view", "control"].'),
      ...definition("cameras", "The names of the cameras that viewers with this key see. Default: all."),
    ),
    ...section("EXAMPLE", ".nf", ...EXAMPLE.map(roff), ".fi"),
    ...seeAlso(["slipstream\\-serve(1)", "slipstream\\-key\\-add(1)"]),
  ]);
}

const EXAMPLE = [
  'host = "0.0.0.0"',
  "",
  "[[cameras]]",
  'name = "door"',
  'source = "/dev/video0"',
  'size = "1280x720"',
  "fps = 30",
];

/** Between the name and the description of a page. */
const DASH = "\\-";

/** The name of a program's page: `key add` has the page `slipstream-key-add`. */
function pageName(program: string): string {
  return `slipstream-${program.replaceAll(" ", "-")}`;
}

function page(name: string, chapter: 1 | 5, date: string, lines: readonly string[]): Page {
  const title = `.TH ${roff(name.toUpperCase())} ${chapter} ${date} "slipstream ${VERSION}" Slipstream`;
  return { file: `${name}.${chapter}`, text: `${[title, ...lines].join("\n")}\n` };
}

function section(title: string, ...lines: string[]): string[] {
  return [`.SH ${title.includes(" ") ? `"${title}"` : title}`, ...lines];
}

function definition(term: string, text: string): string[] {
  return [".TP", `.B ${roff(term)}`, roff(text)];
}

function flagLines(entry: SettingEntry): string[] {
  const { name, placeholder, negation } = entry;
  const flag = roff(`--${name}`);
  const head = placeholder === undefined ? `.B ${flag}` : `.BI "${flag} " ${roff(placeholder)}`;
  return [
    ...[".TP", head, roff(factsOf(entry))],
    ...(negation === undefined ? [] : definition(`--no-${name}`, sentence(negation))),
  ];
}

/** Returns the help, values and default of a setting as sentences, with the commands as an installed program has them. */
function factsOf({ help, type, default: byDefault, conflicts, needs }: SettingEntry): string {
  const facts = [
    sentence(help),
    valuesOf(type),
    byDefault === undefined ? "" : `Default: ${byDefault}.`,
    conflicts === undefined ? "" : `Not together with ${conflicts.map((other) => `--${other}`).join(", ")}.`,
    needs === undefined ? "" : `Needs --${needs}.`,
  ];
  return facts.filter(Boolean).join(" ").replaceAll("bun run ", "slipstream ");
}

function valuesOf(type: SettingType): string {
  if (type.kind === "choice") return `One of ${type.choices.join(", ")}.`;
  if (type.kind !== "number" && type.kind !== "whole number") return "";
  const [from, to] = type.range;
  return `A ${type.kind} from ${from} to ${to}${type.or === undefined ? "" : `, or ${type.or}`}.`;
}

function sentence(text: string): string {
  return `${text[0]?.toUpperCase()}${text.slice(1)}.`;
}

function environment(): string[] {
  return section(
    "ENVIRONMENT",
    ...definition("SLIPSTREAM_KEY", "The key of the server."),
    ...definition("SLIPSTREAM_LOG", "Levels of the log by subject, for example deliver:debug,capture=warning."),
    ...definition("XDG_STATE_HOME", "The folder whose subfolder slipstream has keys and certificates."),
  );
}

function exitStatus(): string[] {
  return section(
    "EXIT STATUS",
    roff("0 the program ended as it should, 1 something stopped it, 2 wrong use, 130 a second Ctrl-C."),
  );
}

function seeAlso(pages: readonly string[]): string[] {
  const references = pages.map((each, at) => {
    const [, name, chapter] = /^(.*)(\(\d\))$/.exec(each) as unknown as [string, string, string];
    return `.BR ${name} ${chapter}${at === pages.length - 1 ? "" : " ,"}`;
  });
  return section("SEE ALSO", ...references.map((line) => line.replace(" ,", ",")));
}

/** Escapes text for roff (groff(7)): backslashes, minus signs, characters outside ASCII, and a dot or quote at the start of a line. */
function roff(text: string): string {
  const escaped = text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replace(
      /[^\n -~]/gu,
      (character) => `\\[u${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}]`,
    );
  return escaped.replace(/^(?=[.'])/gm, "\\&");
}
