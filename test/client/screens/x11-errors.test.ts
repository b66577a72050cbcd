// Requests that an X server refuses: a viewer goes on if they are for a window that another program has hidden.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { startVirtualDisplay, type VirtualDisplay } from "../../../src/cli/virtual-display.ts";

let display: VirtualDisplay;
beforeAll(async () => {
  display = await startVirtualDisplay(64, 48);
});
afterAll(() => display[Symbol.asyncDispose]());

function runClient(request: string) {
  const client = new URL("../../support/x11-client.ts", import.meta.url).pathname;
  const { stdout, stderr, exitCode } = Bun.spawnSync(["bun", client, request], {
    env: { ...process.env, DISPLAY: display.name },
  });
  return { said: stdout.toString(), error: stderr.toString(), exitCode };
}

test("X errors: a focus request for a window that is not mapped is ignored", () => {
  expect(runClient("focus")).toEqual({ said: "still here\n", error: "", exitCode: 0 });
});

test("X errors: the previous handler gets other errors and ends the process", () => {
  const { said, error, exitCode } = runClient("atom");
  expect([said, exitCode]).toEqual(["", 1]);
  expect(error).toContain("BadAtom");
});
