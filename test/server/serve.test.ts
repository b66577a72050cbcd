// The server as a function: what a start that fails leaves behind, which is nothing.

import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { ConnectionError } from "../../src/core/errors.ts";
import { serve } from "../../src/server/serve.ts";
import { combine } from "../../src/server/settings/settings.ts";

const threads = () => readdirSync("/proc/self/task").length;

test.skipIf(process.platform !== "linux")("with its port taken it ends its threads again", async () => {
  using taken = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
  const options = combine({ source: ["pattern"], port: taken.port, workers: 2 }, {});
  const ignore = () => undefined;
  const start = () => serve(options, new AbortController().signal, { listening: ignore, report: ignore, say: ignore });
  await expect(start()).rejects.toThrow(ConnectionError); // what stays of a first one is the engine's own
  const before = threads();
  for (let count = 0; count < 3; count++) await expect(start()).rejects.toThrow("is taken");
  // A terminated worker's thread goes a moment after it is said to be gone.
  while (threads() > before) await Bun.sleep(10);
  expect(threads()).toBeLessThanOrEqual(before);
});
