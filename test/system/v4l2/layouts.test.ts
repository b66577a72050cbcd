// The numbers and structure layouts of V4L2, compared with the kernel's headers for both processors.

import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import arm64 from "../../fixtures/v4l2/layouts-arm64.json";
import { REQUESTS, STRUCTS } from "../../../src/system/v4l2/layouts.ts";
import { compiledValues, ourValues } from "../../support/kernel-headers.ts";

const HEADER = "/usr/include/linux/videodev2.h";
const OWN = process.arch === "x64" || process.arch === "arm64" ? process.arch : null;
const ownReason =
  OWN === null
    ? "other processor"
    : Bun.which("gcc") === null
      ? "no gcc"
      : existsSync(HEADER)
        ? ""
        : "no kernel headers";
const crossCompiler = ["aarch64-linux-gnu-gcc", "aarch64-linux-gnu-gcc-12"].find((name) => Bun.which(name) !== null);

describe("layouts: compared with uapi/linux/videodev2.h", () => {
  test.skipIf(ownReason !== "")(
    `layouts: equal the headers for this processor, read by its compiler${ownReason === "" ? "" : ` (skipped: ${ownReason})`}`,
    () => {
      expect(compiledValues("gcc")).toEqual(ourValues());
    },
  );

  test.skipIf(crossCompiler === undefined)(
    `layouts: equal the headers for arm64, read by a cross compiler${crossCompiler === undefined ? " (skipped: apt-get install gcc-aarch64-linux-gnu)" : ""}`,
    () => {
      expect(compiledValues(crossCompiler as string)).toEqual(ourValues());
    },
  );

  test("layouts: equal the recorded values of arm64 (test/fixtures/README.md)", () => {
    expect(ourValues()).toEqual(arm64);
  });
});

test("layouts: a request number contains the size of its structure, and all fields are within that size", () => {
  for (const { number, struct } of Object.values(REQUESTS)) {
    expect((number >>> 16) & 0x3fff).toBe(struct === null ? 4 : STRUCTS[struct].bytes);
  }
  for (const { bytes, fields } of Object.values(STRUCTS)) {
    for (const offset of Object.values(fields)) expect(offset).toBeLessThanOrEqual(bytes - 4);
  }
});
