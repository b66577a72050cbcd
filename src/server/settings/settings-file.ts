// slipstream.toml: reads and checks the settings file; an error names the line and the key.

import { readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { closestMatch } from "leven";
import { getStaticTOMLValue, ParseError, parseTOML } from "toml-eslint-parser";
import * as v from "valibot";
import { SETTING_NAME } from "../../capture/control-values.ts";
import { UsageError } from "../../core/errors.ts";
import { explainFileError } from "../../core/file-errors.ts";
import { camelCase, type SettingEntry, type SettingScope, type SettingType } from "../../core/setting-table.ts";
import { MAX_CAMERAS } from "../../protocol/wire.ts";
import type { CameraSettings, FileSettings } from "./settings.ts";
import { SERVE_SETTINGS, SETTINGS_FILE } from "./table.ts";
import { type Key, lineOfError, locateKeys } from "./toml-lines.ts";

const text = v.pipe(v.string("must be text"), v.nonEmpty("must not be empty"));

/** Text that `parse` reads. The message of its UsageError becomes the message of the issue. */
const parsedBy = (parse: (text: string) => unknown) =>
  v.pipe(
    text,
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      try {
        return parse(dataset.value);
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        addIssue({ message: error.message });
        return NEVER;
      }
    }),
  );

function numberSchema({ kind, range: [from, to], or }: Extract<SettingType, { range: unknown }>) {
  const message = `must be a ${kind} from ${from} to ${to}`;
  const isNumber = kind === "number" ? (value: unknown) => typeof value === "number" : Number.isInteger;
  const inRange = v.custom<number>(
    (value) => isNumber(value) && (value as number) >= from && (value as number) <= to,
    message,
  );
  return or === undefined ? inRange : v.union([inRange, v.literal(or)], `${message}, or ${JSON.stringify(or)}`);
}

/** When all choices are digits, a number is taken as well. */
function choiceSchema(choices: readonly string[]) {
  const one = v.picklist(choices, `must be one of ${choices.map((name) => JSON.stringify(name)).join(", ")}`);
  if (!choices.every((name) => /^\d+$/.test(name))) return one;
  return v.pipe(
    v.unknown(),
    v.transform((value) => (typeof value === "number" ? String(value) : value)),
    one,
  );
}

function schemaOf(type: SettingType): v.GenericSchema {
  switch (type.kind) {
    case "text":
      return text;
    case "switch":
      return v.boolean("must be true or false");
    case "choice":
      return choiceSchema(type.choices);
    case "parsed":
      if (type.number === undefined) return parsedBy(type.parse);
      return v.pipe(
        v.union([v.string(), v.number()], `must be ${type.number}`),
        v.transform(String),
        parsedBy(type.parse),
      );
    default:
      return numberSchema(type);
  }
}

/** A table. In JavaScript arrays and dates are objects too, so the kind of object is checked. */
const tableAs = (example: string) =>
  v.custom<Record<string, unknown>>(
    (value) => Object.prototype.toString.call(value) === "[object Object]",
    `must be a table, as ${example}`,
  );

/** On the command line `--set` is NAME=VALUE; in a file `set` is a table of names and values. */
const CONTROLS = v.pipe(
  tableAs("{ brightness = 128 }"),
  v.record(
    v.pipe(v.string(), v.regex(SETTING_NAME, "is no setting's name: write it as 'bun run cameras --controls' does")),
    v.pipe(
      v.union([v.number(), v.boolean(), v.string()], "must be a number, true, false or text"),
      v.transform((value) => String(value).trim()),
      v.nonEmpty("must not be empty"),
    ),
  ),
  v.transform((settings) => Object.entries(settings).map(([name, value]) => ({ name, value }))),
);

/** The keys of a table of the file: all settings that may stand there. */
function keysOf(...scopes: SettingScope[]): Record<string, v.GenericSchema> {
  const entries: readonly SettingEntry[] = SERVE_SETTINGS;
  const allowed = entries.filter(({ scope }) => scopes.includes(scope));
  return Object.fromEntries(
    allowed.map(({ name, type }) => {
      if (name === "source") return [name, text];
      return [name, v.optional(name === "set" ? CONTROLS : schemaOf(type))];
    }),
  );
}

const CAMERA = v.strictObject(keysOf("camera", "cameras"));

const FILE = v.strictObject({
  ...keysOf("server", "cameras"),
  cameras: v.optional(
    v.pipe(
      v.array(CAMERA, "must be tables: write [[cameras]] before each camera's settings"),
      v.minLength(1, "must be at least one"),
      v.maxLength(MAX_CAMERAS, `must be ${MAX_CAMERAS} at most`),
    ),
  ),
});

/** A key with more wrong letters is another word; commander allows as many for flags. */
const MOST_WRONG = 3;

/** Reads and checks a settings file. Throws UsageError with file, line and key. */
export function readSettingsFile(path: string): FileSettings {
  let source: string;
  try {
    source = readFileSync(path, "utf8");
  } catch (cause) {
    throw new UsageError(`cannot read ${path}: ${explainFileError(cause, UNREADABLE)}`);
  }
  return parseSettings(source, basename(path), dirname(path));
}

const UNREADABLE = { EISDIR: `it is a folder; name the file in it, as ${SETTINGS_FILE}` };

/**
 * Reads the text of a settings file. `file` is its name, for errors. Paths in it count from `folder`. Throws UsageError with file, line
 * and key.
 */
export function parseSettings(source: string, file: string, folder = "."): FileSettings {
  const toml = source.replace(/^\ufeff/, ""); // some editors write a byte order mark
  let tree: ReturnType<typeof parseTOML>;
  try {
    tree = parseTOML(toml);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    throw new UsageError(`${file}:${lineOfError(toml, error)}: this is not TOML: ${error.message}`);
  }
  const { lineOf, paths } = locateKeys(tree);
  const locate = (path: readonly Key[]) => `${file}:${lineOf(path)}: ${formatKeys(path)}`;
  const refuse = (path: readonly Key[], message: string): never => {
    throw new UsageError(`${locate(path)}: ${message}`);
  };
  // Keys such as `__proto__` would be lost in a JavaScript object, so they are refused here.
  const hidden = paths.find((path) => KEYS_OF_OBJECTS.includes(path.at(-1) as Key));
  if (hidden !== undefined) return refuse(hidden, "there is no such setting");
  const result = v.safeParse(FILE, getStaticTOMLValue(tree));
  if (!result.success) {
    const [issue] = result.issues;
    return refuse(issue.path?.map(({ key }) => key as Key) ?? [], describe(issue));
  }
  const { cameras: tables, ...settings } = inCamelCase(result.output) as FileSettings & { cameras?: object[] };
  const cameras = tables?.map((table, index): CameraSettings => {
    const camera = inCamelCase(table) as unknown as CameraSettings;
    return {
      ...camera,
      set: camera.set?.map((setting) => ({
        ...setting,
        writtenAt: locate(["cameras", index, "set", setting.name]),
      })),
      folder,
      writtenAt: locate(["cameras", index, "source"]),
    };
  });
  const names = cameras?.map(({ name }) => name) ?? [];
  for (const [index, name] of names.entries()) {
    if (name !== undefined && names.indexOf(name) < index) {
      refuse(["cameras", index, "name"], `'${name}' is another camera's name already`);
    }
  }
  return { ...settings, cameras };
}

function inCamelCase(table: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(table).map(([key, value]) => [camelCase(key), value]));
}

/** The text of an issue. For unknown and missing keys the schema speaks of types; these texts speak of the file. */
function describe(issue: v.BaseIssue<unknown>): string {
  if (issue.type !== "strict_object") return issue.message;
  if (issue.expected === "never") {
    const ofCamera = Object.keys(CAMERA.entries);
    const ofServer = Object.keys(FILE.entries);
    const [keys, others] = isInCamera(issue) ? [ofCamera, ofServer] : [ofServer, ofCamera];
    const key = String(issue.path?.at(-1)?.key);
    if (others.includes(key)) {
      return isInCamera(issue) ? "belongs before the first [[cameras]]: it is for all" : "belongs under [[cameras]]";
    }
    const meant = closestMatch(key, keys, { maxDistance: Math.min(MOST_WRONG, key.length >> 1) });
    return `there is no such setting; ${meant === undefined ? `there are ${keys.join(", ")}` : `did you mean ${meant}?`}`;
  }
  if (issue.received === "undefined") return "is missing";
  return "must be a table";
}

function isInCamera({ path }: v.BaseIssue<unknown>): boolean {
  return path !== undefined && path.length > 1;
}

const KEYS_OF_OBJECTS: readonly Key[] = ["__proto__", "constructor", "prototype"];

/** `cameras[1].fps` */
function formatKeys(path: readonly Key[]): string {
  return path
    .map((key, index) => (typeof key === "number" ? `[${key}]` : index === 0 ? formatKey(key) : `.${formatKey(key)}`))
    .join("");
}

function formatKey(key: string): string {
  return /^[\w-]+$/.test(key) ? key : JSON.stringify(key);
}
