// Examines the machine itself: processor, SIMD, clock, open files and the state folder.

import { ptr } from "bun:ffi";
import { accessSync, constants, existsSync, readFileSync, statSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem } from "node:os";
import { dirname } from "node:path";
import { supportedVariant } from "../codec/wasm/variants.ts";
import { openFiles } from "../server/access/open-files.ts";
import { stateFolder } from "../state/folder.ts";
import { openLibc } from "../system/open-libc.ts";
import { asRoot, type Finding, good, limited, missing } from "./finding.ts";

/** Examines the system and its processor. */
export function examineProcessor(): Finding[] {
  const cores = availableParallelism();
  const quota = coresOfGroup();
  const memory = `${(totalmem() / 2 ** 30).toFixed(1)} GiB of memory`;
  const system = `${process.platform} ${release()} on ${process.arch}, Bun ${Bun.version}`;
  const model = cpus()[0]?.model.trim() || "unknown processor";
  const text = `${cores} ${cores === 1 ? "core" : "cores"} (${model}), ${memory}`;
  const found = good("system", system);
  if (quota !== null && quota < cores) {
    return [found, limited("cores", `${text}; a limit of the control group leaves ${quota} of the cores`)];
  }
  return [found, good("cores", text)];
}

/** Returns the number of cores that the control group allows (cgroup v2, cpu.max: quota and period), or null without a limit. */
export function coresOfGroup(file = "/sys/fs/cgroup/cpu.max"): number | null {
  if (!existsSync(file)) return null;
  const [quota, period] = readFileSync(file, "utf8").trim().split(" ").map(Number);
  return quota !== undefined && period !== undefined && quota > 0 ? Math.round((quota / period) * 10) / 10 : null;
}

/** Examines which build of the codec this machine can run. */
export function examineSimd(): Finding[] {
  const variant = supportedVariant();
  if (variant === undefined) {
    return [
      missing("simd", "this processor has no SIMD for WebAssembly", "bun run serve --codec jsquash, which is slow"),
    ];
  }
  if (variant === "plain") return [limited("simd", "the codec uses plain SIMD, because relaxed SIMD is not supported")];
  return [good("simd", "the codec uses relaxed SIMD, its fastest build")];
}

/** The size of struct timex on 64-bit Linux (uapi/linux/timex.h). All zeros only ask. */
const TIMEX_BYTES = 208;
/** The answer of adjtimex(2) while no program keeps the clock right. */
const TIME_ERROR = 5;

/** Examines whether something keeps the clock right. */
export function examineClock(): Finding[] {
  const libc = openLibc({ adjtimex: { args: ["ptr"], returns: "i32" } });
  if (libc === null) return [];
  const state = libc.adjtimex(ptr(new Uint8Array(TIMEX_BYTES)));
  if (state < 0) return [limited("clock", "the kernel does not tell whether the clock is kept right")];
  if (state !== TIME_ERROR) return [good("clock", "the clock is kept right by a time server")];
  const text =
    "no time server keeps the clock right: latencies stay right, but times in logs and the dates of certificates may be wrong";
  const mend = Bun.which("timedatectl") === null ? null : asRoot("timedatectl set-ntp true");
  return [limited("clock", text, mend)];
}

/** With fewer files, the server lowers its default limits of viewers and greetings. */
const ENOUGH_FILES = 1024;

/** Examines how many files, and so connections, a process may open. */
export function examineOpenFiles(): Finding[] {
  if (openFiles() === null) return [];
  const limits = readFileSync("/proc/self/limits", "utf8");
  const [, soft] = /^Max open files\s+(\S+)/m.exec(limits) ?? [];
  const most = soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft);
  if (most >= ENOUGH_FILES) return [good("open-files", `a process may open ${soft} files`)];
  return [
    limited(
      "open-files",
      `a process may open only ${soft} files, so the server takes fewer viewers`,
      `ulimit -n ${ENOUGH_FILES}`,
    ),
  ];
}

/** Examines whether keys and certificates can be kept. */
export function examineState(folder = stateFolder()): Finding[] {
  let place = folder;
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place);
  const mend = "set XDG_STATE_HOME to a folder of yours";
  if (!statSync(place).isDirectory()) {
    return [limited("state", `keys and certificates cannot be kept in ${folder}: ${place} is not a folder`, mend)];
  }
  try {
    accessSync(place, constants.W_OK | constants.X_OK);
    return [good("state", `keys and certificates are kept in ${folder}`)];
  } catch {
    return [limited("state", `keys and certificates cannot be kept: no permission to write to ${place}`, mend)];
  }
}
