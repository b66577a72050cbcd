// A program that asks for a secret and for a word on its terminal.
//
// Usage: bun test/support/secret-question.ts     on a terminal

import { runMain } from "../../src/cli/program.ts";
import { openTerminal } from "../../src/cli/terminal-question.ts";

if (import.meta.main) {
  await runMain(async (signal) => {
    const terminal = openTerminal(process.stdin, process.stderr, signal, () => process.kill(process.pid, "SIGINT"));
    if (terminal === null) throw new Error("there is no terminal");
    const secret = await terminal.askSecret("Secret: ");
    if (signal.aborted) {
      console.log("stopped");
      return;
    }
    console.log(secret === null ? "no answer" : `<${[...secret].toReversed().join("")}>`);
    await terminal.ask("Word: ");
  });
}
