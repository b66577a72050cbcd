// The settings that the programs `serve` and `view` share.

import { LOG_LEVELS } from "./log.ts";
import type { SettingEntry } from "./setting-table.ts";

export const PROGRAM_SETTINGS = [
  {
    name: "json",
    scope: "program",
    type: { kind: "switch" },
    help: 'print one JSON object a second on standard output, the last with "final": true',
  },
  {
    name: "log-level",
    scope: "program",
    type: { kind: "choice", choices: LOG_LEVELS },
    placeholder: "level",
    default: "info",
    help: "lowest level of log lines that are printed; SLIPSTREAM_LOG=SUBJECT:debug sets the level of one subject (docs/options.md)",
  },
  {
    name: "trace",
    scope: "program",
    type: { kind: "text" },
    placeholder: "file",
    help: "write the duration of each step of each frame to this file, for https://ui.perfetto.dev",
  },
] as const satisfies readonly SettingEntry[];
