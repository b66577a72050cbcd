// Makes the completions of shells from the tables of settings: the programs, their flags, and the values of flags.

import type { SettingEntry } from "../../src/core/setting-table.ts";
import { PROGRAMS, type ProgramEntry } from "./programs.ts";

/** What a shell offers for the value of a flag: words, files of a pattern, or nothing. */
type Offer = { words: readonly string[]; files: "all" | "devices" | "none" };

/** A flag as the shells see it. A flag without a value has no offer. */
interface Flag {
  flag: string;
  help: string;
  repeats: boolean;
  offer: Offer | null;
}

const OFFERS: Readonly<Record<string, Offer>> = {
  source: { words: ["auto", "pattern", "webcam", "screen"], files: "all" },
  device: { words: [], files: "devices" },
  to: { words: [], files: "devices" },
};

/** The first words after `slipstream`, with those of the programs that have two. */
function firstWords(): { word: string; summary: string; rest: ProgramEntry[] }[] {
  const words = [...new Set(PROGRAMS.map(({ name }) => name.split(" ")[0] as string))];
  return words.map((word) => {
    const rest = PROGRAMS.filter(({ name }) => name.startsWith(`${word} `));
    const summary =
      PROGRAMS.find(({ name }) => name === word)?.summary ?? `${rest.map(({ name }) => name.split(" ")[1]).join(", ")}`;
    return { word, summary, rest };
  });
}

function flagsOf({ settings }: ProgramEntry): Flag[] {
  const flags = settings.filter(({ isFileOnly }) => !isFileOnly).flatMap(flagsOfSetting);
  return [...flags, { flag: "--help", help: "print the help and exit", repeats: false, offer: null }];
}

function flagsOfSetting({ name, help, type, placeholder, repeats, negation }: SettingEntry): Flag[] {
  const files = placeholder === "file" ? "all" : "none";
  const words = type.kind === "choice" ? type.choices : "or" in type && type.or !== undefined ? [type.or] : [];
  const offer = type.kind === "switch" ? null : (OFFERS[name] ?? { words, files });
  const installed = help.replaceAll("bun run ", "slipstream ");
  const flag: Flag = { flag: `--${name}`, help: installed, repeats: repeats === true, offer };
  if (negation === undefined) return [flag];
  return [flag, { flag: `--no-${name}`, help: negation, repeats: false, offer: null }];
}

/** The completions of bash (bash(1), Programmable Completion). */
export function bashCompletions(): string {
  const first = firstWords();
  const second = first.filter(({ rest }) => rest.length > 0);
  const flagCases = PROGRAMS.map(
    (program) =>
      `    ${shellName(program.name)}) flags="${flagsOf(program)
        .map(({ flag }) => flag)
        .join(" ")}" ;;`,
  );
  const valueCases = PROGRAMS.flatMap((program) =>
    flagsOf(program).flatMap(({ flag, offer }) =>
      offer === null ? [] : [`    "${program.name} ${flag}") ${bashOffer(offer)} ;;`],
    ),
  );
  return `# Completions of slipstream for bash, made from the tables of settings.

_slipstream() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD - 1]}" program="\${COMP_WORDS[1]}" flags=""
  # Bash divides --codec=simd into three words.
  if [[ $current == "=" ]]; then current=""
  elif [[ $previous == "=" ]]; then previous="\${COMP_WORDS[COMP_CWORD - 2]}"
  fi
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W "${first.map(({ word }) => word).join(" ")} --help --version" -- "$current"))
    return
  fi
${second
  .map(
    ({ word, rest }) => `  if [[ $program == ${word} ]]; then
    if ((COMP_CWORD == 2)); then
      COMPREPLY=($(compgen -W "${rest.map(({ name }) => name.split(" ")[1]).join(" ")} --help" -- "$current"))
      return
    fi
    program="${word} \${COMP_WORDS[2]}"
  fi`,
  )
  .join("\n")}
  case "$program $previous" in
${valueCases.join("\n")}
  esac
  case "$program" in
${flagCases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$flags" -- "$current"))
}

_slipstream_offer() {
  local current="$1" files="$2"
  shift 2
  COMPREPLY=($(compgen -W "$*" -- "$current"))
  case "$files" in
    all) compopt -o filenames; COMPREPLY+=($(compgen -f -- "$current")) ;;
    devices) COMPREPLY+=($(compgen -G "/dev/video*" | grep "^$current")) ;;
  esac
}

complete -F _slipstream slipstream
`;
}

function bashOffer({ words, files }: Offer): string {
  return `_slipstream_offer "$current" ${[files, ...words].join(" ")}; return`;
}

/** Returns a name as a pattern of \`case\`. */
function shellName(name: string): string {
  return name.includes(" ") ? `"${name}"` : name;
}

/** The completions of zsh (zshcompsys(1)). */
export function zshCompletions(): string {
  const first = firstWords();
  const describe = (pairs: readonly (readonly [string, string])[]) =>
    pairs.map(([word, help]) => `    ${zshQuoted(`${word}:${help}`)}`).join("\n");
  const functions = PROGRAMS.map((program) => {
    const flags = flagsOf(program).map((flag) => `    ${zshFlag(flag)} \\`);
    return `_slipstream_${program.name.replaceAll(" ", "_")}() {\n  _arguments \\\n${flags.join("\n")}\n    '*: :_default'\n}`;
  });
  const nested = first
    .filter(({ rest }) => rest.length > 0)
    .map(
      ({ word, rest }) => `_slipstream_${word}() {
  local -a programs=(
${describe(rest.map(({ name, summary }) => [name.split(" ")[1] as string, summary]))}
  )
  if ((CURRENT == 2)); then _describe program programs
  else
    local name="$words[2]"
    shift words; ((CURRENT--))
    (($+functions[_slipstream_${word}_$name])) && _slipstream_${word}_$name
  fi
}`,
    );
  return `#compdef slipstream
# Completions of slipstream for zsh, made from the tables of settings.

${[...functions, ...nested].join("\n\n")}

_slipstream() {
  local -a programs=(
${describe(first.map(({ word, summary }) => [word, summary]))}
  )
  if ((CURRENT == 2)); then _describe program programs
  else
    local name="$words[2]"
    shift words; ((CURRENT--))
    (($+functions[_slipstream_$name])) && _slipstream_$name
  fi
}

_slipstream "$@"
`;
}

function zshFlag({ flag, help, repeats, offer }: Flag): string {
  const text = help.replace(/[[\]:\\]/g, (character) => `\\${character}`);
  const head = `${repeats ? "*" : ""}${flag}${offer === null ? "" : "="}[${text}]`;
  return zshQuoted(offer === null ? head : `${head}:value:${zshOffer(offer)}`);
}

function zshOffer({ words, files }: Offer): string {
  if (files === "devices") return "_files -g '/dev/video*'";
  if (files === "all")
    return words.length > 0 ? `_alternative "words:word:(${words.join(" ")})" "files:file:_files"` : "_files";
  return words.length > 0 ? `(${words.join(" ")})` : " ";
}

function zshQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** The completions of fish (fish's manual, complete). */
export function fishCompletions(): string {
  const lines = [
    "# Completions of slipstream for fish, made from the tables of settings.",
    "complete -c slipstream -f",
  ];
  const offer = (condition: string, word: string, help: string) =>
    lines.push(`complete -c slipstream -n ${fishQuoted(condition)} -a ${word} -d ${fishQuoted(help)}`);
  const first = firstWords();
  for (const { word, summary, rest } of first) {
    offer("__fish_use_subcommand", word, summary);
    const names = rest.map(({ name }) => name.split(" ")[1] as string);
    const isOpen = `__fish_seen_subcommand_from ${word}; and not __fish_seen_subcommand_from ${names.join(" ")}`;
    for (const { name, summary: help } of rest) offer(isOpen, name.split(" ")[1] as string, help);
  }
  for (const program of PROGRAMS) {
    const condition = program.name
      .split(" ")
      .map((word) => `__fish_seen_subcommand_from ${word}`)
      .join("; and ");
    for (const flag of flagsOf(program)) lines.push(fishFlag(condition, flag));
  }
  return `${lines.join("\n")}\n`;
}

function fishFlag(condition: string, { flag, help, offer }: Flag): string {
  const head = `complete -c slipstream -n ${fishQuoted(condition)} -l ${flag.slice(2)} -d ${fishQuoted(help)}`;
  if (offer === null) return head;
  const words =
    offer.files === "devices"
      ? " -a '(ls /dev/video* 2>/dev/null)'"
      : offer.words.length > 0
        ? ` -a ${fishQuoted(offer.words.join(" "))}`
        : "";
  return `${head} ${offer.files === "all" ? "-rF" : "-x"}${words}`;
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
