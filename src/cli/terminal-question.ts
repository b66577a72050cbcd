// Asks the user a question on the terminal.

import { createInterface } from "node:readline/promises";

/**
 * Returns a function that asks a question and resolves with the answer, or null if there is no terminal. The answer is empty when
 * `signal` aborts. `interrupt` is called for Ctrl-C, because the process gets no signal while a line is read.
 */
export function askOn(
  input: NodeJS.ReadStream,
  output: NodeJS.WriteStream,
  signal: AbortSignal,
  interrupt: () => void,
): ((question: string) => Promise<string>) | null {
  if (!input.isTTY || !output.isTTY) return null;
  return async (question) => {
    const terminal = createInterface({ input, output });
    terminal.on("SIGINT", interrupt);
    try {
      return await terminal.question(question, { signal });
    } catch (error) {
      if (signal.aborted) return "";
      throw error;
    } finally {
      terminal.close();
    }
  };
}
