// Reads and checks the settings file slipstream.toml. Errors name the line and the key.

import { readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { closestMatch } from "leven";
import { getStaticTOMLValue, ParseError, parseTOML } from "toml-eslint-parser";
import * as v from "valibot";
import { messageOf, UsageError } from "../../core/errors.ts";
import { explainFileError } from "../../core/file-errors.ts";
import { camelCase } from "../../core/setting-table.ts";
import { withoutKeys } from "../../core/shown-key.ts";
import { shownSource } from "../../core/shown-address.ts";
import { checkProgram } from "./output-values.ts";
import type { CameraSettings, FileSettings } from "./settings.ts";
import { CAMERA, FILE } from "./settings-schema.ts";
import { SETTINGS_FILE } from "./table.ts";
import { lineTooDeep, MAX_FILE_BYTES } from "./toml-limits.ts";
import { type Key, lineOfError, locateKeys } from "./toml-lines.ts";
import { ZONE_KEYS } from "./zone-values.ts";

/**
 * The largest edit distance between a wrong key and the key that is suggested instead. commander uses the same limit for flags.
 */
const MOST_WRONG = 3;

/** Reads and checks a settings file. Throws UsageError with file, line and key. */
export function readSettingsFile(path: string): FileSettings {
  let source: string;
  try {
    const { size, isFile } = describeFile(path);
    // Reading a pipe would block the program, so that it could not handle signals.
    if (!isFile) throw new UsageError(`cannot read ${path}: it is not a regular file`);
    if (size > MAX_FILE_BYTES)
      throw new UsageError(`cannot read ${path}: it has ${size} bytes, more than ${MAX_FILE_BYTES}`);
    source = readFileSync(path, "utf8");
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new UsageError(`cannot read ${path}: ${explainFileError(cause, UNREADABLE)}`);
  }
  return parseSettings(source, path, dirname(path));
}

function describeFile(path: string): { size: number; isFile: boolean } {
  const file = statSync(path);
  // A folder passes this check, because the attempt to read it gives a better error.
  return { size: file.size, isFile: file.isFile() || file.isDirectory() };
}

const UNREADABLE = { EISDIR: `it is a folder: name a file in it, for example ${SETTINGS_FILE}` };

/**
 * Reads the text of a settings file. `file` is its path for error messages. Relative paths in the file start at `folder`. Throws
 * UsageError with file, line and key.
 */
export function parseSettings(source: string, file: string, folder = "."): FileSettings {
  const toml = source.replace(/^\ufeff/, ""); // Some editors write a byte order mark.
  const deepLine = lineTooDeep(toml);
  if (deepLine !== null) throw new UsageError(`${file}:${deepLine}: tables and lists are nested too deeply`);
  let tree: ReturnType<typeof parseTOML>;
  try {
    tree = parseTOML(toml);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    throw new UsageError(withoutKeys(`${file}:${lineOfError(toml, error)}: this is not TOML: ${error.message}`));
  }
  const { lineOf, paths } = locateKeys(tree);
  // A secret may stand in the place of a setting's name, by mistake.
  const locate = (path: readonly Key[]) => withoutKeys(`${file}:${lineOf(path)}: ${formatKeys(path)}`);
  // With a table `__proto__`, getStaticTOMLValue would write into the prototype of all objects.
  const hidden = paths.find((path) => KEYS_OF_OBJECTS.includes(path.at(-1) as Key));
  if (hidden !== undefined) throw new UsageError(`${locate(hidden)}: there is no such setting`);
  const document: unknown = getStaticTOMLValue(tree);
  const refuse = (path: readonly Key[], message: string): never => {
    throw new UsageError(withoutKeys(withoutSecretsOf(document, `${locate(path)}: ${message}`)));
  };
  const result = v.safeParse(FILE, document);
  if (!result.success) {
    const [issue] = result.issues;
    return refuse(issue.path?.map(({ key }) => key as Key) ?? [], describe(issue));
  }
  const { cameras: tables, ...settings } = inCamelCase(result.output) as FileSettings & { cameras?: object[] };
  const path = (file: string | undefined) => (file === undefined ? undefined : resolve(folder, file));
  settings.keyFile = path(settings.keyFile);
  const cameras = tables?.map((table, index): CameraSettings => {
    const camera = inCamelCase(table) as unknown as CameraSettings;
    return {
      ...camera,
      record: path(camera.record),
      set: camera.set?.map((setting) => ({
        ...setting,
        writtenAt: locate(["cameras", index, "set", setting.name]),
      })),
      folder,
      writtenAt: locate(["cameras", index, "source"]),
    };
  });
  const checkOnEvent = (command: readonly string[] | undefined, at: Key[]) => {
    try {
      if (command !== undefined) checkProgram(command, folder);
    } catch (error) {
      refuse([...at, "on-event"], messageOf(error));
    }
  };
  checkOnEvent(settings.onEvent, []);
  for (const [index, { onEvent }] of cameras?.entries() ?? []) checkOnEvent(onEvent, ["cameras", index]);
  for (const [list, entry] of [
    ["cameras", "camera"],
    ["keys", "key"],
  ] as const) {
    const names = (list === "cameras" ? cameras : settings.keys)?.map(({ name }) => name) ?? [];
    for (const [index, name] of names.entries()) {
      if (name !== undefined && names.indexOf(name) < index) {
        refuse([list, index, "name"], `'${name}' is already the name of another ${entry}`);
      }
    }
  }
  const { record, tlsCert, tlsKey } = settings;
  return { ...settings, record: path(record), tlsCert: path(tlsCert), tlsKey: path(tlsKey), cameras };
}

/** Removes the passwords of addresses in a document from an error that quotes one of its keys or values. */
function withoutSecretsOf(document: unknown, text: string): string {
  if (typeof document === "string") {
    return shownSource(document) === document ? text : text.replaceAll(document, shownSource(document));
  }
  if (typeof document !== "object" || document === null) return text;
  return Object.entries(document)
    .flat()
    .reduce<string>((shown, part) => withoutSecretsOf(part, shown), text);
}

function inCamelCase(table: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(table).map(([key, value]) => [camelCase(key), value]));
}

/**
 * Returns the text of an issue. For unknown and missing keys it replaces the schema's text, which names types instead of keys.
 */
function describe(issue: v.BaseIssue<unknown>): string {
  if (issue.type !== "strict_object") return issue.message;
  if (issue.expected === "never") {
    if (issue.path?.[0]?.key === "keys" && issue.path.length > 1) {
      return "there is no such setting; there are name, hash, may, cameras";
    }
    if (issue.path?.[2]?.key === "zones") return `there is no such setting; there are ${ZONE_KEYS.join(", ")}`;
    const ofCamera = Object.keys(CAMERA.entries);
    const ofServer = Object.keys(FILE.entries);
    const [keys, others] = isInCamera(issue) ? [ofCamera, ofServer] : [ofServer, ofCamera];
    const key = String(issue.path?.at(-1)?.key);
    if (others.includes(key)) {
      return isInCamera(issue)
        ? "belongs before the first [[cameras]]: it applies to the whole server"
        : "belongs under [[cameras]]";
    }
    const meant = closestMatch(key, keys, { maxDistance: Math.min(MOST_WRONG, key.length >> 1) });
    return `there is no such setting; ${meant === undefined ? `the settings here are ${keys.join(", ")}` : `did you mean ${meant}?`}`;
  }
  if (issue.received === "undefined") return "is missing";
  return "must be a table";
}

function isInCamera({ path }: v.BaseIssue<unknown>): boolean {
  return path !== undefined && path.length > 1;
}

const KEYS_OF_OBJECTS: readonly Key[] = ["__proto__", "constructor", "prototype"];

/** Formats a path, for example as `cameras[1].fps`. */
function formatKeys(path: readonly Key[]): string {
  return path
    .map((key, index) => (typeof key === "number" ? `[${key}]` : index === 0 ? formatKey(key) : `.${formatKey(key)}`))
    .join("");
}

function formatKey(key: string): string {
  return /^[\w-]+$/.test(key) ? key : JSON.stringify(key);
}
