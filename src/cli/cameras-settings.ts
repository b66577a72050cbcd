// The table of all settings of `cameras`.

import type { SettingEntry, ValuesOf } from "../core/setting-table.ts";

export const CAMERAS_SETTINGS = [
  {
    name: "controls",
    scope: "program",
    type: { kind: "switch" },
    help: "also list the controls for serve --set, with ranges and current values",
  },
  { name: "json", scope: "program", type: { kind: "switch" }, help: "print one JSON array on standard output" },
] as const satisfies readonly SettingEntry[];

export type CamerasFlags = ValuesOf<(typeof CAMERAS_SETTINGS)[number]>;
