// Makes commander's flags from a table of settings, with parsers for their values.

import { type Command, InvalidArgumentError, Option } from "commander";
import { UsageError } from "../core/errors.ts";
import type { SettingEntry, SettingType } from "../core/setting-table.ts";

/** Adds a flag for each setting. After that, `command.opts()` returns an object of type `ValuesOf` with the given flags only. */
export function addFlags(command: Command, table: readonly SettingEntry[]): Command {
  for (const entry of table) {
    if (entry.isFileOnly) continue;
    command.addOption(optionOf(entry));
    if (entry.negation !== undefined) command.addOption(new Option(`--no-${entry.name}`, entry.negation));
  }
  return command;
}

function optionOf({ name, type, placeholder, repeats, help, default: byDefault, conflicts }: SettingEntry): Option {
  // The default is only a text for the help. If commander knew it, it would look like a given flag, which has priority over the
  // settings file.
  const description = byDefault === undefined ? help : `${help} (default: ${byDefault})`;
  const option = new Option(type.kind === "switch" ? `--${name}` : `--${name} <${placeholder}>`, description);
  if (conflicts !== undefined) option.conflicts([...conflicts]);
  if (type.kind === "switch") return option;
  if (type.kind === "choice") return option.choices(type.choices);
  const read = readerOf(type);
  if (!repeats) return option.argParser<unknown>((text) => read(text));
  return option.argParser<unknown[]>((text, before = []) => [...before, read(text)]);
}

function readerOf(type: Exclude<SettingType, { kind: "switch" | "choice" }>): (text: string) => unknown {
  switch (type.kind) {
    case "text":
      return (text) => text;
    case "parsed":
      return parsed(type.parse);
    default: {
      const read = type.kind === "number" ? number(...type.range) : wholeNumber(...type.range);
      return (text) => (text === type.or ? text : read(text));
    }
  }
}

/** Returns a parser for a whole number in a range. Its error names the range. */
export function wholeNumber(from: number, to: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < from || value > to) {
      throw new InvalidArgumentError(`It must be a whole number from ${from} to ${to}.`);
    }
    return value;
  };
}

/** Returns a parser for a number in a range, with or without a fraction. */
export function number(from: number, to: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !(value >= from && value <= to)) {
      throw new InvalidArgumentError(`It must be a number from ${from} to ${to}.`);
    }
    return value;
  };
}

/** Returns a parser that reports a UsageError of `parse` as an error of its flag. */
export function parsed<Value>(parse: (text: string) => Value): (text: string) => Value {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      if (error instanceof UsageError) throw new InvalidArgumentError(`${error.message}.`);
      throw error;
    }
  };
}
