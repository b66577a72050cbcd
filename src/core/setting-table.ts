// The type of a table of settings. It has all facts about a setting for the command line, the settings file, --help and
// docs/options.md.

/** The type of a setting's value, with its limits. */
export type SettingType =
  /** `or` is a word that the user may write instead of the number. */
  | { kind: "number" | "whole number"; range: readonly [from: number, to: number]; or?: string }
  | { kind: "text" }
  | { kind: "choice"; choices: readonly string[] }
  /** A flag without a value on the command line, and `true` or `false` in a settings file. */
  | { kind: "switch" }
  /**
   * Text that `parse` converts. `parse` throws UsageError for wrong text. If a settings file may have a bare number here,
   * `number` says what it means.
   */
  | { kind: "parsed"; parse: (text: string) => unknown; number?: string };

/**
 * Where a setting is allowed:
 * - `server`: on the command line and in the first part of the settings file;
 * - `cameras`: on the command line, in the first part of the file, and under `[[cameras]]` for one camera;
 * - `camera`: on the command line and under `[[cameras]]`;
 * - `program`: on the command line only.
 */
export type SettingScope = "server" | "cameras" | "camera" | "program";

export interface SettingEntry {
  /** The name of the flag without its dashes, for example `max-latency`. The settings file uses the same name as a key. */
  name: string;
  scope: SettingScope;
  type: SettingType;
  /** The placeholder of the value in `--help`, for example `WxH`. Switches have no placeholder. */
  placeholder?: string;
  /** The flag may be given several times. */
  repeats?: true;
  /** The setting has no flag, only a key in the settings file. */
  isFileOnly?: true;
  /** The default, in words or as the value itself. Settings without a default leave it out. */
  default?: string | number;
  /** The description for `--help`: one line without a full stop. */
  help: string;
  /** The description of the flag `--no-NAME` for `--help`. Settings without this flag leave it out. */
  negation?: string;
  /** The names of the settings that cannot be used together with this one. */
  conflicts?: readonly string[];
  /** The name of the setting without which this one does nothing. The flag of this one needs that one, in a flag or in the file. */
  needs?: string;
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

/** The values of settings by their names in camel case (`maxLatency`). A setting that is not given is undefined or missing. */
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

/** Converts a setting's name to camel case: `max-latency` becomes `maxLatency`. */
export function camelCase(name: string): string {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
