// Network cameras that ffmpeg reads: no process argument contains their password, and their refusals are understood.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSource } from "../../../src/capture/open.ts";
import { createFfmpegSource } from "../../../src/capture/pipe/ffmpeg.ts";
import { urlInput } from "../../../src/capture/pipe/ffmpeg-input.ts";
import { addressInput } from "../../../src/capture/pipe/hidden-address.ts";
import { SourceError } from "../../../src/core/errors.ts";
import { ffmpeg } from "../../support/jpeg-tools.ts";
import { RecordingSink } from "../../support/recording-sink.ts";
import { openRtspCamera } from "../../support/rtsp-camera.ts";
import { until } from "../../support/wait-until.ts";

const source = (url: string) => createFfmpegSource(urlInput({ url, size: null, framesPerSecond: null }));

async function failure(url: string): Promise<SourceError> {
  const error = await source(url)
    .run(new RecordingSink(), new AbortController().signal)
    .catch((thrown: unknown) => thrown);
  if (!(error instanceof SourceError)) throw new Error(`not a SourceError: ${String(error)}`);
  return error;
}

describe("ffmpeg source: files and addresses in an untrusted stream", () => {
  const folder = mkdtempSync(join(tmpdir(), "slipstream-test-"));
  const film = join(folder, "film.ts");
  const lavfi = ["-f", "lavfi", "-i", "testsrc=size=64x48:rate=25:duration=1"];
  beforeAll(() => writeFileSync(film, ffmpeg([...lavfi, "-c:v", "mpeg2video", "-f", "mpegts", "pipe:1"]).bytes));
  afterAll(() => rmSync(folder, { recursive: true }));
  const playlist = (segment: string) => `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n${segment}\n#EXT-X-ENDLIST\n`;

  test("ffmpeg source: a playlist at an address is played, and cannot read files of this machine", async () => {
    let segment = "";
    await using web = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: ({ url }) => new Response(url.endsWith(".m3u8") ? playlist(segment) : readFileSync(film)),
    });
    using raw = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { open: (socket) => void socket.end(playlist(segment)), data: () => undefined },
    });
    const framesOf = async (url: string) => {
      const sink = new RecordingSink();
      const running = source(url).run(sink, new AbortController().signal);
      expect(await running.catch((error: unknown) => error)).toBeInstanceOf(SourceError); // it ends
      return sink.frames.length;
    };
    segment = "film.ts";
    expect(await framesOf(`http://127.0.0.1:${web.port}/live.m3u8`)).toBeGreaterThan(0);
    segment = `file://${film}`;
    expect(await framesOf(`http://127.0.0.1:${web.port}/live.m3u8`)).toBe(0);
    expect(await framesOf(`http://admin:pass@127.0.0.1:${web.port}/live.m3u8`)).toBe(0);
    expect(await framesOf(`tcp://127.0.0.1:${raw.port}`)).toBe(0);
  });

  test("ffmpeg source: a camera's redirect reads no file of this machine", async () => {
    const Location = `file://${film}`;
    const fetch = () => new Response("", { status: 302, headers: { Location } });
    await using web = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch });
    expect((await failure(`http://127.0.0.1:${web.port}/live.ts`)).message).toContain("cannot read video from");
  });
});

describe("ffmpeg source, a camera that refuses", () => {
  test.each([
    ["401 Unauthorized", "it answers 401 Unauthorized (the user name or password is wrong)", "minutes"],
    ["403 Forbidden", "it answers 403 Forbidden (access is forbidden)", "minutes"],
    ["404 Stream Not Found", "it answers 404 Stream Not Found (there is no such address)", "growing"],
    ["453 Not Enough Bandwidth", "it answers 453 Not Enough Bandwidth (it is busy)", "soon"],
    ["503 Service Unavailable", "it answers 503 Service Unavailable (it is busy)", "soon"],
    ["500 Internal Server Error", "it answers 500 Internal Server Error", "soon"],
  ])(
    "ffmpeg source: the message for RTSP %s has the reason, and `retry` says how soon to try again",
    async (status, text, retry) => {
      using camera = openRtspCamera(status);
      const error = await failure(`rtsp://admin:hunter2@127.0.0.1:${camera.port}/live`);
      expect(error.message).toBe(`cannot read video from rtsp://127.0.0.1:${camera.port}/live: ${text}`);
      expect(error.retry).toBe(retry as SourceError["retry"]);
    },
  );

  test("ffmpeg source: the messages for a missing and for a wrong password differ", async () => {
    using camera = openRtspCamera("401 Unauthorized");
    const error = await failure(`rtsp://127.0.0.1:${camera.port}/live`);
    expect(error.message).toEndWith("it asks for a password: write rtsp://USER:PASSWORD@HOST/…");
    expect(error.retry).toBe("minutes");
  });

  test.each([
    ["a closed port", "rtsp://admin:hunter2@127.0.0.1:1/live", "Connection refused"],
    ["an unknown host", "rtsp://admin:hunter2@camera.invalid/live", "Failed to resolve hostname camera.invalid"],
  ])("ffmpeg source: %s is tried again ever more rarely", async (_, url, text) => {
    const error = await failure(url);
    expect(error.message).toContain(text);
    expect(error.message).not.toContain("hunter2");
    expect(error.retry).toBe("growing");
  });

  test.each(["x@hunter2", "x/hunter2", "x#hunter2", "x?hunter2", "x%40hunter2", "it's hunter2", "x\\hunter2"])(
    "ffmpeg source: the password '%s' is sent to the camera, and no message repeats it",
    async (password) => {
      using camera = openRtspCamera("401 Unauthorized");
      const error = await failure(`rtsp://admin:${password}@127.0.0.1:${camera.port}/live?token=hunter2`);
      expect(error.message).not.toContain("hunter2");
      expect(error.message).toContain("401");
      expect(camera.requests.filter((method) => method === "DESCRIBE")).toHaveLength(2); // the first request has no password, the second has one
    },
  );

  test("ffmpeg source: a camera that accepts the connection and never answers is reported", async () => {
    using camera = openRtspCamera(null);
    const sink = new RecordingSink();
    const stopping = new AbortController();
    const running = source(`rtsp://admin:hunter2@127.0.0.1:${camera.port}/live`).run(sink, stopping.signal);
    await until(() => sink.troubles.length > 0, "the report", 20_000);
    expect(sink.troubles).toEqual([`rtsp://127.0.0.1:${camera.port}/live has sent no picture for 2 s`]);
    stopping.abort();
    await running;
  });
});

describe("ffmpeg source: an address with a password", () => {
  /** The command lines of this process's child processes. */
  const commandLines = () => Bun.spawnSync(["ps", "-o", "args=", "--ppid", `${process.pid}`]).stdout.toString();

  /** ffmpeg drops the bytes that it reads while it guesses the kind of video. */
  function slowly(video: Uint8Array): ReadableStream<Uint8Array> {
    let at = 0;
    return new ReadableStream({
      async pull(controller) {
        await Bun.sleep(10);
        if (at >= video.length) controller.close();
        else controller.enqueue(video.slice(at, at + 4096));
        at += 4096;
      },
    });
  }

  test("ffmpeg source: reads video from it, and its arguments do not contain the password", async () => {
    const lavfi = ["-f", "lavfi", "-i", "testsrc=size=64x48:rate=25:duration=40"];
    const command = ["ffmpeg", "-loglevel", "error", ...lavfi, "-c:v", "mpeg2video", "-f", "mpegts", "pipe:1"];
    const video = Bun.spawnSync(command).stdout;
    const asked: string[] = [];
    await using server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch(request) {
        asked.push(`${new URL(request.url).search} ${request.headers.get("Authorization")}`);
        if (!request.headers.has("Authorization")) {
          return new Response("", { status: 401, headers: { "WWW-Authenticate": 'Basic realm="camera"' } });
        }
        return new Response(slowly(video));
      },
    });
    const sink = new RecordingSink();
    const stopping = new AbortController();
    const running = source(`http://admin:hunter2@127.0.0.1:${server.port}/live.ts?token=hunter3`).run(
      sink,
      stopping.signal,
    );
    await until(() => sink.frames.length > 5, "frames", 20_000);
    const seen = commandLines();
    stopping.abort();
    await running;
    expect(asked.at(-1)).toBe(`?token=hunter3 Basic ${btoa("admin:hunter2")}`);
    expect(seen).toContain("ffmpeg");
    expect(seen).not.toContain("hunter");
  });

  test("ffmpeg source: a recording is played in a loop, and its arguments do not contain the password", async () => {
    const lavfi = ["-f", "lavfi", "-i", "testsrc=size=64x48:rate=25:duration=0.4"];
    const video = ffmpeg([...lavfi, "-c:v", "mjpeg", "-f", "matroska", "pipe:1"]).bytes;
    await using server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response(video) });
    const sink = new RecordingSink();
    const stopping = new AbortController();
    const film = openSource({ source: `http://127.0.0.1:${server.port}/film.mkv?token=hunter2` });
    const running = film.run(sink, stopping.signal);
    await until(() => sink.jpegs.length > 25, "pictures that are passed on", 20_000);
    const seen = commandLines();
    stopping.abort();
    await running;
    expect(seen).toContain("-stream_loop");
    expect(seen).not.toContain("hunter");
  });

  test("addressInput: a line break in an address does not start a new line of ffmpeg's list", () => {
    const { body } = addressInput("rtsp://admin:x\nfile '/etc/passwd'@camera/live", {});
    expect(new TextDecoder().decode(body ?? undefined).split("\n")).toEqual([
      "ffconcat version 1.0",
      "file 'rtsp://admin:x%0Afile '\\''/etc/passwd'\\''@camera/live'",
      "",
    ]);
  });

  test.each(["rtsp://camera/live", "udp://@239.0.0.1:1234"])("addressInput: %s is an argument", (address) => {
    const { arguments: args, body } = addressInput(address, { rtsp_transport: "tcp" });
    expect(args.slice(-4)).toEqual(["-rtsp_transport", "tcp", "-i", address]);
    expect(body).toBeNull();
  });
});
