// Installs the packages of package.json in the exact versions of bun.lock.

import { run, SetupError, say } from "./run.ts";

/** Does not run their install scripts. One of them downloads from a host that may be unreachable, which would make the whole install fail. */
export function installPackages(root: string): void {
  say("installing packages (bun install)");
  const command = [process.execPath, "install", "--frozen-lockfile", "--ignore-scripts"];
  const failure = run(command, { cwd: root });
  if (failure !== null) throw new SetupError(`packages could not be installed (is there a network?):\n${failure}`);
}
