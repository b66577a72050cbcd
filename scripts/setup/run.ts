// Runs the commands of the set-up and reports why one failed.

/** The set-up cannot continue. The message says what to do. */
export class SetupError extends Error {
  override readonly name = "SetupError";
}

/** Prints one line to standard error, because standard output belongs to the program. */
export function say(text: string): void {
  console.error(`setup: ${text}`);
}

/** Runs a command until it ends. Returns null if it succeeded, or else its last lines of output. */
export function run(command: readonly string[], options: { cwd?: string; timeoutMs?: number } = {}): string | null {
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
  return output.slice(-5).join("\n") || `exit code ${result.exitCode}`;
}
