// The demo on a terminal: Ctrl-C reaches all of its programs at once and ends it without an error.

import { expect, setDefaultTimeout, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { TEST_TIMEOUT_MS } from "../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const DEMO = fileURLToPath(new URL("../../src/cli/demo.ts", import.meta.url));

test.skipIf(process.platform !== "linux")(
  "demo: Ctrl-C before the server listens ends it with exit code 0",
  async () => {
    let output = "";
    const { DISPLAY: _, WAYLAND_DISPLAY: __, ...env } = process.env;
    const demo = Bun.spawn([process.execPath, DEMO], {
      env,
      terminal: {
        data(terminal, bytes) {
          output += Buffer.from(bytes).toString();
          if (output.includes("There is no display here") && !output.includes("^C")) terminal.write("\x03");
        },
      },
    });
    expect({ code: await demo.exited, output }).toMatchObject({
      code: 0,
      output: expect.not.stringMatching(/error|\n\s+at /),
    });
  },
);
