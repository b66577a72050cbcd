// Prints docs/options.md from the tables of settings.
//
// Usage: bun scripts/options-doc.ts     test/scripts/options-doc.test.ts fails while the page is out of date

import { join } from "node:path";
import { SERVE_SUBJECTS, VIEW_SUBJECTS } from "../src/cli/log.ts";
import { VIEW_SETTINGS } from "../src/cli/view-settings.ts";
import type { SettingEntry, SettingScope, SettingType } from "../src/core/setting-table.ts";
import { SERVE_SETTINGS, SETTINGS_FILE } from "../src/server/settings/table.ts";
import { PROGRAMS } from "./manual/programs.ts";

export const PAGE = join(import.meta.dir, "../docs/options.md");

const INTRODUCTION = `# Options

\`bun run docs\` makes this page from the tables of settings (src/server/settings/table.ts and src/cli/view-settings.ts). [usage.md](usage.md)
explains sources, keys, the settings file and exit codes.`;

const SERVE = `## bun run serve

\`bun run serve [options]\` serves live video. A key of ${SETTINGS_FILE} has the name of its flag without the dashes. The command
line has priority over the file.`;

const VIEW = `## bun run view

\`bun run view [options] [HOST[:PORT][/CAMERA]]\` shows the video of a server. Without an address it uses the server on this machine, or
a server that it finds on the network. Without a camera it shows the first one.`;

const LOG = `## The log

Lines have a level (\`debug\`, \`info\`, \`warning\`, \`error\`) and a subject: ${SERVE_SUBJECTS.map((name) => `\`${name}\``).join(", ")} for \`serve\`, and
${VIEW_SUBJECTS.map((name) => `\`${name}\``).join(", ")} for \`view\`. With several cameras the name of the camera follows the subject, for example \`capture:door\`. \`--log-level\` sets
the least important level that is printed. The variable \`SLIPSTREAM_LOG\` sets it for single subjects. An unknown subject gets a warning.

\`\`\`sh
SLIPSTREAM_LOG=deliver:debug,capture=warning bun run serve
\`\`\`

On a terminal a line has the time of day. In a service or a pipe it has an ISO time stamp, its level and its subject. With \`--json\` it
has only its text.`;

const PLACES: Readonly<Record<SettingScope, string>> = {
  server: "In the file: for the server.",
  cameras: "In the file: for all cameras, or for one under `[[cameras]]`.",
  camera: "In the file: under `[[cameras]]`.",
  program: "",
};

/** The whole page. */
export function optionsPage(): string {
  const serve = SERVE_SETTINGS.map((entry) => describe(entry, true));
  const view = VIEW_SETTINGS.map((entry) => describe(entry, false));
  return `${[INTRODUCTION, SERVE, ...serve, VIEW, ...view, ...otherPrograms(), LOG].join("\n\n")}\n`;
}

/** The sections of the programs whose page has no introduction of its own. */
function otherPrograms(): string[] {
  return PROGRAMS.filter(({ name }) => name !== "serve" && name !== "view").flatMap(
    ({ name, argument, settings, description }) => [
      `## bun run ${name}`,
      wrap(
        `\`bun run ${[name, "[options]", ...(argument ? [argument.shown] : [])].join(" ")}\`. ${description.join(" ")}`,
      ),
      ...settings.map((entry) => describe(entry, false)),
    ],
  );
}

function describe(entry: SettingEntry, hasFile: boolean): string {
  const { name, type, placeholder, isFileOnly, default: byDefault, help, negation, conflicts, needs } = entry;
  const flag = isFileOnly ? name : type.kind === "switch" ? `--${name}` : `--${name} <${placeholder}>`;
  const facts = [
    `${help[0]?.toUpperCase()}${help.slice(1)}.`,
    valuesOf(type),
    byDefault === undefined ? "" : `Default: ${byDefault}.`,
    negation === undefined ? "" : `\`--no-${name}\`: ${negation}.`,
    conflicts === undefined ? "" : `Not together with ${conflicts.map((other) => `\`--${other}\``).join(", ")}.`,
    needs === undefined ? "" : `Needs \`--${needs}\`.`,
    isFileOnly ? "There is no flag." : "",
    hasFile ? PLACES[entry.scope] : "",
  ];
  return `### \`${flag}\`\n\n${wrap(facts.filter(Boolean).join(" "))}`;
}

function valuesOf(type: SettingType): string {
  switch (type.kind) {
    case "choice":
      return `One of ${type.choices.map((choice) => `\`${choice}\``).join(", ")}.`;
    case "number":
    case "whole number": {
      const [from, to] = type.range;
      return `A ${type.kind} from ${from} to ${to}${type.or === undefined ? "" : `, or \`${type.or}\``}.`;
    }
    default:
      return "";
  }
}

const MOST_COLUMNS = 130;

/** Breaks a paragraph at spaces, but not inside code, and not before a number with a full stop, which Markdown would take for a list. */
function wrap(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(/ (?!\d+\.)(?=(?:[^`]*`[^`]*`)*[^`]*$)/)) {
    const longer = lines.length === 0 ? word : `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && longer.length <= MOST_COLUMNS) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines.join("\n");
}

if (import.meta.main) await Bun.write(PAGE, optionsPage());
