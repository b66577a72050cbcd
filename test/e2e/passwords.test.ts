// The password of a network camera is in no output of the programs at any log level, and in no argument of a child process.

import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { multipart, PICTURES } from "../support/multipart-streams.ts";
import { type Program, runToEnd, startServer, startViewer, TEST_TIMEOUT_MS } from "../support/programs.ts";
import { openRtspCamera } from "../support/rtsp-camera.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const SECRET = "hunter2";

/** A camera that sends its pictures in a loop, ten times a second. */
function openCamera() {
  return Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: () => {
      const body = new ReadableStream<Uint8Array>({
        async pull(controller) {
          await Bun.sleep(100);
          controller.enqueue(multipart(PICTURES.slice(0, 1)));
        },
      });
      return new Response(body, { headers: { "Content-Type": "multipart/x-mixed-replace; boundary=frame" } });
    },
  });
}

function outputOf({ reports, remarks }: Program<unknown>): string {
  return JSON.stringify(reports) + remarks;
}

function argumentsOfChildren(pid: number | undefined): string {
  return Bun.spawnSync(["ps", "-o", "args=", "--ppid", `${pid}`]).stdout.toString();
}

test("passwords are in no output of server and viewer, and in no argument of a child", async () => {
  await using http = openCamera();
  using refusing = openRtspCamera("401 Unauthorized");
  using silent = openRtspCamera(null);
  const folder = await mkdtemp(join(tmpdir(), "slipstream-test-"));
  try {
    const addresses = [
      `http://admin:x/${SECRET}@127.0.0.1:${http.port}/video`,
      `http://127.0.0.1:${http.port}/video.cgi?user=admin&pwd=${SECRET}`,
      `rtsp://admin:x@${SECRET}@127.0.0.1:${refusing.port}/live`,
      `rtsp://127.0.0.1:${silent.port}/user=admin_password=${SECRET}_channel=1.sdp`,
      `http://admin:${SECRET}@127.0.0.1:1/video.m3u8?token=${SECRET}`,
      `rtps://admin:${SECRET}@camera.invalid/live`,
    ];
    const traces = ["serve", "view"].map((name) => join(folder, `${name}.json`));
    const flags = addresses.flatMap((address) => ["--source", address]);
    await using server = await startServer([...flags, "--log-level", "debug", "--trace", traces[0] as string]);
    await server.until("the refusal and the silence", ({ remarks }) =>
      ["401 Unauthorized", "has sent no picture for 2 s", "Connection refused"].every((text) => remarks.includes(text)),
    );
    const children = argumentsOfChildren(server.child.pid);
    expect(children).toContain("ffmpeg");
    expect(children).not.toContain(SECRET);
    await using viewer = startViewer(server.port, [
      "--frames",
      "5",
      "--log-level",
      "debug",
      "--trace",
      traces[1] as string,
    ]);
    expect(await viewer.end()).toBe(0);
    const list = await runToEnd("view", [`127.0.0.1:${server.port}`, "--list"]);
    const unknown = await runToEnd("view", [`127.0.0.1:${server.port}/nothing`, "--display", "none"]);
    await server.end("SIGTERM");
    const outputs = [server, viewer, list.program, unknown.program].map(outputOf);
    outputs.push(...(await Promise.all(traces.map((trace) => readFile(trace, "utf8")))));
    for (const output of outputs) {
      expect(output.length).toBeGreaterThan(20);
      expect(output).not.toContain(SECRET);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});

test.each([
  ["serve", ["--sourc=rtsp://admin:hunter2@camera/live"]],
  ["serve", ["--source", "pattern", "rtsp://admin:hunter2@camera/live"]],
  ["serve", ["--source", "pattern", "--size", "http://camera/v?pwd=hunter2"]],
  ["serve", ["--source", "admin:hunter2@camera/live"]],
  ["serve", ["--source", "rtsp:/admin:hunter2@camera/live"]],
  ["serve", ["--source", "rtsp://admin:hunter2@camera/live", "--device", "0"]],
  ["view", ["rtsp://admin:hunter2@camera/live"]],
  ["view", ["http://camera/v?pwd=hunter2"]],
  ["cameras", ["rtsp://admin:hunter2@camera/live"]],
] as const)("%s: the error for %j does not quote the password", async (program, flags) => {
  const { code, remarks } = await runToEnd(program, flags);
  expect(code).toBeGreaterThan(0);
  expect(remarks).toStartWith("error: ");
  expect(remarks).not.toContain(SECRET);
});
