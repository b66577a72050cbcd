// Sources read by ffmpeg: the command line for each kind of input, and real runs.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MissingError, SourceError } from "../../../src/core/errors.ts";
import { createFfmpegSource } from "../../../src/capture/pipe/ffmpeg.ts";
import { ffmpegArguments } from "../../../src/capture/pipe/ffmpeg-command.ts";
import {
  deviceInput,
  type FfmpegInput,
  fileInput,
  isRecording,
  urlInput,
} from "../../../src/capture/pipe/ffmpeg-input.ts";
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

/** Keeps the size and the rate of the input. */
const OWN = { size: null, framesPerSecond: null };
const SMALL = { size: { width: 320, height: 240 }, framesPerSecond: 12.5 };
const file = (name: string) => fileInput({ location: join(folder, name), name, ...OWN });
const url = (address: string) => urlInput({ url: address, ...OWN });

/** The value that follows an option. */
function optionOf(args: readonly string[], option: string): string | undefined {
  const at = args.indexOf(option);
  return at < 0 ? undefined : args[at + 1];
}

describe("ffmpegArguments: arguments for each input", () => {
  test("fileInput: loops a file at its own pace, whatever its path looks like", () => {
    for (const path of ["clip.mp4", "-i", "a:b.mp4", "http", "/tmp/a b.mp4"]) {
      const args = ffmpegArguments(fileInput({ location: path, name: "name", ...OWN }));
      expect(args).toContain("-re");
      expect(optionOf(args, "-stream_loop")).toBe("-1");
      expect(optionOf(args, "-i")).toBe(`file:${path}`);
      expect(args).not.toContain("nobuffer");
    }
  });

  test("urlInput: reads a live address without a buffer and without -re, and RTSP over TCP", () => {
    for (const address of [
      "rtsp://camera/live",
      "http://camera/stream",
      "http://camera/mjpg",
      "udp://@239.0.0.1:1234",
    ]) {
      const input = url(address);
      const args = ffmpegArguments(input);
      expect(optionOf(args, "-fflags")).toBe("nobuffer");
      expect(optionOf(args, "-i")).toBe(address);
      expect(args).not.toContain("-re");
      expect(args).not.toContain("-stream_loop");
      expect(optionOf(args, "-rtsp_transport")).toBe(address.startsWith("rtsp:") ? "tcp" : undefined);
      expect(input.stallTimeoutMs).toBeGreaterThan(0);
    }
  });

  test.each([
    "http://host/clip.mp4",
    "https://host/a/b.MKV?token=1",
    "https://u:p@host/x.webm#t=5",
    "http://host/v.mov",
  ])("isRecording: %s is a recording, which is played like a file", (address) => {
    expect(isRecording(address)).toBe(true);
    const input = fileInput({ location: address, name: "name", ...OWN });
    const args = ffmpegArguments(input);
    expect(args).toContain("-re");
    expect(optionOf(args, "-stream_loop")).toBe("-1");
    const list = input.body instanceof Uint8Array ? new TextDecoder().decode(input.body) : null;
    expect(list ?? optionOf(args, "-i")).toContain(address);
  });

  test("deviceInput: names the camera in the form of each platform, and requests size and rate", () => {
    const linux = ffmpegArguments(
      deviceInput({ device: "/dev/video2", platform: "linux", size: { width: 640, height: 480 }, framesPerSecond: 30 }),
    );
    expect([optionOf(linux, "-f"), optionOf(linux, "-i")]).toEqual(["v4l2", "/dev/video2"]);
    expect([optionOf(linux, "-video_size"), optionOf(linux, "-framerate")]).toEqual(["640x480", "30"]);
    expect(linux.indexOf("-video_size")).toBeLessThan(linux.indexOf("-i"));
    expect(optionOf(linux, "-vf")).not.toMatch(/fps=|scale=640/);
    const mac = ffmpegArguments(deviceInput({ device: "0", platform: "darwin", ...OWN }));
    expect([optionOf(mac, "-f"), optionOf(mac, "-i")]).toEqual(["avfoundation", "0:none"]);
    const windows = ffmpegArguments(deviceInput({ device: "USB Camera", platform: "win32", ...OWN }));
    expect([optionOf(windows, "-f"), optionOf(windows, "-i")]).toEqual(["dshow", "video=USB Camera"]);
    expect(windows).not.toContain("-framerate");
  });

  test("ffmpegArguments: filters make size, rate, full range and BT.601", () => {
    const args = ffmpegArguments(urlInput({ url: "rtsp://c/1", ...SMALL }));
    expect(optionOf(args, "-vf")).toBe("fps=12.5,scale=320:240:out_range=full:out_color_matrix=bt601,format=yuvj420p");
    const plain = ffmpegArguments(url("rtsp://c/1"));
    const square = "w='round(iw*if(between(sar,1/8,8)*lte(iw*sar,8192),sar,1))':h=ih";
    expect(optionOf(plain, "-vf")).toBe(`scale=${square}:out_range=full:out_color_matrix=bt601,format=yuvj420p`);
    expect(plain).toContain("-nostdin");
  });

  test("ffmpegArguments: frames are RGB with sampling 444", () => {
    const args = ffmpegArguments(urlInput({ url: "rtsp://c/1", ...SMALL }), "444");
    expect(optionOf(args, "-vf")).toBe("fps=12.5,scale=320:240,format=rgb24");
    expect([optionOf(args, "-c:v"), args.at(-2)]).toEqual(["ppm", "image2pipe"]);
  });

  test("stallTimeoutMs: is 2 s for a device and longer for an address", () => {
    const near = deviceInput({ device: "/dev/video0", platform: "linux", ...OWN }).stallTimeoutMs;
    expect(near).toBe(2_000);
    expect(url("rtsp://camera/1").stallTimeoutMs).toBeGreaterThan(3 * near);
  });
});

describe("ffmpeg source: real runs", () => {
  async function failure(input: FfmpegInput): Promise<Error> {
    const error = await createFfmpegSource(input)
      .run(new RecordingSink(), new AbortController().signal)
      .catch((thrown: unknown) => thrown);
    if (!(error instanceof Error)) throw new Error("it did not fail");
    return error;
  }

  test("ffmpeg source: delivers the frames of a file in a loop until the abort", async () => {
    const sink = new RecordingSink();
    const source = createFfmpegSource(file("short.mp4"));
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

  test("ffmpeg source: scales to the requested size", async () => {
    const sink = new RecordingSink();
    const stopping = new AbortController();
    const input = { ...file("short.mp4"), size: { width: 33, height: 21 } };
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
  ])("ffmpeg source: %s fails with one line that gives the reason", async (name, message) => {
    const error = await failure(file(name));
    expect(error).toBeInstanceOf(SourceError);
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain("\n");
    expect(error.message).not.toContain(folder);
  });

  test("ffmpeg source: an error about an address does not contain the password", async () => {
    const port = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const closed = port.port;
    port.stop(true);
    const error = await failure(url(`http://admin:SECRET@127.0.0.1:${closed}/live`));
    expect(error.message).toContain("Connection refused");
    expect(error.message).not.toContain("SECRET");
  });

  test.each([
    ["a missing page", "/404", "it answers 404 Not Found (there is no such address)"],
    ["a wrong password", "/401", "it answers 401 Unauthorized (the user name or password is wrong)"],
    ["a page instead of a video", "/page", "Invalid data found"],
  ])("ffmpeg source: the message for %s has the reason", async (_, path, reason) => {
    await using server = Bun.serve({
      port: 0,
      fetch: () => new Response("no video ".repeat(999), { status: Number(path.slice(1)) || 200 }),
    });
    const { message } = await failure(url(`http://admin:SECRET@127.0.0.1:${server.port}${path}`));
    expect(message).toStartWith(`cannot read video from http://127.0.0.1:${server.port}${path}: ${reason}`);
    expect(message).not.toMatch(/SECRET|\n/);
  });

  test.each([
    ["an unknown protocol", url("nonsense://camera/1"), "Protocol not found"],
    [
      "a device of another platform",
      deviceInput({ device: "0", platform: "darwin", ...OWN }),
      "this ffmpeg was built without avfoundation",
    ],
    [
      "a device that is not a camera",
      deviceInput({ device: "/dev/null", platform: "linux", ...OWN }),
      "Inappropriate ioctl for device",
    ],
  ])("ffmpeg source: the message for %s has the reason", async (_, input, reason) => {
    const { message } = await failure(input);
    expect(message).toStartWith(`cannot read video from ${input.name}: ${reason}`);
    expect(message).not.toContain("\n");
  });

  test("ffmpeg source: the message for an ffmpeg without a needed option says which one to install", async () => {
    const { PATH } = process.env;
    // ffmpeg 5.0 and older do not have -fps_mode.
    const rename = 'for word; do shift; [ "$word" = -fps_mode ] && word=-later; set -- "$@" "$word"; done';
    const script = `#!/bin/sh\nPATH="\${PATH#*:}"\n${rename}\nexec ffmpeg "$@"\n`;
    const programs = await mkdtemp(join(folder, "programs-"));
    await writeFile(join(programs, "ffmpeg"), script, { mode: 0o755 });
    try {
      process.env["PATH"] = `${programs}:${PATH}`;
      const { message } = await failure(file("short.mp4"));
      expect(message).toBe(
        "cannot read video from short.mp4: this ffmpeg does not know the option later: install ffmpeg 5.1 or newer",
      );
    } finally {
      process.env["PATH"] = PATH;
    }
  });

  test("ffmpeg source: gives up an input that sends nothing", async () => {
    using silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const input = { ...url(`tcp://127.0.0.1:${silent.port}`), stallTimeoutMs: 300 };
    const error = await failure(input);
    expect(error).toMatchObject({
      name: "SourceError",
      retry: "soon",
      message: expect.stringContaining("sent nothing"),
    });
  });

  test.skipIf(process.platform !== "linux")(
    "ffmpeg source: the last picture of a file is not delivered again while ffmpeg sleeps in a read",
    async () => {
      // A file system in user space (FUSE) that does not answer lets a reader sleep in the same way.
      const pipe = join(folder, "pipe");
      expect(Bun.spawnSync(["mkfifo", pipe]).success).toBe(true);
      const video = join(folder, "long.y4m");
      ffmpeg(["-f", "lavfi", "-i", "testsrc=size=32x24:rate=25:duration=2", "-pix_fmt", "yuv420p", video]);
      const feeder = Bun.spawn(["sh", "-c", 'exec > "$1" && cat "$0" && exec sleep 1000', video, pipe]);
      const sink = new RecordingSink();
      const over = new AbortController();
      const running = createFfmpegSource(file("pipe")).run(sink, over.signal);
      try {
        await until(() => sink.frames.length >= 45, "the pictures", 30_000);
        let [count, since] = [0, performance.now()];
        const isStill = () => {
          if (sink.frames.length !== count) [count, since] = [sink.frames.length, performance.now()];
          return performance.now() - since > 3_000; // without the fix a picture comes each 1.2 to 1.8 s
        };
        await until(isStill, "the end of the pictures", 30_000);
      } finally {
        over.abort();
        feeder.kill("SIGKILL");
        await running;
      }
    },
    90_000,
  );

  test("ffmpeg source: the error for a missing ffmpeg says how to install it", async () => {
    const module = (name: string) => JSON.stringify(new URL(`../../../src/capture/pipe/${name}`, import.meta.url).href);
    const script = `
      import { createFfmpegSource } from ${module("ffmpeg.ts")};
      import { urlInput } from ${module("ffmpeg-input.ts")};
      try { createFfmpegSource(urlInput({ url: "rtsp://x", size: null, framesPerSecond: null })); } catch (error) { console.log(error.name + ": " + error.message); }`;
    const { stdout } = Bun.spawnSync([process.execPath, "-e", script], { env: { ...process.env, PATH: "/nowhere" } });
    expect(stdout.toString()).toStartWith(`${new MissingError("").name}: rtsp://x needs ffmpeg`);
    expect(stdout.toString()).toContain("install ffmpeg");
  });
});
