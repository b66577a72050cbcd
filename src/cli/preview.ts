// Opens a window on the server's machine (--preview). It is an ordinary viewer in its own process.

import { tied } from "../capture/tied-child.ts";
import { formatHostPort } from "../core/host-port.ts";
import { onAbort } from "../core/on-abort.ts";
import { ownCommand } from "./own-command.ts";

export interface PreviewOptions {
  /** The server's own address in the form that `view` takes. */
  address: string;
  /** Whether to show all cameras in the window instead of the first. */
  showsAll: boolean;
  /** The key that the server needs. Null if it needs none, or if only its hash is known. */
  key: string | null;
  /** The window closes when this signal aborts. */
  signal: AbortSignal;
  /** The function calls this with the reason if the window could not be shown. The server goes on. */
  say: (text: string) => void;
}

/** Returns the address at which a server that listens on `host` can be reached from its own machine. */
export function ownAddress(host: string, port: number): string {
  const own = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return formatHostPort(own, port);
}

/**
 * Opens the window. The promise resolves when the window has closed and never rejects. Closing the window does not end the
 * server.
 */
export async function openPreview({ address, showsAll, key, signal, say }: PreviewOptions): Promise<void> {
  const flags = [address, "--once", ...(showsAll ? ["--grid"] : [])];
  // Other users can read the arguments of a process, but not its environment.
  const env = { ...process.env, SLIPSTREAM_KEY: key ?? "" };
  const command = tied([...ownCommand("view"), ...flags]);
  const child = Bun.spawn(command, { stdio: ["ignore", "ignore", "pipe"], env });
  using _ = onAbort(signal, () => child.kill("SIGTERM"));
  const lines = (await new Response(child.stderr).text()).trim().split("\n");
  const code = await child.exited;
  if (code !== 0 && !signal.aborted) say(`the preview could not be shown: ${lines.at(-1) ?? `exit code ${code}`}`);
}
