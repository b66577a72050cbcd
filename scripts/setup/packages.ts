// The packages of package.json, exactly as bun.lock has them.

import { run, SetupError, say } from "./run.ts";

/** Their install scripts are not run: one downloads from a host that may be out of reach, and would fail them all. */
export function installPackages(root: string): void {
  say("installing packages (bun install)");
  const command = [process.execPath, "install", "--frozen-lockfile", "--ignore-scripts"];
  const failure = run(command, { cwd: root });
  if (failure !== null) throw new SetupError(`packages could not be installed (is the network there?):\n${failure}`);
}
