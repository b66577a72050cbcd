// The schema of the settings file slipstream.toml, which comes from the table of settings.

import * as v from "valibot";
import { SETTING_NAME } from "../../capture/control-values.ts";
import { UsageError } from "../../core/errors.ts";
import type { SettingEntry, SettingScope, SettingType } from "../../core/setting-table.ts";
import { MAX_CAMERAS } from "../../protocol/wire.ts";
import { checkKeyName } from "../access/given-keys.ts";
import { formatKeyRecord, parseKeyRecord } from "../access/key-record.ts";
import { RIGHTS } from "../access/role.ts";
import { checked } from "./checked.ts";
import { checkWords } from "./output-values.ts";
import { SERVE_SETTINGS } from "./table.ts";
import { ZONES } from "./zone-values.ts";

const text = v.pipe(v.string("must be text"), v.nonEmpty("must not be empty"));

/** Makes a schema for text that `parse` converts. The message of its UsageError becomes the message of the issue. */
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

/** Makes a schema for one of several words. If all choices consist of digits, it also accepts a number. */
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

/** A schema for a table. Arrays and dates are objects in JavaScript too, so the kind of object is checked. */
const tableAs = (example: string) =>
  v.custom<Record<string, unknown>>(
    (value) => Object.prototype.toString.call(value) === "[object Object]",
    `must be a table, for example ${example}`,
  );

/** A setting that may be repeated is a list, and one with a flag `--no-NAME` may be false. */
function schemaOfEntry({ type, repeats, negation }: SettingEntry): v.GenericSchema {
  const one = schemaOf(type);
  if (repeats) return v.array(one, "must be a list");
  if (negation === undefined || type.kind === "switch") return one;
  return v.lazy((value) => (value === false ? v.literal(false) : one));
}

/** The schema of `set`, which is a table of names and values. On the command line it is `--set NAME=VALUE`. */
const CONTROLS = v.pipe(
  tableAs("{ brightness = 128 }"),
  v.record(
    v.pipe(
      v.string(),
      v.regex(SETTING_NAME, "is not the name of a control: 'bun run cameras --controls' lists the names"),
    ),
    v.pipe(
      v.union([v.number(), v.boolean(), v.string()], "must be a number, true, false or text"),
      v.transform((value) => String(value).trim()),
      v.nonEmpty("must not be empty"),
    ),
  ),
  v.transform((settings) => Object.entries(settings).map(([name, value]) => ({ name, value }))),
);

/** The schemas of settings for which the table of settings does not say enough. */
const OWN_SCHEMAS: Readonly<Record<string, v.GenericSchema>> = {
  set: CONTROLS,
  zones: ZONES,
  "on-event": v.pipe(
    v.array(v.string("must be text"), "must be a list"),
    checked((command) => checkWords(command)),
  ),
};

/** Returns the schema of a table of the file, with all settings that are allowed there. */
function keysOf(...scopes: SettingScope[]): Record<string, v.GenericSchema> {
  const entries: readonly SettingEntry[] = SERVE_SETTINGS;
  const allowed = entries.filter(({ scope }) => scopes.includes(scope));
  return Object.fromEntries(
    allowed.map((entry) => {
      const { name } = entry;
      if (name === "source") return [name, text];
      return [name, v.optional(OWN_SCHEMAS[name] ?? schemaOfEntry(entry))];
    }),
  );
}

/** The schema of one [[cameras]]. */
export const CAMERA = v.strictObject(keysOf("camera", "cameras"));

const MAX_KEYS = 1000;
const NO_RIGHTS = 'must be ["view"] or ["view", "control"]';

/** The schema of one [[keys]]. Other users may be able to read the settings file, so it contains only the hash of a key. */
const KEY = v.strictObject({
  key: v.optional(
    v.custom<never>(
      () => false,
      "does not belong here: write its hash, which 'bun run key add NAME --settings' prints",
    ),
  ),
  name: parsedBy(checkKeyName),
  hash: parsedBy((hash) => formatKeyRecord(parseKeyRecord(hash))),
  may: v.optional(
    v.pipe(
      v.array(v.picklist(RIGHTS, NO_RIGHTS), NO_RIGHTS),
      v.check((rights) => rights.includes("view"), NO_RIGHTS),
    ),
  ),
  cameras: v.optional(
    v.pipe(v.array(text, 'must be a list of names, for example ["door"]'), v.minLength(1, "must name a camera")),
  ),
});

/** The schema of the whole file. */
export const FILE = v.strictObject({
  ...keysOf("server", "cameras"),
  keys: v.optional(
    v.pipe(
      v.array(KEY, "must be a list of tables: write [[keys]] before each key's settings"),
      v.maxLength(MAX_KEYS, `must have ${MAX_KEYS} entries at most`),
    ),
  ),
  cameras: v.optional(
    v.pipe(
      v.array(CAMERA, "must be a list of tables: write [[cameras]] before each camera's settings"),
      v.minLength(1, "must have at least one entry"),
      v.maxLength(MAX_CAMERAS, `must have ${MAX_CAMERAS} entries at most`),
    ),
  ),
});
