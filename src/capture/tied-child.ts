// Ties child processes to this process: the system kills them when this process has ended, even if it was killed with SIGKILL.

/** The command that ties a child. The signal is KILL, because the child may hang in a driver and ignore other signals. */
const TIE = ["setpriv", "--pdeathsig", "KILL", "--"];
/**
 * Executes the command of its further arguments, unless the process of its first argument is no longer its parent. The kernel sends
 * no signal when the parent ended before PR_SET_PDEATHSIG (prctl(2)).
 */
const UNLESS_ORPHANED = ["sh", "-c", 'test "$PPID" = "$0" && exec "$@"'];

/**
 * Whether this system has a setpriv with this option, or null before the first child. The setpriv of BusyBox does not have it.
 */
let canTie: boolean | null = null;

/**
 * Returns the command that runs `command` tied to this process. On Linux, setpriv (util-linux) sets PR_SET_PDEATHSIG (prctl(2)),
 * and a shell then executes the command in the same process. So process id, streams and exit code are those of the command. The kernel
 * ties the child to the thread that starts it. If a child should outlive a worker, the main thread must start it. On other
 * systems, and without a suitable setpriv, the function returns the command unchanged. The child then ends at its next write to
 * the closed pipe.
 */
export function tied(command: readonly string[]): string[] {
  canTie ??= process.platform === "linux" && tryTie();
  return canTie ? [...TIE, ...UNLESS_ORPHANED, String(process.pid), ...command] : [...command];
}

function tryTie(): boolean {
  return Bun.which("setpriv") !== null && Bun.spawnSync([...TIE, "true"], { stderr: "ignore" }).success;
}
