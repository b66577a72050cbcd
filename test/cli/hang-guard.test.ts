// Signals end a program whose main thread hangs. When the thread runs again, the program handles them itself. In real processes.

import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { hasLibc } from "../../src/system/v4l2/libc.ts";
import { TEST_TIMEOUT_MS } from "../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const module = new URL("../../src/cli/program.ts", import.meta.url).href;
const started: Bun.Subprocess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

function start(body: string) {
  const script = `
    import { runMain } from ${JSON.stringify(module)};
    const hang = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    await runMain(async (signal, { endEvenIfHung }) => { ${body} });`;
  const child = Bun.spawn([process.execPath, "-e", script], { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
  started.push(child);
  return { child, lines: child.stdout.pipeThrough(new TextDecoderStream()).getReader() };
}

test.skipIf(!hasLibc())("endEvenIfHung: SIGTERM ends a program that hangs", async () => {
  const { child, lines } = start(`endEvenIfHung(); await Bun.sleep(300); console.log("hangs"); hang();`);
  expect((await lines.read()).value).toBe("hangs\n");
  while (child.exitCode === null && child.signalCode === null) {
    child.kill("SIGTERM"); // a signal that comes in the first two seconds is lost
    await Bun.sleep(50);
  }
  expect(child.signalCode).toBe("SIGTERM");
});

test.skipIf(!hasLibc())("endEvenIfHung: a program that hung and runs again handles its signals itself", async () => {
  const { child, lines } = start(`
    endEvenIfHung();
    await Bun.sleep(300);
    hang(4_000);
    await Bun.sleep(500);
    console.log("up");
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    console.log("down");`);
  expect((await lines.read()).value).toBe("up\n");
  child.kill("SIGTERM");
  expect((await lines.read()).value).toBe("down\n");
  expect(await child.exited).toBe(0);
});
