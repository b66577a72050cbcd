// The demo on a terminal: a Ctrl-C, which reaches all of its programs at once, ends it without a word of complaint.

import { expect, setDefaultTimeout, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { TEST_TIMEOUT_MS } from "../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const DEMO = fileURLToPath(new URL("../../scripts/demo.ts", import.meta.url));

test.skipIf(process.platform !== "linux")("Ctrl-C before the server listens ends the demo in order", async () => {
  let said = "";
  const { DISPLAY: _, WAYLAND_DISPLAY: __, ...env } = process.env;
  const demo = Bun.spawn([process.execPath, DEMO], {
    env,
    terminal: {
      data(terminal, bytes) {
        said += Buffer.from(bytes).toString();
        if (said.includes("There is no display here") && !said.includes("^C")) terminal.write("\x03");
      },
    },
  });
  expect({ code: await demo.exited, said }).toMatchObject({
    code: 0,
    said: expect.not.stringMatching(/error|\n\s+at /),
  });
});
