// Runs the commands of the set-up and of builds, and reports why one failed.

/** The set-up cannot continue. The message says what to do. */
export class SetupError extends Error {
  override readonly name = "SetupError";
}

/** Prints one line to standard error, because standard output belongs to the program. */
export function say(text: string): void {
  console.error(`setup: ${text}`);
}

interface RunOptions {
  cwd?: string;
  timeoutMs?: number;
  /** The number of lines of output that describe a failure. Default: 5. */
  lastLines?: number;
}

/** Runs a command until it ends. Returns null if it succeeded, or else its last lines of output. */
export function run(command: readonly string[], options: RunOptions = {}): string | null {
  const result = Bun.spawnSync([...command], {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    stdout: "pipe",
    stderr: "pipe",
    stdin: "ignore",
  });
  if (result.success) return null;
  const output = `${result.stdout.toString()}\n${result.stderr.toString()}`.trim().split("\n");
  return output.slice(-(options.lastLines ?? 5)).join("\n") || `exit code ${result.exitCode}`;
}

/** Runs a command in a folder. Throws SetupError with its output if it fails. */
export function runOrThrow(command: readonly string[], cwd: string): void {
  const failure = run(command, { cwd, lastLines: MOST_LINES });
  if (failure !== null) throw new SetupError(`'${command.join(" ")}' failed:\n${failure}`);
}

/** A compiler prints several lines for each error. */
const MOST_LINES = 100;
