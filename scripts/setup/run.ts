// Running the programs that set-up needs, and saying what went wrong with them.

/** Set-up cannot go on; the message says what to do. */
export class SetupError extends Error {
  override readonly name = "SetupError";
}

/** One line to standard error, so that standard output stays the program's. */
export function say(text: string): void {
  console.error(`setup: ${text}`);
}

/** Runs a command to its end; null where it succeeded, else what it said last. */
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
  const said = `${result.stdout.toString()}\n${result.stderr.toString()}`.trim().split("\n");
  return said.slice(-5).join("\n") || `exit code ${result.exitCode}`;
}
