// The table of all settings of `doctor`.

import type { SettingEntry, ValuesOf } from "../core/setting-table.ts";
import { DEFAULTS } from "../server/settings/resolve.ts";

export const DOCTOR_SETTINGS = [
  {
    name: "port",
    scope: "program",
    type: { kind: "whole number", range: [1, 65535] },
    placeholder: "n",
    default: DEFAULTS.port,
    help: "the port for viewers",
  },
  {
    name: "http",
    scope: "program",
    type: { kind: "whole number", range: [1, 65535] },
    placeholder: "port",
    default: DEFAULTS.httpPort,
    help: "the port of the web page",
  },
  { name: "json", scope: "program", type: { kind: "switch" }, help: "print one JSON object on standard output" },
] as const satisfies readonly SettingEntry[];

export type DoctorFlags = ValuesOf<(typeof DOCTOR_SETTINGS)[number]>;
