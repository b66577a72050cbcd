// Runs in the guest: a capture card (the kernel's test driver with an HDMI input) whose signal is lost, returns and changes its size.

import { expect, test } from "bun:test";
import { startServer, startViewer } from "../support/programs.ts";

function v4l2ctl(...args: string[]): { isDone: boolean; output: string } {
  const { success, stdout, stderr } = Bun.spawnSync(["v4l2-ctl", "-d", "/dev/video0", ...args]);
  return { isDone: success, output: `${stdout.toString()}${stderr.toString()}` };
}

function setSignal(mode: string): void {
  const { isDone, output } = v4l2ctl("-c", `dv_timings_signal_mode=${mode}`);
  if (!isDone) throw new Error(output);
}

/** The items of vivid's control (the kernel's vivid-ctrls.c). */
const SIGNAL = { current: "0", none: "1", noLock: "2", outOfRange: "3", selected: "4" };

/** The index of the first timings with this size, in the menu of timings. */
function timingsOf(width: number, height: number): string {
  const menu = v4l2ctl("--list-ctrls-menus").output.split("dv_timings 0x")[1] ?? "";
  const found = new RegExp(`^\\s*(\\d+): .*${width}x${height}p`, "m").exec(menu)?.[1];
  if (found === undefined) throw new Error(`no timings of ${width}x${height} in ${menu.slice(0, 2000)}`);
  return found;
}

test("capture card: the source follows a signal that is lost, returns and changes its size", async () => {
  setSignal(SIGNAL.none);
  const refused = Bun.spawnSync([process.execPath, "src/cli/serve.ts", "--source", "0"]);
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr.toString()).toContain("error: /dev/video0 has no signal at its input\n");

  v4l2ctl("-c", `dv_timings=${timingsOf(640, 480)}`);
  setSignal(SIGNAL.selected);
  await using server = await startServer(["--source", "0"]);
  await using viewer = startViewer(server.port);
  const shows = (width: number, height: number) =>
    viewer.until(`${width}x${height}`, ({ last }) => last?.width === width && last.height === height);
  await shows(640, 480);

  for (const [mode, text] of [
    [SIGNAL.none, "has no signal at its input"],
    [SIGNAL.noLock, "cannot lock to the signal at its input"],
    [SIGNAL.outOfRange, "gets a signal that is out of its range"],
  ] as const) {
    const good = () => viewer.remarks.split("video is back").length;
    const before = good();
    setSignal(mode);
    await viewer.until(text, ({ remarks }) => remarks.includes(text));
    setSignal(SIGNAL.selected);
    await viewer.until("the end of the trouble", () => good() > before);
  }

  v4l2ctl("-c", `dv_timings=${timingsOf(720, 480)}`);
  await shows(720, 480);
  expect(viewer.remarks).toContain("has changed its picture's format");

  const frames = viewer.last?.frames ?? 0;
  for (const change of ["--set-fmt-video=width=320,height=240", "--set-dv-bt-timings=index=0"]) {
    const { isDone, output } = v4l2ctl(change); // another program asks, and must not change the format
    expect([isDone, output]).toEqual([false, expect.stringContaining("busy")]);
  }
  await viewer.until("more frames", ({ last }) => (last?.frames ?? 0) > frames + 3);
  expect(viewer.last).toMatchObject({ width: 720, height: 480, reconnects: 0 });
  expect(await server.end("SIGTERM")).toBe(0);
});
