// `bun run doctor`: tells what this machine has for serve and view, what is missing, and how many cameras it can carry.

import { Command } from "commander";
import { MissingError } from "../core/errors.ts";
import { VERSION } from "../core/version.ts";
import type { Capacity } from "../doctor/capacity.ts";
import { type Examination, examine } from "../doctor/examine.ts";
import type { Condition } from "../doctor/finding.ts";
import { DEFAULTS } from "../server/settings/resolve.ts";
import { DOCTOR_SETTINGS, type DoctorFlags } from "./doctor-settings.ts";
import { addFlags } from "./flags.ts";
import { printAnswer } from "./output.ts";
import { asProgram, runMain } from "./program.ts";

const command = addFlags(asProgram(new Command("bun run doctor"), VERSION), DOCTOR_SETTINGS).description(
  "Tells what this machine has for serve and view, which command fixes what is missing, and how many cameras it can serve.",
);

const MARKS: Readonly<Record<Condition, string>> = { good: "ok  ", limited: "note", missing: "FAIL" };

await runMain(async (signal) => {
  command.parse();
  const { port = DEFAULTS.port, http = DEFAULTS.httpPort, json = false }: DoctorFlags = command.opts();
  const examination = await examine({ port, http }, signal);
  await printAnswer(json ? JSON.stringify(examination, null, 2) : describe(examination), signal);
  const first = examination.findings.find(({ condition }) => condition === "missing");
  if (first !== undefined) throw new MissingError(`serve does not work on this machine: ${first.text}`);
});

function describe({ findings, capacity }: Examination): string {
  const widest = Math.max(...findings.map(({ part }) => part.length));
  const lines = findings.flatMap(({ part, condition, text, mend }) => [
    `${MARKS[condition]}  ${part.padEnd(widest)}  ${text}`,
    ...(mend === null ? [] : [`${" ".repeat(widest + 8)}→ ${mend}`]),
  ]);
  return [...lines, ...describeCapacity(capacity)].join("\n");
}

function describeCapacity(capacity: readonly Capacity[]): string[] {
  if (capacity.length === 0) return [];
  return [
    "",
    "What this machine can carry if all of every picture changes (a still scene takes much less):",
    ...capacity.map(({ width, height, encodedPerSecond, decodedPerSecond, cameras }) => {
      const counts = Object.entries(cameras).map(([rate, count]) => `${count} at ${rate} fps`);
      const size = `${width}x${height}`.padEnd(9);
      return `  ${size}  cameras: ${counts.join(", ")}  (encodes ${encodedPerSecond} and decodes ${decodedPerSecond} pictures a second)`;
    }),
  ];
}
