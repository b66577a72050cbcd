// The layouts and numbers of v4l2/layouts.ts as a C compiler reads them from the kernel's own headers.
//
// The compiler writes the values into its assembly output, where this file reads them, as in the kernel's build (Documentation/kbuild,
// asm-offsets.c). So no program has to run, and a cross compiler gives the values of another processor.
//
// Usage: bun test/support/kernel-headers.ts COMPILER > test/fixtures/v4l2/layouts-arm64.json

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { REQUESTS, STRUCTS, V4L2 } from "../../src/system/v4l2/layouts.ts";

/** Names such as `sizeof v4l2_buffer`, `offsetof v4l2_buffer.flags`, `VIDIOC_QBUF` and `V4L2_CAP_STREAMING`. */
export type Values = Record<string, number>;

/** All values of layouts.ts. */
export function ourValues(): Values {
  const values: Values = {};
  for (const [name, { bytes, fields }] of Object.entries(STRUCTS)) {
    values[`sizeof ${name}`] = bytes;
    for (const [field, offset] of Object.entries(fields)) values[`offsetof ${name}.${field}`] = offset;
  }
  for (const [name, { number }] of Object.entries(REQUESTS)) values[name] = number;
  for (const [name, value] of Object.entries(V4L2)) values[`V4L2_${name}`] = value;
  return values;
}

/** The same values from a compiler that finds linux/videodev2.h. Throws an error with the compiler's messages. */
export function compiledValues(compiler: string): Values {
  const names = Object.keys(ourValues());
  const lines = names.map((name, index) => `  asm volatile("\\n->${index} %0" : : "i"((long)(${expression(name)})));`);
  const program = [
    "#include <stddef.h>",
    "#include <linux/videodev2.h>",
    "void values(void) {",
    ...lines,
    "}",
    "",
  ].join("\n");
  const folder = mkdtempSync(join(tmpdir(), "slipstream-test-"));
  try {
    writeFileSync(join(folder, "values.c"), program);
    const command = [compiler, "-S", "-O1", "-o", join(folder, "values.s"), join(folder, "values.c")];
    const { success, stderr } = Bun.spawnSync(command, { stderr: "pipe" });
    if (!success) throw new Error(`${compiler} failed: ${stderr.toString()}`);
    const values: Values = {};
    for (const [, index, value] of readFileSync(join(folder, "values.s"), "utf8").matchAll(/->(\d+) [$#]?(-?\d+)/g)) {
      values[names[Number(index)] as string] = Number(value) >>> 0;
    }
    return values;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function expression(name: string): string {
  const [kind, what] = name.split(" ");
  if (kind === "sizeof") return `sizeof(struct ${what})`;
  if (kind !== "offsetof" || what === undefined) return name;
  const dot = what.indexOf(".");
  return `offsetof(struct ${what.slice(0, dot)}, ${what.slice(dot + 1)})`;
}

if (import.meta.main) console.log(JSON.stringify(compiledValues(process.argv[2] ?? "cc"), null, 2));
