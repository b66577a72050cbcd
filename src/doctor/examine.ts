// Examines this machine: what `serve` and `view` need, and how many cameras it can carry.

import { availableParallelism } from "node:os";
import { type Capacity, measureCapacity } from "./capacity.ts";
import { examineCameras, examineGroups } from "./cameras.ts";
import type { Finding } from "./finding.ts";
import { examineClock, examineOpenFiles, examineProcessor, examineSimd, examineState } from "./machine.ts";
import { examineFirewall, examinePorts, type ServerPorts } from "./network.ts";
import { examineDisplay, examineFfmpeg } from "./programs.ts";

/** The findings about this machine. `--json` prints this object. */
export interface Examination {
  /** Whether `serve` has all that it needs. */
  ok: boolean;
  findings: Finding[];
  /** The measured speed for three sizes. The list is empty if the codec cannot run here. */
  capacity: Capacity[];
}

/** Examines the machine, which takes about two seconds. Rejects with CodecError if the codec fails. */
export async function examine(ports: ServerPorts, signal: AbortSignal): Promise<Examination> {
  const simd = examineSimd();
  const findings = [
    ...examineProcessor(),
    ...simd,
    ...examineCameras(),
    ...examineGroups(),
    ...examineFfmpeg(),
    ...(await examineDisplay()),
    ...(await examinePorts(ports)),
    ...examineFirewall(ports),
    ...examineClock(),
    ...examineOpenFiles(),
    ...examineState(),
  ];
  const hasCodec = simd.every(({ condition }) => condition !== "missing");
  const capacity = hasCodec ? await measureCapacity(availableParallelism(), signal) : [];
  return { ok: findings.every(({ condition }) => condition !== "missing"), findings, capacity };
}
