// Child processes end with the server, even if SIGKILL ends the server.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tied } from "../../src/capture/tied-child.ts";
import { childrenOf, CLIP, startServer, TEST_TIMEOUT_MS } from "../support/programs.ts";
import { until } from "../support/wait-until.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const canTie = process.platform === "linux" && Bun.which("setpriv") !== null;

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "slipstream-test-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Whether the process runs. A zombie does not count. */
function runs(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(")") + 2));
  } catch {
    return false;
  }
}

/** All descendants of the process `pid`. */
function descendantsOf(pid: number): number[] {
  const children = readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((each) => parentOf(each) === pid);
  return children.flatMap((child) => [child, ...descendantsOf(child)]);
}

function parentOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return 0; // the process has ended
  }
}

test("tied: the command runs with its own streams and exit code", async () => {
  const child = Bun.spawn(tied(["sh", "-c", "cat; exit 7"]), { stdin: Buffer.from("hello"), stdout: "pipe" });
  expect(await new Response(child.stdout).text()).toBe("hello");
  expect(await child.exited).toBe(7);
});

test.skipIf(!canTie)("tied: a command that starts after the end of its parent does not run", async () => {
  // A shell starts the command here, so its parent is not this process, as if this process had ended.
  const child = Bun.spawn(["sh", "-c", '"$@"; echo "exit code $?"', "sh", ...tied(["echo", "has run"])]);
  expect(await new Response(child.stdout).text()).toBe("exit code 1\n");
});

describe.skipIf(!canTie)("tied: after SIGKILL", () => {
  test("tied: a child that ignores all other signals and waits for ever ends with its parent", async () => {
    const module = JSON.stringify(new URL("../../src/capture/tied-child.ts", import.meta.url).href);
    const script = `
      import { tied } from ${module};
      const child = Bun.spawn(tied(["sh", "-c", "trap '' HUP INT TERM PIPE; exec sleep 1000"]));
      console.log(child.pid);
      setInterval(() => undefined, 1000);`;
    const parent = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "inherit" });
    const { value } = await parent.stdout.getReader().read();
    const pid = Number(new TextDecoder().decode(value));
    expect(runs(pid)).toBe(true);
    parent.kill("SIGKILL");
    await parent.exited;
    await until(() => !runs(pid), "the end of the child", 20_000);
  });

  /** Starts a server, waits for a descendant with this name, kills the server, and waits until no descendant is left. */
  async function expectNoneLeft(
    flags: readonly string[],
    program: string,
    env: Record<string, string> = {},
  ): Promise<void> {
    const server = await startServer(flags, { env });
    await until(() => childrenOf(server.child.pid, program).length > 0, `the server's ${program}`, 20_000);
    const children = descendantsOf(server.child.pid);
    server.child.kill("SIGKILL");
    await server.child.exited;
    await until(() => !children.some(runs), `the end of all children of ${flags.join(" ")}`, 20_000);
    await server.end();
  }

  test("serve: the ffmpeg of a file ends with the server", () => expectNoneLeft(["--source", CLIP], "ffmpeg"));

  test("serve: the ffmpeg of an address that accepts and never answers ends with the server", async () => {
    using silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    await expectNoneLeft(["--source", `rtsp://127.0.0.1:${silent.port}/live`], "ffmpeg");
  });

  test("serve: an ffprobe that waits for ever ends with the server", async () => {
    using silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    await expectNoneLeft(["--source", `http://127.0.0.1:${silent.port}/clip.mp4`], "ffprobe");
  });

  test("serve: a camera program that hangs in its driver, and its shell, end with the server", async () => {
    // No device here makes fswebcam hang, so a program that hangs takes its place.
    await Bun.write(join(folder, "fswebcam"), "#!/bin/sh\nexec sleep 1000\n");
    chmodSync(join(folder, "fswebcam"), 0o755);
    const PATH = `${folder}:${process.env["PATH"]}`;
    await expectNoneLeft(["--source", "webcam"], "sleep", { PATH });
  });
});
