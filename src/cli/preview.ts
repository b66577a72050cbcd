// --preview: a window on the serving side, which is an ordinary viewer of the own streams in a process of its own.

import { fileURLToPath } from "node:url";

const VIEWER_PROGRAM = fileURLToPath(new URL("./view.ts", import.meta.url));

/** Address under which a server that listens on `host` reaches itself. */
function ownAddress(host: string, port: number): string {
  const own = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return own.includes(":") ? `[${own}]:${port}` : `${own}:${port}`;
}

/**
 * Opens the window; resolves when it has closed. Closing it leaves the server as it is, and so does a preview that
 * cannot be shown: then `say` hears why.
 */
export async function openPreview(
  host: string,
  port: number,
  /** All cameras in that window, instead of the first. */
  showsAll: boolean,
  signal: AbortSignal,
  say: (text: string) => void,
): Promise<void> {
  const child = Bun.spawn(
    [process.execPath, VIEWER_PROGRAM, ownAddress(host, port), "--once", ...(showsAll ? ["--grid"] : [])],
    {
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  const stop = () => child.kill("SIGTERM");
  signal.addEventListener("abort", stop);
  const lines = (await new Response(child.stderr).text()).trim().split("\n");
  const code = await child.exited;
  signal.removeEventListener("abort", stop);
  if (code !== 0 && !signal.aborted) say(`the preview could not be shown: ${lines.at(-1) ?? `exit code ${code}`}`);
}
