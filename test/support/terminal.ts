// A program on a real terminal (a pseudo-terminal, by script(1)): its output, and keys that a test types.

const PATIENCE_MS = Number(process.env["TEST_PATIENCE_MS"] ?? 20_000);

/** Quotes an argument for a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The end of the scope kills the program. */
export class Terminal implements AsyncDisposable {
  /** The output of the terminal so far, including the echo of typed text. */
  shown = "";
  readonly #child: Bun.Subprocess<"pipe", "pipe", "pipe">;
  readonly #reading: Promise<void>;

  static start(command: readonly string[], env: Record<string, string> = {}): Terminal {
    return new Terminal(command, env);
  }

  private constructor(command: readonly string[], env: Record<string, string>) {
    // Without exec, a waiting dash gets Ctrl-C too, and script reports its end by SIGINT (130) instead of the program's exit code.
    const line = `exec ${command.map(quoted).join(" ")}`;
    const child = Bun.spawn(["script", "-qec", line, "/dev/null"], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
      env: { ...process.env, ...env },
    });
    this.#child = child;
    this.#reading = (async () => {
      for await (const chunk of child.stdout) this.shown += Buffer.from(chunk).toString();
    })();
  }

  /** Types keys in the form of a terminal: `\r` for Enter, `\u0003` for Ctrl-C. */
  type(keys: string): void {
    this.#child.stdin.write(keys);
    this.#child.stdin.flush();
  }

  /** Waits until the terminal has shown a text `times` times. */
  async until(text: string, times = 1): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    while (this.shown.split(text).length <= times) {
      if (performance.now() > deadline || this.#child.exitCode !== null) {
        await Bun.sleep(50); // reads the rest of the output
        if (this.shown.split(text).length > times) return;
        throw new Error(`the terminal has not shown ${JSON.stringify(text)}: ${JSON.stringify(this.shown)}`);
      }
      await Bun.sleep(10);
    }
  }

  /** Waits for the end of the program. Resolves with its exit code. */
  async end(): Promise<number> {
    const timeout = setTimeout(() => this.#child.kill("SIGKILL"), PATIENCE_MS);
    const code = await this.#child.exited;
    clearTimeout(timeout);
    await this.#reading;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null) this.#child.kill("SIGTERM");
    await this.end();
  }
}
