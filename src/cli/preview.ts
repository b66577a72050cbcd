// --preview: a window on the serving side. It is an ordinary viewer of this server, in a process of its own.

import { fileURLToPath } from "node:url";
import { formatHostPort } from "../core/host-port.ts";
import { onAbort } from "../core/on-abort.ts";

const VIEWER_PROGRAM = fileURLToPath(new URL("./view.ts", import.meta.url));

export interface PreviewOptions {
  /** The server's own address, as `view` takes it. */
  address: string;
  /** Show all cameras in the window instead of the first. */
  showsAll: boolean;
  /** Closes the window. */
  signal: AbortSignal;
  /** Hears why the window could not be shown; the server goes on. */
  say: (text: string) => void;
}

/** The address under which a server that listens on `host` reaches itself. */
export function ownAddress(host: string, port: number): string {
  const own = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return formatHostPort(own, port);
}

/** Opens the window. Resolves when the window has closed; closing it does not end the server. Never rejects. */
export async function openPreview({ address, showsAll, signal, say }: PreviewOptions): Promise<void> {
  const flags = [address, "--once", ...(showsAll ? ["--grid"] : [])];
  const child = Bun.spawn([process.execPath, VIEWER_PROGRAM, ...flags], { stdio: ["ignore", "ignore", "pipe"] });
  using _ = onAbort(signal, () => child.kill("SIGTERM"));
  const lines = (await new Response(child.stderr).text()).trim().split("\n");
  const code = await child.exited;
  if (code !== 0 && !signal.aborted) say(`the preview could not be shown: ${lines.at(-1) ?? `exit code ${code}`}`);
}
