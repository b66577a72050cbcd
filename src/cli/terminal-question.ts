// Asks the user a question on the terminal. The answer can be a secret, which is not shown.

import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";

/** A terminal that can ask. */
export interface Terminal {
  /** Resolves with the answer. It is empty when the program is stopped. */
  ask(question: string): Promise<string>;
  /**
   * The same for a secret: nothing of the answer is shown. Resolves with null when the user ends the input (Ctrl-D), or the
   * program is stopped.
   */
  askSecret(question: string): Promise<string | null>;
}

/**
 * Returns null if there is no terminal. Questions end when `signal` aborts. The function calls `interrupt` for Ctrl-C, because
 * the process gets no signal while a line is read.
 */
export function openTerminal(
  input: NodeJS.ReadStream,
  output: NodeJS.WriteStream,
  signal: AbortSignal,
  interrupt: () => void,
): Terminal | null {
  if (!input.isTTY || !output.isTTY) return null;
  return {
    async ask(question) {
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
    },
    async askSecret(question) {
      // The line editor writes the typed characters to this stream, which drops them for a secret. The line editor also turns off
      // the terminal's own echo, so it is created before the question is printed.
      const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
      const terminal = createInterface({ input, output: nowhere, terminal: true, historySize: 0 });
      terminal.on("SIGINT", interrupt);
      output.write(question);
      const ended = new Promise<null>((resolve) => terminal.once("close", () => resolve(null)));
      try {
        return await Promise.race([terminal.question("", { signal }), ended]);
      } catch (error) {
        if (signal.aborted) return null;
        throw error;
      } finally {
        terminal.close();
        output.write("\n");
      }
    },
  };
}
