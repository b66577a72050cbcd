// Ties child processes to this one: the system ends them when this process is gone, also when it was killed by SIGKILL.

/** The signal goes to a process that may hang in a driver or wait for a network, so it is one that cannot be ignored. */
const TIE = ["setpriv", "--pdeathsig", "KILL", "--"];

/** Whether this system has a setpriv that can do it; null before the first child. The setpriv of BusyBox cannot. */
let canTie: boolean | null = null;

/**
 * Returns the command that runs `command` tied to this process. On Linux it is run by setpriv (util-linux), which sets
 * PR_SET_PDEATHSIG (prctl(2)) and turns into the command: the process has the same id, streams and exit code. The tie is to the thread
 * that starts the child, so a child that should outlive a worker has to be started by the main thread. Elsewhere, and
 * where there is no such setpriv, the command is returned as it is: it then ends when it next writes to its closed pipe.
 */
export function tied(command: readonly string[]): string[] {
  canTie ??= process.platform === "linux" && tryTie();
  return canTie ? [...TIE, ...command] : [...command];
}

function tryTie(): boolean {
  return Bun.which("setpriv") !== null && Bun.spawnSync([...TIE, "true"], { stderr: "ignore" }).success;
}
