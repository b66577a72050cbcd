// The command line that starts this program again, with one of its commands.

import { PROGRAM_FILES } from "../program-files.ts";
import type { CommandName } from "./commands.ts";

export function ownCommand(name: CommandName): string[] {
  // The executable of a compiled program is the program itself. Otherwise it is Bun.
  return [process.execPath, ...(Bun.isStandaloneExecutable ? [] : [PROGRAM_FILES.program]), name];
}
