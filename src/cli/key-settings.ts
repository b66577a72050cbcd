// The tables of the settings of `key add` and `key list`.

import type { SettingEntry, ValuesOf } from "../core/setting-table.ts";
import { checkCameraName } from "../server/settings/camera-name.ts";
import { SETTINGS_FILE } from "../server/settings/table.ts";

const JSON_SETTING = {
  name: "json",
  scope: "program",
  type: { kind: "switch" },
  help: "print JSON on standard output",
} as const satisfies SettingEntry;

export const KEY_ADD_SETTINGS = [
  {
    name: "control",
    scope: "program",
    type: { kind: "switch" },
    help: "viewers with this key may also set controls (serve --allow-controls)",
  },
  {
    name: "camera",
    scope: "program",
    type: { kind: "parsed", parse: checkCameraName },
    placeholder: "name",
    repeats: true,
    help: "viewers with this key see only this camera, by its whole name; may be repeated",
  },
  {
    name: "settings",
    scope: "program",
    type: { kind: "switch" },
    help: `do not store the key, and print a [[keys]] table for ${SETTINGS_FILE}`,
  },
  JSON_SETTING,
] as const satisfies readonly SettingEntry[];

export const KEY_LIST_SETTINGS = [
  {
    name: "show",
    scope: "program",
    type: { kind: "switch" },
    help: "also print the first key, which a server has made for itself",
  },
  JSON_SETTING,
] as const satisfies readonly SettingEntry[];

export type KeyAddFlags = ValuesOf<(typeof KEY_ADD_SETTINGS)[number]>;
export type KeyListFlags = ValuesOf<(typeof KEY_LIST_SETTINGS)[number]>;
