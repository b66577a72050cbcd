// The settings that the programs `serve` and `view` share.

import { LOG_LEVELS } from "./log.ts";
import type { SettingEntry } from "./setting-table.ts";

/** The seconds between two reports, unless `--report-interval` gives another number. */
export const DEFAULT_REPORT_SECONDS = 1;

export const PROGRAM_SETTINGS = [
  {
    name: "json",
    scope: "program",
    type: { kind: "switch" },
    help: 'print reports as JSON objects, one in each line of standard output, the last with "final": true',
  },
  {
    name: "report-interval",
    scope: "program",
    type: { kind: "number", range: [0.05, 3600] },
    placeholder: "seconds",
    default: DEFAULT_REPORT_SECONDS,
    help: "seconds between two reports",
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
