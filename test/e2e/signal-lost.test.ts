// A lost signal: the viewer greys the last picture, and says what happened and for how long, until the next frame comes. A real ffmpeg
// is stopped and killed, a real server is killed, and the tests look at the pixels of a real window.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { startVirtualDisplay, type VirtualDisplay } from "../../src/cli/virtual-display.ts";
import type { ViewReport } from "../../src/client/figures.ts";
import {
  CLIP,
  childrenOf,
  type Program,
  type Server,
  startServer,
  startViewer,
  TEST_TIMEOUT_MS,
} from "../support/programs.ts";
import { isListening } from "../support/listening-port.ts";
import { until } from "../support/wait-until.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const SCREEN = { width: 800, height: 600 };

let shown: VirtualDisplay;
let filmed: VirtualDisplay;
beforeAll(async () => {
  [shown, filmed] = await Promise.all([
    startVirtualDisplay(SCREEN.width, SCREEN.height),
    startVirtualDisplay(320, 240),
  ]);
});
afterAll(async () => {
  await shown[Symbol.asyncDispose]();
  await filmed[Symbol.asyncDispose]();
});

/** A screenshot of the display, as RGBA. */
function screenshot(): Uint8Array {
  const args = ["-f", "x11grab", "-draw_mouse", "0", "-i", shown.name, "-frames:v", "1"];
  return Bun.spawnSync(["ffmpeg", "-loglevel", "error", ...args, "-f", "rawvideo", "-pix_fmt", "rgba", "pipe:1"])
    .stdout;
}

/** Measures the screen: the share of coloured pixels, the share of pixels in the red of the alarm, and the mean brightness. */
function look(): { coloured: number; red: number; brightness: number } {
  const rgba = screenshot();
  let [coloured, red, sum] = [0, 0, 0];
  for (let at = 0; at < rgba.length; at += 4) {
    const r = rgba[at] as number;
    const g = rgba[at + 1] as number;
    const b = rgba[at + 2] as number;
    const isRed = Math.abs(r - 0xd0) <= 3 && Math.abs(g - 0x20) <= 3 && Math.abs(b - 0x20) <= 3;
    if (isRed) red++;
    else if (Math.max(r, g, b) - Math.min(r, g, b) > 24) coloured++;
    sum += r + g + b;
  }
  const pixels = rgba.length / 4;
  return { coloured: coloured / pixels, red: red / pixels, brightness: sum / pixels / 3 };
}

async function eventually(what: string, isTrue: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!isTrue()) {
    if (Date.now() > deadline) throw new Error(`${what} did not happen: ${JSON.stringify(look())}`);
    await Bun.sleep(100);
  }
}

const openWindow = (port: number) => startViewer(port, ["--display", "sdl"], { env: { DISPLAY: shown.name } });
/** Whether the screen shows a picture in colours, and no alarm. */
const isColoured = () => {
  const { coloured, red } = look();
  return coloured > 0.02 && red === 0;
};
const isGrey = () => {
  const { coloured, red } = look();
  return coloured < 0.001 && red > 0.002;
};

/** The process id of the server's ffmpeg. Waits until it differs from `before`. */
async function ffmpegOf(server: Server, before = 0): Promise<number> {
  let pid = 0;
  await eventually("an ffmpeg", () => {
    pid = childrenOf(server.child.pid, "ffmpeg").find((each) => each !== before) ?? 0;
    return pid > 0;
  });
  return pid;
}

/** Waits until the viewer's JSON has the trouble and its duration grows. */
async function lasts(viewer: Program<ViewReport>, text: RegExp): Promise<void> {
  const since = () => viewer.reports.filter(({ trouble }) => trouble !== null && text.test(trouble));
  await viewer.until(`the trouble ${text}`, () => {
    const [first, last] = [since()[0], since().at(-1)];
    return first !== undefined && last !== undefined && last.troubleSeconds > first.troubleSeconds;
  });
}

const isWell = ({ last }: Program<ViewReport>) => last?.trouble === null && last.troubleSeconds === 0;

describe("view: a lost signal", () => {
  test("lost signal: the picture of a source that hangs is grey after 2 s, and coloured again with the next frame", async () => {
    await using server = await startServer(["--source", CLIP, "--size", "640x480"]);
    await using viewer = openWindow(server.port);
    await eventually("the picture", isColoured);
    const before = look();
    expect(viewer.last?.trouble ?? null).toBeNull();
    const ffmpeg = await ffmpegOf(server);
    process.kill(ffmpeg, "SIGSTOP");
    try {
      await lasts(viewer, /^vtest-6s\.mp4 has sent nothing for 2 s$/);
      await eventually("grey", isGrey);
      expect(look().brightness).toBeLessThan(0.8 * before.brightness);
      expect(server.remarks).toContain("vtest-6s.mp4 has sent nothing for 2 s");
    } finally {
      process.kill(ffmpeg, "SIGCONT");
    }
    await eventually("colours", isColoured);
    await viewer.until("that all is well", isWell);
    await server.until("that it is back", ({ remarks }) => remarks.includes("vtest-6s.mp4 is back"));
  });

  test("lost signal: the picture is grey after 2 s without a message from the server", async () => {
    await using server = await startServer(["--source", CLIP, "--size", "640x480"]);
    await using viewer = openWindow(server.port);
    await eventually("the picture", isColoured);
    server.child.kill("SIGSTOP");
    try {
      await lasts(viewer, /^no new picture$/);
      await eventually("grey", isGrey);
    } finally {
      server.child.kill("SIGCONT");
    }
    await eventually("colours", isColoured);
    await viewer.until("that all is well", isWell);
  });

  test("lost signal: the picture of a killed server is grey until another server takes its place", async () => {
    const flags = ["--source", CLIP, "--size", "640x480"];
    const first = await startServer(flags);
    await using viewer = openWindow(first.port);
    await eventually("the picture", isColoured);
    first.child.kill("SIGKILL");
    await first.end();
    await lasts(viewer, /^(?:the server closed the connection|no program listens|waiting for)/);
    await eventually("grey", isGrey);
    await using _ = await startServer([...flags, "--port", String(first.port)]);
    await eventually("colours", isColoured);
    await viewer.until("that all is well", isWell);
    expect(viewer.last?.reconnects).toBe(1);
  });
});

describe("serve: the ffmpeg of a screen fails", () => {
  test.each(["SIGSTOP", "SIGKILL"] as const)(
    "lost signal: a screen's ffmpeg that gets %s is restarted, and no written frame is grey",
    async (signal) => {
      await using server = await startServer(["--source", `screen${filmed.name}`, "--fps", "20"]);
      await using viewer = startViewer(server.port, ["--output", "-"], { rawOutput: true });
      await viewer.until("a picture", ({ bytes }) => bytes.length > 320 * 240 * 4 * 5);
      const ffmpeg = await ffmpegOf(server);
      process.kill(ffmpeg, signal);
      const text =
        signal === "SIGKILL" ? /ended by SIGKILL while reading screen :\d+; trying again/ : /sent nothing for 2 s/;
      await server.until("what is wrong", ({ remarks }) => text.test(remarks));
      await ffmpegOf(server, ffmpeg);
      await server.until("that it is back", ({ remarks }) => /screen :\d+ is back/.test(remarks));
      await viewer.until("that all is well", isWell);
      // The screen does not change, so every frame equals the first one unless frames are greyed.
      await viewer.end("SIGTERM");
      const bytes = 320 * 240 * 4;
      const first = viewer.bytes.subarray(0, bytes);
      for (let at = 0; at + bytes <= viewer.bytes.length; at += bytes) {
        expect(Buffer.compare(viewer.bytes.subarray(at, at + bytes), first)).toBe(0);
      }
    },
  );
});

/** The server tells the end of the camera, and later that the camera is back. */
const BACK_AGAIN = /live\.mjpg.*trying again.*live\.mjpg is back/s;

test("lost signal: a network camera that comes back is opened again", async () => {
  const holder = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = holder;
  holder.stop(true);
  const url = `http://127.0.0.1:${port}/live.mjpg`;
  const camera = () =>
    Bun.spawn([
      ...["ffmpeg", "-loglevel", "quiet", "-nostdin", "-re", "-stream_loop", "-1", "-i", CLIP, "-c:v", "mjpeg"],
      ...["-listen", "1", "-content_type", "multipart/x-mixed-replace;boundary=ffmpeg", "-f", "mpjpeg", url],
    ]);
  let playing = camera();
  try {
    // A camera that refuses the only source of a server ends it. ffmpeg takes one connection, so nothing may try it.
    await until(() => isListening(port), "a camera that listens", 20_000);
    await using server = await startServer(["--source", url, "--size", "320x240"]);
    await using viewer = startViewer(server.port);
    await viewer.until("pictures", ({ last }) => (last?.frames ?? 0) > 5);
    const { length } = server.remarks; // it may have asked before the camera listened
    playing.kill("SIGKILL");
    await lasts(
      viewer,
      /^(?:http:.*live\.mjpg (?:has ended|has sent nothing)|cannot read video from http:.*Connection refused)/,
    );
    playing = camera();
    await server.until("that it is back", ({ remarks }) => BACK_AGAIN.test(remarks.slice(length)));
    await viewer.until("that all is well", isWell);
  } finally {
    playing.kill("SIGKILL");
    await playing.exited;
  }
});
