// A display in memory (Xvfb), for window tests and for the demo on a machine without a display.

export interface VirtualDisplay extends AsyncDisposable {
  /** The value for DISPLAY, for example `:101`. */
  readonly name: string;
}

/**
 * Starts Xvfb, which chooses a free display number itself. With `folder`, its pixels are in the file `Xvfb_screen0` there, as an X
 * Window Dump. Throws an error with its error output if it does not start.
 */
export async function startVirtualDisplay(width = 1920, height = 1080, folder?: string): Promise<VirtualDisplay> {
  const screen = `${width}x${height}x24`;
  const shown = folder === undefined ? [] : ["-fbdir", folder];
  // Without -noreset an X server restarts when its last client disconnects, and closes the connection of a client that comes at
  // that moment.
  const xvfb = Bun.spawn(
    ["Xvfb", "-displayfd", "3", "-screen", "0", screen, "-nolisten", "tcp", "-noreset", ...shown],
    {
      stdio: ["ignore", "ignore", "pipe", "pipe"],
      detached: true, // Ctrl-C must not reach it, because its user first closes the windows and then ends it
    },
  );
  const number = await firstLine(Bun.file(xvfb.stdio[3] as number).stream());
  if (number === "") throw new Error(`Xvfb did not start: ${await new Response(xvfb.stderr).text()}`);
  return {
    name: `:${number}`,
    async [Symbol.asyncDispose]() {
      xvfb.kill();
      await xvfb.exited;
    },
  };
}

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true });
    if (text.includes("\n")) break;
  }
  return text.split("\n")[0] ?? "";
}
