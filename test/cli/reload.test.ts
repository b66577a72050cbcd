// SIGHUP: errors of new settings are a line in the log, and the server goes on.

import { afterEach, expect, test } from "bun:test";
import { reloadOnHangUp } from "../../src/cli/reload.ts";
import { CodecError, MissingError, UsageError } from "../../src/core/errors.ts";
import { lineLog } from "../../src/core/log.ts";
import { until } from "../support/wait-until.ts";

afterEach(() => void process.removeAllListeners("SIGHUP"));

test.each([
  ["a setting that is not allowed", new UsageError("there is no such setting")],
  ["a program that is missing", new MissingError("recording needs ffmpeg")],
  ["memory that is full", new CodecError("there is not enough memory for pictures of this size")],
])("SIGHUP: %s leaves the settings as they were", async (_, error) => {
  const lines: string[] = [];
  const log = lineLog((line) => lines.push(line));
  reloadOnHangUp({ reload: () => Promise.reject(error), stop: () => lines.push("stopped"), log, manager: null });
  process.emit("SIGHUP");
  await until(() => lines.length > 0, "the line");
  expect(lines).toEqual([expect.stringContaining(`the settings stay as they were: ${error.message}`)]);
});
