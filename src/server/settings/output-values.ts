// Checks the settings of what is told about events: a command and the address of a webhook.

import { UsageError } from "../../core/errors.ts";
import { PLACEHOLDERS, placeholdersIn } from "../motion/outputs/event-command.ts";
import { checkAs } from "./checked.ts";

/** Throws UsageError if the program does not exist, or if there is an unknown placeholder. The message has no subject. */
export function checkCommand(command: readonly string[]): void {
  const [program] = command;
  if (program === undefined || program === "")
    throw new UsageError('needs a program: write for example ["notify-send", "{camera}"]');
  const unknown = placeholdersIn(command).find((name) => !PLACEHOLDERS.includes(name));
  if (unknown !== undefined) {
    const known = PLACEHOLDERS.map((name) => `{${name}}`).join(", ");
    throw new UsageError(`has the unknown placeholder {${unknown}}; there are ${known}`);
  }
  if (Bun.which(program) === null) throw new UsageError(`names the program '${program}', which is not installed`);
}

/** Returns the command. Throws UsageError as checkCommand does, with the name of the setting. */
export function resolveCommand(command: readonly string[]): readonly string[] {
  checkAs("on-event", () => checkCommand(command));
  return command;
}

/** Returns the address. Throws UsageError if it is not one. The message does not repeat it, because it may be a secret. */
export function checkWebhook(address: string): string {
  const url = URL.parse(address);
  if (url !== null && (url.protocol === "http:" || url.protocol === "https:")) return url.href;
  throw new UsageError("webhook must be an address, for example https://example.org/motion");
}
