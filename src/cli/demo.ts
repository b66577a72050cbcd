// `bun run demo`: real video from a server to a window and a web page on this machine. Without a display the viewer prints its
// figures: on a terminal until Ctrl-C, so that people can open the page, and otherwise for some
// seconds.

import { Command } from "commander";
import { MissingError } from "../core/errors.ts";
import { VERSION } from "../core/version.ts";
import { PROGRAM_FILES } from "../program-files.ts";
import { fileOnDisk } from "../state/file-on-disk.ts";
import { ownCommand } from "./own-command.ts";
import { asProgram, runMain } from "./program.ts";
import { startVirtualDisplay } from "./virtual-display.ts";

const HEADLESS_SECONDS = 10;

/** The server's first JSON line, which has its port, or null if the server ended before. */
async function firstReport(stdout: ReadableStream<Uint8Array>): Promise<{ port: number } | null> {
  let text = "";
  const decoder = new TextDecoder();
  const reader = stdout.getReader();
  while (!text.includes("\n")) {
    const { done, value } = await reader.read();
    if (done) return null;
    text += decoder.decode(value, { stream: true });
  }
  void drain(reader);
  return JSON.parse(text.slice(0, text.indexOf("\n")));
}

/** Reads the rest, so that the server's pipe never fills. */
async function drain(reader: { read(): Promise<{ done: boolean }> }): Promise<void> {
  while (!(await reader.read()).done);
}

const { DISPLAY, WAYLAND_DISPLAY } = process.env;
const hasDisplay = process.platform !== "linux" || Boolean(DISPLAY) || Boolean(WAYLAND_DISPLAY);

const command = asProgram(new Command("bun run demo"), VERSION).description(
  "Shows a film, from a server to a window and a web page. 'bun run serve --help' has the options of a server.",
);

await runMain(async (signal) => {
  command.parse();
  const isTimed = !hasDisplay && !process.stdout.isTTY;
  await using virtualDisplay = isTimed && Bun.which("Xvfb") !== null ? await startVirtualDisplay() : null;
  if (!hasDisplay) {
    const instead = virtualDisplay ? `on the virtual display ${virtualDisplay.name}` : "without a window";
    const duration = isTimed ? `for ${HEADLESS_SECONDS} seconds` : "until Ctrl-C";
    console.log(`There is no display here: the viewer runs ${instead} ${duration}.`);
  }

  const hasFfmpeg = Bun.which("ffmpeg") !== null;
  if (!hasFfmpeg) console.log("There is no ffmpeg here: the demo shows the test pattern instead of a film.");
  const source = hasFfmpeg ? fileOnDisk(PROGRAM_FILES.assets["demo.mp4"]) : "pattern";
  const serverFlags = ["--no-config", "--source", source, "--port", "0", "--http", "0", "--json"];
  const server = Bun.spawn([...ownCommand("serve"), ...serverFlags], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const report = await firstReport(server.stdout);
    // Ctrl-C may end the server before it handles signals, and before this program is told of the signal.
    if (report === null) await server.exited;
    if (signal.aborted || server.signalCode === "SIGINT") return;
    if (report === null) throw new MissingError("the server ended before it listened; its message is above");
    const flags = [
      `127.0.0.1:${report.port}`,
      "--once",
      ...(isTimed ? ["--seconds", String(HEADLESS_SECONDS)] : []),
      ...(hasDisplay || virtualDisplay ? [] : ["--display", "none"]),
    ];
    if (hasDisplay) console.log("A window opens; in it: I shows figures, F is fullscreen, S saves a picture, Q quits.");
    const viewer = Bun.spawn([...ownCommand("view"), ...flags], {
      stdio: ["ignore", "inherit", "inherit"],
      env: { ...process.env, ...(virtualDisplay ? { DISPLAY: virtualDisplay.name } : {}) },
    });
    const stop = () => viewer.kill("SIGTERM"); // the server gets Ctrl-C from the terminal as well; a second signal changes nothing
    signal.addEventListener("abort", stop);
    const code = await viewer.exited;
    if (code === 0 || signal.aborted || viewer.signalCode === "SIGINT") return;
    throw new MissingError(`the viewer ended with exit code ${code}; its message is above`);
  } finally {
    server.kill("SIGTERM");
    await server.exited;
  }
});
