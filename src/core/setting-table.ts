// A table of settings: all that the command line, the settings file, --help and docs/options.md say about each setting.

/** What a value may be. */
export type SettingType =
  /** `or` is a word that may stand in place of the number. */
  | { kind: "number" | "whole number"; range: readonly [from: number, to: number]; or?: string }
  | { kind: "text" }
  | { kind: "choice"; choices: readonly string[] }
  /** Present or not; `true` or `false` in a file. */
  | { kind: "switch" }
  /** Text that `parse` reads; it throws UsageError. `number` says what a bare number in a file means, if it may be one. */
  | { kind: "parsed"; parse: (text: string) => unknown; number?: string };

/**
 * Where a setting may stand. `server`: on the command line and in the first part of the settings file. `cameras`: also under
 * `[[cameras]]`, for one camera. `camera`: under `[[cameras]]` only, and on the command line. `program`: on the command line only.
 */
export type SettingScope = "server" | "cameras" | "camera" | "program";

export interface SettingEntry {
  /** As a flag without its dashes, which is also the key in the settings file: `max-latency`. */
  name: string;
  scope: SettingScope;
  type: SettingType;
  /** Stands for the value in `--help`: `WxH`. Left out for switches. */
  placeholder?: string;
  /** May be given several times. */
  repeats?: true;
  /** There is no flag, only a key. */
  isFileOnly?: true;
  /** What holds when nothing is said, in words or as the value itself. Left out when nothing holds. */
  default?: string | number;
  /** One line for `--help`, without a full stop. */
  help: string;
  /** There is a flag `--no-NAME` as well; its line for `--help`. */
  negation?: string;
  /** Names of settings that cannot be given together with this one. */
  conflicts?: readonly string[];
}

/** The type of a setting's value. */
export type ValueOf<Type extends SettingType> = Type extends { kind: "switch" }
  ? boolean
  : Type extends { kind: "choice"; choices: readonly (infer Choice)[] }
    ? Choice
    : Type extends { kind: "parsed"; parse: (text: string) => infer Value }
      ? Value
      : Type extends { kind: "text" }
        ? string
        : Type extends { or: infer Word }
          ? number | Word
          : number;

/** The values of settings by their names in camel case (`maxLatency`); what is not given is left out or undefined. */
export type ValuesOf<Entry extends SettingEntry> = {
  [Each in Entry as CamelCase<Each["name"]>]?: FlagValue<Each> | undefined;
};

type FlagValue<Entry extends SettingEntry> = Entry extends { repeats: true }
  ? ValueOf<Entry["type"]>[]
  : Entry extends { negation: string }
    ? ValueOf<Entry["type"]> | false
    : ValueOf<Entry["type"]>;

type CamelCase<Name extends string> = Name extends `${infer Head}-${infer Rest}`
  ? `${Head}${Capitalize<CamelCase<Rest>>}`
  : Name;

/** `max-latency` becomes `maxLatency`. */
export function camelCase(name: string): string {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
