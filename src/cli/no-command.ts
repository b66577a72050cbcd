// `slipstream` without a command: --help, --version, and the error for a misspelt command.

import { Command } from "commander";
import { closestMatch } from "leven";
import { UsageError } from "../core/errors.ts";
import { VERSION } from "../core/version.ts";
import { COMMANDS, isCommand, RUN_COMMAND } from "./commands.ts";
import { EXIT_CODES } from "./exit-codes.ts";
import { asProgram, runMain } from "./program.ts";

/** A word with more wrong letters than this is not a misspelt command. */
const MOST_WRONG_LETTERS = 2;

/** Runs the program, and exits. */
export function runWithoutCommand(): Promise<never> {
  return runMain(async () => {
    const [word, command] = process.argv.slice(2);
    if (word === undefined) throw new UsageError("write a command after 'slipstream' (--help lists the commands)");
    if (word === "help" && command !== undefined && isCommand(command)) {
      process.argv.splice(2, 2, "--help");
      await RUN_COMMAND[command]();
    }
    if (word !== "help" && !word.startsWith("-")) throw new UsageError(adviceFor(word));
    asProgram(new Command("slipstream"), VERSION)
      .usage("<command> [options]")
      .description("Live video over TCP: what you see is what the camera sees now.")
      .addHelpText("after", HELP)
      .parse(word === "help" ? ["--help"] : [word], { from: "user" });
  });
}

/** The answer to a word that is not a command. It does not contain the word, which may be a key or an address with one. */
function adviceFor(word: string): string {
  const meant = closestMatch(word, Object.keys(COMMANDS), { maxDistance: MOST_WRONG_LETTERS });
  return `there is no such command${meant === undefined ? "" : `: did you mean '${meant}'?`} (--help lists the commands)`;
}

function listOfCommands(): string {
  const names = Object.keys(COMMANDS);
  const width = Math.max(...names.map((name) => name.length));
  return Object.entries(COMMANDS)
    .map(([name, summary]) => `  ${name.padEnd(width)}  ${summary}`)
    .join("\n");
}

const HELP = `
Commands:
${listOfCommands()}

'slipstream COMMAND --help' has the options of a command.
${EXIT_CODES}`;
