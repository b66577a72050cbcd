// `bun run dev [flags of serve]`: a server and its viewer on this machine. Each restarts when one of its source files changes.
//
// Without --source the server shows the test pattern. Without a display the viewer prints its figures.

import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { runMain } from "../src/cli/program.ts";

const ROOT = dirname(import.meta.dir);

await runMain(async (signal) => {
  const flags = process.argv.slice(2);
  const { values } = parseArgs({
    args: flags,
    options: { source: { type: "string", multiple: true }, port: { type: "string" } },
    strict: false,
  });
  const { DISPLAY, WAYLAND_DISPLAY } = process.env;
  const hasDisplay = process.platform !== "linux" || Boolean(DISPLAY) || Boolean(WAYLAND_DISPLAY);
  const port = typeof values.port === "string" ? values.port : "10050"; // the default port of serve
  // Bun restarts a watched program inside the same process, so both stay children of this process.
  const start = (program: string, args: readonly string[]) =>
    Bun.spawn([process.execPath, "--watch", "--no-clear-screen", `src/cli/${program}.ts`, ...args], {
      cwd: ROOT,
      stdio: ["inherit", "inherit", "inherit"],
    });
  const server = start("serve", [...(values.source === undefined ? ["--source", "pattern"] : []), ...flags]);
  const viewer = start("view", [`127.0.0.1:${port}`, ...(hasDisplay ? [] : ["--display", "none"])]);
  const stop = () => {
    server.kill("SIGTERM");
    viewer.kill("SIGTERM");
  };
  signal.addEventListener("abort", stop);
  await Promise.race([server.exited, viewer.exited]);
  stop();
  await Promise.all([server.exited, viewer.exited]);
});
