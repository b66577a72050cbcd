// slipstream.toml: the server's settings in a file, read and checked; what is wrong in it is said with its line and key.

import { readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { closestMatch } from "leven";
import { getStaticTOMLValue, ParseError, parseTOML } from "toml-eslint-parser";
import * as v from "valibot";
import { CODEC_NAMES } from "../../codec/codecs.ts";
import { UsageError } from "../../core/errors.ts";
import { explainFileError } from "../../core/file-errors.ts";
import { SAMPLINGS, PIXEL_FORMATS, parseSize } from "../../core/pixel-format.ts";
import { MAX_CAMERAS } from "../../protocol/wire.ts";
import { checkCameraName } from "../cameras/names.ts";
import { RANGES } from "./resolve.ts";
import { type FileSettings, parseBitrate } from "./settings.ts";
import { SETTING_NAME } from "../../capture/control-values.ts";
import { type Key, lineOfError, locateKeys } from "./toml-lines.ts";

/** Taken from the working directory where no other is named. */
export const SETTINGS_FILE = "slipstream.toml";

const numberIn = ([from, to]: readonly [number, number]) =>
  v.custom<number>(
    (value) => typeof value === "number" && value >= from && value <= to,
    `must be a number from ${from} to ${to}`,
  );
const wholeNumberIn = ([from, to]: readonly [number, number]) =>
  v.custom<number>(
    (value) => Number.isInteger(value) && (value as number) >= from && (value as number) <= to,
    `must be a whole number from ${from} to ${to}`,
  );
const text = v.pipe(v.string("must be text"), v.nonEmpty("must not be empty"));
const oneOf = <const Names extends readonly string[]>(names: Names) =>
  v.picklist(names, `must be one of ${names.map((name) => JSON.stringify(name)).join(", ")}`);

/** Text that `parse` reads; its UsageError is what is wrong with it. */
const parsedBy = <Value>(parse: (text: string) => Value) =>
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

/** A key with more letters off is another word; commander allows as many for flags. */
const MOST_WRONG = 3;

/** A table; what JavaScript calls an object may also be an array or a date. */
const tableAs = (example: string) =>
  v.custom<Record<string, unknown>>(
    (value) => Object.prototype.toString.call(value) === "[object Object]",
    `must be a table, as ${example}`,
  );

const PICTURE = {
  size: v.optional(parsedBy(parseSize)),
  fps: v.optional(numberIn(RANGES.framesPerSecond)),
  quality: v.optional(wholeNumberIn(RANGES.quality)),
  sampling: v.optional(
    v.pipe(v.union([v.string(), v.number()], 'must be "420" or "444"'), v.transform(String), oneOf(SAMPLINGS)),
  ),
  noise: v.optional(
    v.union([numberIn(RANGES.noise), v.literal("off")], `must be a number from 0 to ${RANGES.noise[1]}, or "off"`),
  ),
  "idle-release": v.optional(numberIn(RANGES.idleReleaseSeconds)),
};

const CAMERA = v.strictObject({
  name: v.optional(parsedBy(checkCameraName)),
  source: text,
  device: v.optional(text),
  "pixel-format": v.optional(oneOf([...PIXEL_FORMATS, "mjpeg"])),
  set: v.optional(
    v.pipe(
      tableAs("{ brightness = 128 }"),
      v.record(
        v.pipe(
          v.string(),
          v.regex(SETTING_NAME, "is no setting's name: write it as 'bun run cameras --controls' does"),
        ),
        v.pipe(
          v.union([v.number(), v.boolean(), v.string()], "must be a number, true, false or text"),
          v.transform((value) => String(value).trim()),
          v.nonEmpty("must not be empty"),
        ),
      ),
      v.transform((settings) => Object.entries(settings).map(([name, value]) => ({ name, value }))),
    ),
  ),
  ...PICTURE,
});

const FILE = v.strictObject({
  ...PICTURE,
  "max-latency": v.optional(numberIn(RANGES.maxLatencyMs)),
  "max-bitrate": v.optional(
    v.pipe(
      v.union([v.string(), v.number()], 'must be bits a second, as 2000000 or "2M"'),
      v.transform(String),
      parsedBy(parseBitrate),
    ),
  ),
  codec: v.optional(oneOf(CODEC_NAMES)),
  workers: v.optional(wholeNumberIn(RANGES.workers)),
  host: v.optional(text),
  port: v.optional(wholeNumberIn(RANGES.port)),
  announce: v.optional(v.boolean("must be true or false")),
  preview: v.optional(v.boolean("must be true or false")),
  "allow-controls": v.optional(v.boolean("must be true or false")),
  cameras: v.optional(
    v.pipe(
      v.array(CAMERA, "must be tables: write [[cameras]] before each camera's settings"),
      v.minLength(1, "must be at least one"),
      v.maxLength(MAX_CAMERAS, `must be ${MAX_CAMERAS} at most`),
    ),
  ),
});

/** Throws UsageError, with file, line and key, for what cannot be read or used. */
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

/** `file` is its name, for errors; `folder` is where it lies, from which its paths count. */
export function parseSettings(source: string, file: string, folder = "."): FileSettings {
  const text = source.replace(/^\ufeff/, ""); // a byte order mark, which some editors write
  let tree: ReturnType<typeof parseTOML>;
  try {
    tree = parseTOML(text);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    throw new UsageError(`${file}:${lineOfError(text, error)}: this is not TOML: ${error.message}`);
  }
  const { lineOf, paths } = locateKeys(tree);
  const locate = (path: readonly Key[]) => `${file}:${lineOf(path)}: ${formatKeys(path)}`;
  const refuse = (path: readonly Key[], message: string): never => {
    throw new UsageError(`${locate(path)}: ${message}`);
  };
  // An object of JavaScript has these already: they would not become keys of their own, and nobody would see them.
  const hidden = paths.find((path) => OBJECTS_OWN.includes(path.at(-1) as Key));
  if (hidden !== undefined) return refuse(hidden, "there is no such setting");
  const result = v.safeParse(FILE, getStaticTOMLValue(tree));
  if (!result.success) {
    const [issue] = result.issues;
    return refuse(issue.path?.map(({ key }) => key as Key) ?? [], describe(issue));
  }
  const {
    "max-latency": maxLatency,
    "max-bitrate": maxBitrate,
    "idle-release": idleRelease,
    "allow-controls": allowControls,
    ...rest
  } = result.output;
  const cameras = rest.cameras?.map(
    ({ "pixel-format": pixelFormat, "idle-release": release, set, ...camera }, index) => ({
      ...{ ...camera, pixelFormat, idleRelease: release },
      ...{ folder, writtenAt: locate(["cameras", index, "source"]) },
      set: set?.map((setting) => ({ ...setting, writtenAt: locate(["cameras", index, "set", setting.name]) })),
    }),
  );
  const names = cameras?.map(({ name }) => name) ?? [];
  for (const [index, name] of names.entries()) {
    if (name !== undefined && names.indexOf(name) < index) {
      refuse(["cameras", index, "name"], `'${name}' is another camera's name already`);
    }
  }
  return { ...rest, cameras, maxLatency, maxBitrate, idleRelease, allowControls };
}

/** The schema's own words for keys that are too many or missing are about types; ours are about the file. */
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

const OBJECTS_OWN: readonly Key[] = ["__proto__", "constructor", "prototype"];

/** `cameras[1].fps` */
function formatKeys(path: readonly Key[]): string {
  return path
    .map((key, index) => (typeof key === "number" ? `[${key}]` : index === 0 ? formatKey(key) : `.${formatKey(key)}`))
    .join("");
}

function formatKey(key: string): string {
  return /^[\w-]+$/.test(key) ? key : JSON.stringify(key);
}
