// Failures: each one is reported in one clear line, and the other viewers and cameras go on.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeHello } from "../../src/protocol/greeting.ts";
import { writePing } from "../../src/protocol/messages.ts";
import { WIRE_VERSION } from "../../src/protocol/wire.ts";
import {
  CLIP,
  childrenOf,
  Program,
  runToEnd,
  startServer,
  startViewer,
  TEST_TIMEOUT_MS,
  TEST_VARIABLES,
} from "../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const PATTERN = ["--source", "pattern", "--size", "320x240", "--fps", "30"];

/** The last line that a program writes. */
function lastLine(remarks: string): string {
  return remarks.trim().split("\n").at(-1) ?? "";
}

/** A plain socket without the protocol. When the server closes it, `closed` resolves with all bytes from the server. */
async function connectRaw(port: number): Promise<{ send(bytes: Uint8Array): void; closed: Promise<string> }> {
  const closed = Promise.withResolvers<string>();
  let heard = "";
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      data: (_, chunk) => {
        heard += chunk.toString("latin1");
      },
      close: () => closed.resolve(heard),
      error: () => closed.resolve(heard),
    },
  });
  return { send: (bytes) => void socket.write(bytes), closed: closed.promise };
}

describe("serve: viewers that break the protocol", () => {
  test("serve: a viewer that is killed in the middle of a frame does not disturb the others", async () => {
    await using server = await startServer(PATTERN);
    await using healthy = startViewer(server.port);
    const doomed = startViewer(server.port, ["--output", "-"], { rawOutput: true });
    await doomed.until("frames", ({ bytes }) => bytes.length > 320 * 240 * 4 * 3);
    doomed.child.kill("SIGKILL");
    await doomed.end();
    await server.until("the loss", ({ remarks }) => /viewer 127\.0\.0\.1:\d+ left: /.test(remarks));
    const before = healthy.last?.frames ?? 0;
    await healthy.until("more frames", ({ last }) => (last?.frames ?? 0) > before + 20);
    await server.until("a report of one viewer", ({ last }) => last?.viewers === 1);
  });

  test("serve: refuses random bytes, other versions and silent peers with a reason", async () => {
    await using server = await startServer(PATTERN);
    await using healthy = startViewer(server.port);
    await healthy.until("frames", ({ last }) => (last?.frames ?? 0) > 0);

    const noise = await connectRaw(server.port);
    noise.send(crypto.getRandomValues(new Uint8Array(4096)));
    expect(await noise.closed).toContain("it does not speak Slipstream's protocol");

    const browser = await connectRaw(server.port);
    browser.send(Buffer.from("GET / HTTP/1.1\r\nHost: camera\r\n\r\n"));
    expect(await browser.closed).toContain("it does not speak Slipstream's protocol");

    const newer = await connectRaw(server.port);
    newer.send(writeHello({ version: 99, software: "slipstream 99", camera: "", paused: false }));
    expect(await newer.closed).toContain("it speaks version 99 of the protocol, and this server (slipstream ");

    const early = await connectRaw(server.port);
    early.send(writePing({ sentAt: 1 }));
    expect(await early.closed).toContain("before Hello or Welcome");

    const silent = await connectRaw(server.port);
    expect(await silent.closed).toContain("it has not begun the protocol within 5 s");

    // The first refusal has a line of its own. Further ones from the same address share one line.
    await server.until("five refusals", ({ remarks }) =>
      /connection from 127\.0\.0\.1:\d+ refused: .*\n(.*\n)*4 more connections from 127\.0\.0\.1 were refused/.test(
        remarks,
      ),
    );
    const before = healthy.last?.frames ?? 0;
    await healthy.until("more frames", ({ last }) => (last?.frames ?? 0) > before + 20);
    expect(healthy.last?.reconnects).toBe(0);
  });

  test("serve: a viewer that does not read gets only the pictures of its credit, and the others get all frames", async () => {
    await using server = await startServer(PATTERN);
    const stuck = await connectRaw(server.port);
    stuck.send(writeHello({ version: WIRE_VERSION, software: "stuck", camera: "", paused: false }));
    await using healthy = startViewer(server.port);
    await healthy.until("frames", ({ last }) => (last?.frames ?? 0) > 60);
    const { sent = 0, skipped = 0 } = server.last ?? {};
    const { length } = healthy.reports;
    await healthy.until("a report that is not older than the server's", ({ reports }) => reports.length >= length + 2);
    expect(sent - (healthy.last?.frames ?? 0)).toBeLessThan(15); // this viewer never acknowledges, so it gets one picture only
    expect(skipped).toBeGreaterThan(30);
    // The other viewer gets frames at the rate of the source in this run, while this one is still there.
    const { fps = 0 } = server.last ?? {};
    await healthy.until("the rate of the source", ({ last }) => (last?.fps ?? 0) > fps * 0.7);
    expect(server.remarks).not.toContain("it has been silent");
    expect(await stuck.closed).toContain("it has been silent for 10 s");
  });
});

describe("view: servers that fail", () => {
  test("view: reconnects to a server that was killed and restarted", async () => {
    const first = await startServer(PATTERN);
    await using viewer = startViewer(first.port);
    await viewer.until("frames", ({ last }) => (last?.frames ?? 0) > 5);
    first.child.kill("SIGKILL");
    await first.end();
    await viewer.until("the loss", ({ remarks }) => remarks.includes("the server closed the connection; trying again"));
    await Bun.sleep(700);
    await using second = await startServer([...PATTERN, "--port", String(first.port)]);
    await viewer.until("the return", ({ last }) => last?.reconnects === 1);
    const before = viewer.last?.frames ?? 0;
    await viewer.until("more frames", ({ last }) => (last?.frames ?? 0) > before + 10);
    await second.until("its viewer", ({ last }) => last?.viewers === 1);
  });

  test("view: an output in a missing folder ends it with one line", async () => {
    const { code, remarks } = await runToEnd("view", ["127.0.0.1:9", "--display", "none", "--output", "/none/x"]);
    expect({ code, remarks }).toEqual({
      code: 1,
      remarks: "error: cannot write to /none/x: there is no such folder\n",
    });
  });

  test("serve: writes addresses with colons in brackets", async () => {
    await using server = await startServer([...PATTERN, "--host", "::1"]);
    expect(server.remarks).toContain(`serving pattern on [::1]:${server.port}`);
    const viewer = await runToEnd("view", [`[::1]:${server.port}`, "--display", "none", "--frames", "3"]);
    expect(viewer.remarks).toContain(`connected to [::1]:${server.port}: pattern`);
    await server.until("a viewer", ({ remarks }) => /viewer \[::1\]:\d+ /.test(remarks));
  });

  test("view: reports a program that is not a Slipstream server", async () => {
    await using web = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { data: (socket) => void socket.write("HTTP/1.1 400 Bad Request\r\n\r\n") },
    });
    const { code, remarks } = await runToEnd("view", [`127.0.0.1:${web.port}`, "--display", "none"]);
    expect(code).toBe(1);
    expect(lastLine(remarks)).toStartWith(
      `error: 127.0.0.1:${web.port}: the program that listens there is not a Slipstream server`,
    );
  });

  test("view: names both protocol versions when the server has another one", async () => {
    const goodbye = Buffer.from("0e00000003010b00", "hex");
    await using other = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { data: (socket) => void socket.write(Buffer.concat([goodbye, Buffer.from("it speaks 9")])) },
    });
    goodbye.writeUInt32LE(1 + 1 + 2 + 11);
    const { code, remarks } = await runToEnd("view", [`127.0.0.1:${other.port}`, "--display", "none"]);
    expect(code).toBe(1);
    expect(lastLine(remarks)).toMatch(
      new RegExp(
        `: it speaks 9, and this viewer \\(slipstream .*\\) speaks version ${WIRE_VERSION}: update the older side$`,
      ),
    );
  });

  test("view: an unknown host ends it at once, and a missing server makes it wait", async () => {
    const unknown = await runToEnd("view", ["no.such.host.invalid", "--display", "none"]);
    expect(unknown).toMatchObject({ code: 1, remarks: "error: unknown host: no.such.host.invalid\n" });

    const once = await runToEnd("view", ["127.0.0.1:9", "--display", "none", "--once"]);
    expect(once).toMatchObject({
      code: 1,
      remarks: "error: no program listens on 127.0.0.1:9: start 'bun run serve' there\n",
    });

    const patient = await runToEnd("view", ["127.0.0.1:9", "--display", "none", "--seconds", "3"]);
    expect(patient.remarks).toContain("no program listens on 127.0.0.1:9: start 'bun run serve' there; trying again");
    const grid = await runToEnd("view", ["127.0.0.1:9", "--display", "none", "--grid", "--seconds", "3"]);
    for (const { code, remarks } of [patient, grid]) {
      expect({ code, last: lastLine(remarks) }).toEqual({ code: 1, last: "error: no picture was shown within 3 s" });
    }
  });
});

describe("serve: sources that fail", () => {
  test("serve: restarts an ffmpeg that was killed, and viewers are told", async () => {
    await using server = await startServer(["--source", CLIP]);
    await using viewer = startViewer(server.port);
    await viewer.until("frames", ({ last }) => (last?.frames ?? 0) > 3);
    const [ffmpeg] = childrenOf(server.child.pid, "ffmpeg");
    expect(ffmpeg).toBeNumber();
    process.kill(ffmpeg as number, "SIGKILL");
    await viewer.until("the notice", ({ remarks }) =>
      remarks.includes("ffmpeg was ended by SIGKILL while reading vtest"),
    );
    await viewer.until("the end of the trouble", ({ remarks }) => remarks.includes("video is back"));
    const before = viewer.last?.frames ?? 0;
    await viewer.until("more frames", ({ last }) => (last?.frames ?? 0) > before + 5);
    expect(viewer.last?.reconnects).toBe(0);
  });

  test("serve: a port in use and sources that cannot be opened end it with one line each", async () => {
    await using server = await startServer(PATTERN);
    const folder = await mkdtemp(join(tmpdir(), "slipstream-test-"));
    const noVideo = join(folder, "random.bin");
    await writeFile(noVideo, crypto.getRandomValues(new Uint8Array(20_000)));
    const cases: [string[], number, RegExp][] = [
      [[...PATTERN, "--port", String(server.port)], 1, /^error: port \d+ on 127\.0\.0\.1 is in use: /],
      [["--source", `${folder}/none.mp4`], 1, /^error: cannot read .*none\.mp4: there is no such file or device$/],
      [["--source", "/dev/video97"], 1, /^error: cannot read \/dev\/video97: there is no such file or device$/],
      [["--source", folder], 1, /^error: there is no video in slipstream-test-.*: none of its files can be played$/],
      [["--source", noVideo, "--port", "0"], 1, /^error: cannot read video from random\.bin: \S/],
      [
        ["--source", "http://127.0.0.1:9/x", "--port", "0"],
        1,
        /^error: cannot read video from http:.*Connection refused$/,
      ],
      [["--source", "webcam", "--device", "x;reboot"], 2, /^error: --device 'x;reboot' is not a device name: /],
      [
        ["--source", "webcam", "--device", "/dev/video97", "--port", "0"],
        1,
        /^error: \/dev\/video97 delivered no picture: \S/,
      ],
      [["--source", "-"], 2, /^error: --source - with --pixel-format rgba needs --size WIDTHxHEIGHT/],
      [["--source", "-", "--source", "-"], 2, /^error: only one camera can read standard input$/],
      [["--source", "-", "--size", "20x20", "--port", "0"], 1, /^error: standard input ended without a frame: check /],
      [["--source", "-", "--pixel-format", "mjpeg", "--port", "0"], 1, /^error: standard input ended without a frame/],
      [["--config", "x.toml", "--no-config"], 2, /^error: --config and --no-config cannot be used together/],
      [["--host", "192.0.2.1", ...PATTERN], 1, /^error: 192\.0\.2\.1 is not an address of this machine/],
      [["--host", "no.such.host.invalid", ...PATTERN], 1, /^error: unknown host: no\.such\.host\.invalid: /],
    ];
    for (const [flags, code, message] of cases) {
      const result = await runToEnd("serve", flags);
      expect({ flags, code: result.code }).toEqual({ flags, code });
      expect(lastLine(result.remarks)).toMatch(message);
    }
    await rm(folder, { recursive: true });
  });

  test("serve: counts damaged JPEGs on standard input, and shows the good ones", async () => {
    const made = Bun.spawnSync(
      ["ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=10:duration=1"].concat([
        "-c:v",
        "mjpeg",
        "-f",
        "mjpeg",
        "pipe:1",
      ]),
    ).stdout;
    // The frame header claims 0 × 0 pixels. The markers are intact, but the picture cannot be shown.
    const broken = Buffer.from(made.subarray(0, made.indexOf(Buffer.from([0xff, 0xd8, 0xff]), 2)));
    const sof = broken.indexOf(Buffer.from([0xff, 0xc0]));
    broken.fill(0, sof + 5, sof + 9);
    await using server = await startServer(["--source", "-", "--pixel-format", "mjpeg"], { stdin: "pipe" });
    await using viewer = startViewer(server.port, ["--once"]);
    await server.until("a viewer", ({ remarks }) => remarks.includes("is watching"));
    const { stdin } = server.child;
    if (stdin === undefined || typeof stdin === "number") throw new Error("no pipe");
    stdin.write(Buffer.concat([broken, made]));
    stdin.end();
    expect(await server.end()).toBe(0);
    expect(server.last?.droppedBy.source).toBe(1);
    expect(server.remarks).toContain("broken JPEG: its size is 0x0");
    await viewer.end();
    expect(viewer.last?.frames).toBeGreaterThan(0);
  });
});

describe("programs: signals", () => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    test(`serve and view: ${signal} ends both with exit code 0, a last report and no orphaned ffmpeg`, async () => {
      await using server = await startServer(["--source", CLIP]);
      await using viewer = startViewer(server.port);
      await viewer.until("frames", ({ last }) => (last?.frames ?? 0) > 3);
      const [ffmpeg = 0] = childrenOf(server.child.pid, "ffmpeg");
      expect(ffmpeg).toBeGreaterThan(0);
      expect(await viewer.end(signal)).toBe(0);
      expect(viewer.last).toMatchObject({ final: true });
      expect(await server.end(signal)).toBe(0);
      expect(server.last).toMatchObject({ final: true, viewers: 0 });
      expect(existsSync(`/proc/${ffmpeg}`)).toBe(false);
    });
  }

  test("serve: tells its viewers that it shuts down", async () => {
    await using server = await startServer(PATTERN);
    const viewer = startViewer(server.port, ["--once"]);
    await viewer.until("frames", ({ last }) => (last?.frames ?? 0) > 3);
    expect(await server.end("SIGTERM")).toBe(0);
    expect(await viewer.end()).toBe(0);
    expect(viewer.remarks).toContain("the server is shutting down");
  });

  test("view: ends without an error when the reader of its frames goes away", async () => {
    await using server = await startServer(PATTERN);
    const script = `"${process.execPath}" src/cli/view.ts 127.0.0.1:${server.port} --display none --output - | head -c 1000000 | wc -c`;
    const shell = Bun.spawnSync(["bash", "-o", "pipefail", "-c", script], {
      env: { ...process.env, ...TEST_VARIABLES },
    });
    expect(shell.stdout.toString().trim()).toBe("1000000");
    expect(shell.exitCode).toBe(0);
  });
});

describe("programs: wrong options", () => {
  test("serve and view: --help shows defaults, --version shows the version, and a wrong flag exits with code 2", async () => {
    const serve = new Program<unknown>("serve", ["--help"], { rawOutput: true });
    expect(await serve.end()).toBe(0);
    for (const text of ["--source", "(default: auto)", "10050", "127.0.0.1", "jsquash", "75"]) {
      expect(serve.bytes.toString().replaceAll(/\s+/g, " ")).toContain(text);
    }
    const view = new Program<unknown>("view", ["--help"], { rawOutput: true });
    expect(await view.end()).toBe(0);
    for (const text of ["localhost:10050", "fullscreen", "--once"]) expect(view.bytes.toString()).toContain(text);
    const { version } = await Bun.file(new URL("../../package.json", import.meta.url)).json();
    const short = new Program<unknown>("serve", ["--version"], { rawOutput: true });
    await short.end();
    expect(short.bytes.toString().trim()).toBe(version);
    for (const [which, flags] of [
      ["serve", ["--quality", "101"]],
      ["serve", ["--fps", "x"]],
      ["view", ["no host:x"]],
      ["view", ["--frames", "0"]],
      ["view", ["--list", "--grid"]],
      ["view", ["--list", "--set", "a=1"]],
      ["view", ["--grid", "--set", "a=1"]],
      ["view", ["--grid", "--controls"]],
    ] as const) {
      const { code, remarks } = await runToEnd(which, flags);
      expect({ flags, code }).toEqual({ flags, code: 2 });
      expect(remarks).toStartWith("error: ");
    }
  });
});
