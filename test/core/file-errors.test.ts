// explainFileError with real errors of the file system.

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { explainFileError } from "../../src/core/file-errors.ts";

function errorOf(path: string): unknown {
  try {
    readFileSync(path);
  } catch (error) {
    return error;
  }
  throw new Error("it was read");
}

test.each([
  ["/no/such/file", "there is no such file"],
  [`${import.meta.path}/below`, "there is no such file"],
  ["/", "it is a folder"],
])("explainFileError: explains why %s cannot be read", (path, text) => {
  expect(explainFileError(errorOf(path))).toBe(text);
});

test("explainFileError: a text that the caller gives for an error code replaces the usual one", () => {
  expect(explainFileError(errorOf("/"), { EISDIR: "name a file in it" })).toBe("name a file in it");
});

test("explainFileError: other errors keep their own text", () => {
  expect(explainFileError(new Error("the disk is full"))).toBe("the disk is full");
});
