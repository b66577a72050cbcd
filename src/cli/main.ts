#!/usr/bin/env bun
// `slipstream COMMAND`: one program with all commands.
//
// A command is a module that runs when it is imported, and takes its arguments from process.argv. So only the code of the given
// command is loaded.

import { isCommand, RUN_COMMAND } from "./commands.ts";

const [name = ""] = process.argv.slice(2);
if (isCommand(name)) {
  process.argv.splice(2, 1);
  await RUN_COMMAND[name]();
} else {
  const { runWithoutCommand } = await import("./no-command.ts");
  await runWithoutCommand();
}
