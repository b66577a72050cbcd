// Runs the relay of test/support/link.ts as a process. It prints its port as JSON, and takes commands as JSON lines until its input ends.
//
// Usage: bun bench/link-process.ts '{"serverPort": N, "bitsPerSecond": N, "delayMs": N}'

import { openLink } from "../test/support/link.ts";

/** A command, which is one line of standard input. */
export type RelayCommand = { stallMs: number } | { bitsPerSecond: number };

const relay = openLink(JSON.parse(process.argv[2] ?? "{}"));
console.log(JSON.stringify({ port: relay.port }));
for await (const line of console) {
  if (line === "") continue; // the rest after the last line break
  const command: RelayCommand = JSON.parse(line);
  if ("stallMs" in command) relay.stall(command.stallMs);
  else relay.setRate(command.bitsPerSecond);
}
process.exit(0);
