// Sources through ffmpeg: the command line for each kind of input, and real runs of it.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { MissingError, SourceError } from "../../../src/core/errors.ts";
import {
  createFfmpegSource,
  deviceInput,
  ffmpegArguments,
  type FfmpegInput,
  fileInput,
  isAddress,
  urlInput,
} from "../../../src/capture/pipe/ffmpeg.ts";
import { ffmpeg } from "../../support/jpeg-tools.ts";
import { until } from "../../support/wait-until.ts";
import { RecordingSink } from "../../support/recording-sink.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipstream-test-"));
  ffmpeg(["-f", "lavfi", "-i", "testsrc=size=64x48:rate=25:duration=0.2", "-c:v", "mpeg4", join(folder, "short.mp4")]);
  ffmpeg(["-f", "lavfi", "-i", "sine=duration=0.2", join(folder, "sound.wav")]);
  await writeFile(join(folder, "text.mp4"), "this is no video\n".repeat(100));
});
afterAll(() => rm(folder, { recursive: true }));

/** The value that follows an option. */
function optionOf(args: readonly string[], option: string): string | undefined {
  const at = args.indexOf(option);
  return at < 0 ? undefined : args[at + 1];
}

describe("arguments", () => {
  test("a file is played at its own pace, again and again, and never taken for a protocol or an option", () => {
    for (const path of ["clip.mp4", "-i", "a:b.mp4", "http", "/tmp/a b.mp4"]) {
      const args = ffmpegArguments(fileInput(path, "name", null, null));
      expect(args).toContain("-re");
      expect(optionOf(args, "-stream_loop")).toBe("-1");
      expect(optionOf(args, "-i")).toBe(`file:${path}`);
      expect(args).not.toContain("nobuffer");
    }
  });

  test("a live address is read without a buffer and not paced; rtsp goes through TCP", () => {
    for (const url of [
      "rtsp://camera/live",
      "http://camera/stream",
      "http://camera/mjpg?quality=5",
      "udp://@239.0.0.1:1234",
    ]) {
      const input = urlInput(url, null, null);
      const args = ffmpegArguments(input);
      expect(optionOf(args, "-fflags")).toBe("nobuffer");
      expect(optionOf(args, "-i")).toBe(url);
      expect(args).not.toContain("-re");
      expect(args).not.toContain("-stream_loop");
      expect(optionOf(args, "-rtsp_transport")).toBe(url.startsWith("rtsp:") ? "tcp" : undefined);
      expect(input.stallTimeoutMs).toBeGreaterThan(0);
    }
  });

  test.each([
    "http://host/clip.mp4",
    "https://host/a/b.MKV?token=1",
    "https://u:p@host/x.webm#t=5",
    "http://host/v.mov",
  ])("the recording %s is played as a file is", (url) => {
    const args = ffmpegArguments(urlInput(url, null, null));
    expect(args).toContain("-re");
    expect(optionOf(args, "-stream_loop")).toBe("-1");
    expect(optionOf(args, "-i")).toBe(url);
  });

  test("cameras are opened as each platform names them, with the size and rate asked of the camera", () => {
    const size = { width: 640, height: 480 };
    const linux = ffmpegArguments(deviceInput("/dev/video2", "linux", size, 30));
    expect([optionOf(linux, "-f"), optionOf(linux, "-i")]).toEqual(["v4l2", "/dev/video2"]);
    expect([optionOf(linux, "-video_size"), optionOf(linux, "-framerate")]).toEqual(["640x480", "30"]);
    expect(linux.indexOf("-video_size")).toBeLessThan(linux.indexOf("-i"));
    expect(optionOf(linux, "-vf")).not.toMatch(/fps=|scale=640/);
    const mac = ffmpegArguments(deviceInput("0", "darwin", null, null));
    expect([optionOf(mac, "-f"), optionOf(mac, "-i")]).toEqual(["avfoundation", "0:none"]);
    const windows = ffmpegArguments(deviceInput("USB Camera", "win32", null, null));
    expect([optionOf(windows, "-f"), optionOf(windows, "-i")]).toEqual(["dshow", "video=USB Camera"]);
    expect(windows).not.toContain("-framerate");
  });

  test("size and rate of other inputs are made by filters; full range and BT.601 always", () => {
    const args = ffmpegArguments(urlInput("rtsp://c/1", { width: 320, height: 240 }, 12.5));
    expect(optionOf(args, "-vf")).toBe("fps=12.5,scale=320:240:out_range=full:out_color_matrix=bt601,format=yuvj420p");
    const plain = ffmpegArguments(urlInput("rtsp://c/1", null, null));
    expect(optionOf(plain, "-vf")).toBe("scale=out_range=full:out_color_matrix=bt601,format=yuvj420p");
    expect(plain).toContain("-nostdin");
  });

  test("with all colours wanted, frames come as RGB", () => {
    const args = ffmpegArguments(urlInput("rtsp://c/1", { width: 320, height: 240 }, 12.5), "444");
    expect(optionOf(args, "-vf")).toBe("fps=12.5,scale=320:240,format=rgb24");
    expect([optionOf(args, "-c:v"), args.at(-2)]).toEqual(["ppm", "image2pipe"]);
  });

  test("what is near is given up sooner than what is behind a network", () => {
    const near = deviceInput("/dev/video0", "linux", null, null).stallTimeoutMs;
    expect(near).toBe(2_000);
    expect(urlInput("rtsp://camera/1", null, null).stallTimeoutMs).toBeGreaterThan(3 * near);
  });
});

describe("names", () => {
  const word = fc.stringMatching(/^[a-z0-9]{1,12}$/);
  const secret = fc.stringMatching(/^[A-Z]{6,10}[:@A-Z!$&*+=.,;~-]{0,6}$/);

  test("no password of an address is shown, whatever is in it", () => {
    const path = fc.constantFrom("", "/", "/live", "/clip.mp4", "/a@b", "?x=a@b");
    fc.assert(
      fc.property(
        fc.constantFrom("rtsp", "http", "https"),
        word,
        secret,
        word,
        path,
        (scheme, user, password, host, rest) => {
          const { name } = urlInput(`${scheme}://${user}:${password}@${host}${rest}`, null, null);
          expect(name).toBe(`${scheme}://${host}${rest}`);
        },
      ),
      { examples: [["rtsp", "admin", "SECRET@HOME", "camera", "/live"]] },
    );
  });

  test("an address without one is shown as it is", () => {
    for (const url of ["rtsp://camera:554/live", "http://host/a@b/c", "udp://239.0.0.1:1234"]) {
      expect(urlInput(url, null, null).name).toBe(url);
    }
  });

  test.each([
    ["rtsp://x", true],
    ["HTTP://x", true],
    ["file:///x.mp4", true],
    ["C:\\clip.mp4", false],
    ["c://clip", false],
    ["clip.mp4", false],
    ["/dev/video0", false],
    ["a b://c", false],
    ["://x", false],
  ])("'%s' is an address: %p", (text, expected) => {
    expect(isAddress(text)).toBe(expected);
  });
});

describe("real runs", () => {
  async function failure(input: FfmpegInput): Promise<Error> {
    const error = await createFfmpegSource(input)
      .run(new RecordingSink(), new AbortController().signal)
      .catch((thrown: unknown) => thrown);
    if (!(error instanceof Error)) throw new Error("it did not fail");
    return error;
  }

  test("a file is delivered frame by frame, begins anew at its end, and stops when told to", async () => {
    const sink = new RecordingSink();
    const source = createFfmpegSource(fileInput(join(folder, "short.mp4"), "short.mp4", null, null));
    const stopping = new AbortController();
    const running = source.run(sink, stopping.signal);
    await until(() => sink.frames.length > 8, "more frames than the file has");
    stopping.abort();
    await running;
    const delivered = sink.frames.length;
    expect(sink.frames[0]).toMatchObject({ width: 64, height: 48, format: "yuvj420p" });
    expect(sink.frames[0]?.bytes).toEqual(sink.frames[5]?.bytes as Uint8Array);
    expect(sink.frames[0]?.bytes).not.toEqual(sink.frames[1]?.bytes as Uint8Array);
    expect(source.framesPerSecond).toBe(25);
    expect(sink.held).toBe(0);
    await Bun.sleep(60);
    expect(sink.frames.length).toBe(delivered);
  });

  test("is scaled to the size asked for", async () => {
    const sink = new RecordingSink();
    const stopping = new AbortController();
    const input = fileInput(join(folder, "short.mp4"), "short.mp4", { width: 33, height: 21 }, null);
    const running = createFfmpegSource(input).run(sink, stopping.signal);
    await until(() => sink.frames.length > 0, "a frame");
    stopping.abort();
    await running;
    expect(sink.frames[0]).toMatchObject({ width: 33, height: 21 });
  });

  test.each([
    ["text.mp4", /cannot read video from text\.mp4: Invalid data/],
    ["sound.wav", /there is no video in it/],
    ["nothing.mp4", /cannot read video from nothing\.mp4: No such file/],
  ])("%s fails with one line that says why", async (name, message) => {
    const error = await failure(fileInput(join(folder, name), name, null, null));
    expect(error).toBeInstanceOf(SourceError);
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain("\n");
    expect(error.message).not.toContain(folder);
  });

  test("an address where nobody listens fails without telling its password", async () => {
    const port = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const closed = port.port;
    port.stop(true);
    const error = await failure(urlInput(`http://admin:SECRET@127.0.0.1:${closed}/live`, null, null));
    expect(error.message).toContain("Connection refused");
    expect(error.message).not.toContain("SECRET");
  });

  test.each([
    ["a page that is not there", "/404", "Server returned 404 Not Found"],
    ["a camera that wants a password", "/401", "Server returned 401 Unauthorized"],
    ["a page instead of a video", "/page", "Invalid data found"],
  ])("%s is said to be that", async (_, path, reason) => {
    await using server = Bun.serve({
      port: 0,
      fetch: () => new Response("no video ".repeat(999), { status: Number(path.slice(1)) || 200 }),
    });
    const url = `http://admin:SECRET@127.0.0.1:${server.port}${path}`;
    const { message } = await failure(urlInput(url, null, null));
    expect(message).toStartWith(`cannot read video from http://127.0.0.1:${server.port}${path}: ${reason}`);
    expect(message).not.toMatch(/SECRET|\n/);
  });

  test.each([
    ["a protocol that there is not", urlInput("nonsense://camera/1", null, null), "Protocol not found"],
    [
      "a device of another platform",
      deviceInput("0", "darwin", null, null),
      "this ffmpeg was built without avfoundation",
    ],
    ["a device that is no camera", deviceInput("/dev/null", "linux", null, null), "Inappropriate ioctl for device"],
  ])("%s is said to be that", async (_, input, reason) => {
    const { message } = await failure(input);
    expect(message).toStartWith(`cannot read video from ${input.name}: ${reason}`);
    expect(message).not.toContain("\n");
  });

  test("an input that sends nothing is given up after its time", async () => {
    using silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const input = { ...urlInput(`tcp://127.0.0.1:${silent.port}`, null, null), stallTimeoutMs: 300 };
    const error = await failure(input);
    expect(error).toMatchObject({ name: "SourceError", retry: true, message: expect.stringContaining("sent nothing") });
  });

  test("without ffmpeg the error says how to get it", async () => {
    const script = `
      import { createFfmpegSource, fileInput } from ${JSON.stringify(new URL("../../../src/capture/pipe/ffmpeg.ts", import.meta.url).href)};
      try { createFfmpegSource(fileInput("x", "x.mp4", null, null)); } catch (error) { console.log(error.name + ": " + error.message); }`;
    const { stdout } = Bun.spawnSync([process.execPath, "-e", script], { env: { ...process.env, PATH: "/nowhere" } });
    expect(stdout.toString()).toStartWith(`${new MissingError("").name}: x.mp4 needs ffmpeg`);
    expect(stdout.toString()).toContain("install ffmpeg");
  });
});
