// Other programs that read /stream and /snapshot. The code in the pictures, read from the pixels that they decode, tells which
// frames they got.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, chmod, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readFrameCode } from "../../src/capture/pattern/frame-code.ts";
import { serve } from "../../src/server/serve.ts";
import type { Server } from "../../src/server/server.ts";
import { DEBIAN_PYTHON, type SystemNeed } from "../../scripts/setup/package-table.ts";
import { isInstalled } from "../../scripts/setup/system-packages.ts";
import { ffmpeg } from "../support/jpeg-tools.ts";
import { TEST_TIMEOUT_MS } from "../support/programs.ts";
import { until } from "../support/wait-until.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const SIZE = { width: 320, height: 180 };
const FRAME_BYTES = SIZE.width * SIZE.height * 4;
const FRAMES = 20;

let server: Server;
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipstream-test-"));
  await chmod(folder, 0o777); // VLC runs as another user
  const pattern = { source: "pattern", size: SIZE, framesPerSecond: 30, name: "pattern" } as const;
  server = await serve({ cameras: [pattern], port: 0, workers: 1, http: { port: 0 } });
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

const at = (path: string) => `http://127.0.0.1:${server.http?.port}${path}`;

/** Runs a program until it ends or has written this many bytes. Returns the bytes. */
async function outputOf(command: string[], bytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const child = Bun.spawn(command, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, HOME: folder } });
  const errors = child.stderr.text();
  const chunks: Uint8Array[] = [];
  let received = 0;
  for await (const chunk of child.stdout) {
    chunks.push(chunk);
    received += chunk.length;
    if (received >= bytes) child.kill("SIGKILL");
  }
  await child.exited;
  if (received === 0) throw new Error(`${command.join(" ")} wrote nothing: ${await errors}`);
  return new Uint8Array(Buffer.concat(chunks));
}

/** Checks that pictures of RGBA are whole frames of the server in their order. */
function expectFrames(rgba: Uint8Array, least = FRAMES): void {
  const numbers: number[] = [];
  for (let start = 0; start + FRAME_BYTES <= rgba.length; start += FRAME_BYTES) {
    numbers.push(readFrameCode(rgba.subarray(start, start + FRAME_BYTES), SIZE)?.frameNumber ?? 0);
  }
  expect(numbers.length).toBeGreaterThanOrEqual(least);
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  expect(numbers[0]).toBeGreaterThan(0);
}

const OPENCV = `
import cv2, sys
capture = cv2.VideoCapture(sys.argv[1])
for _ in range(${FRAMES}):
    isThere, frame = capture.read()
    assert isThere
    sys.stdout.buffer.write(cv2.cvtColor(frame, cv2.COLOR_BGR2RGBA).tobytes())
`;

const rawVideo = ["-f", "rawvideo", "-pix_fmt", "rgba", "pipe:1"];

/** For each program: the package, and the command that writes RGBA to its standard output. */
const PROGRAMS: [string, SystemNeed, (url: string) => string[]][] = [
  ["ffmpeg", "ffmpeg", (url) => ["ffmpeg", "-v", "error", "-i", url, "-frames:v", String(FRAMES), ...rawVideo]],
  ["OpenCV", "OpenCV", (url) => [DEBIAN_PYTHON, "-c", OPENCV, url]],
  [
    "GStreamer",
    "GStreamer's HTTP",
    (url) =>
      `gst-launch-1.0 -q souphttpsrc location=${url} ! multipartdemux single-stream=true ! jpegdec ! videoconvert ! video/x-raw,format=RGBA ! fdsink`.split(
        " ",
      ),
  ],
  [
    "mpv",
    "mpv",
    (url) =>
      `mpv --no-config --no-audio --really-quiet --frames=${FRAMES} --o=- --of=rawvideo --ovc=rawvideo --vf=format=rgba ${url}`.split(
        " ",
      ),
  ],
];

for (const [name, need, command] of PROGRAMS) {
  test.skipIf(!isInstalled(need))(`${name} decodes /stream`, async () => {
    expectFrames(await outputOf(command(at("/stream")), FRAMES * FRAME_BYTES));
  });
}

test("ffmpeg decodes the form for browsers, and the other names of the stream", async () => {
  for (const path of ["/stream?advance_headers=1", "/?action=stream", "/api/stream.mjpeg?src=pattern"]) {
    const command = ["ffmpeg", "-v", "error", "-i", at(path), "-frames:v", "5", ...rawVideo];
    expectFrames(await outputOf(command, 5 * FRAME_BYTES), 5);
  }
});

const hasVlc = isInstalled("VLC") && isInstalled("VLC's modules");
test.skipIf(!hasVlc)("VLC reads /stream", async () => {
  const file = join(folder, "vlc.mpjpeg");
  // VLC does not run as root.
  const asOther = process.getuid?.() === 0 ? ["setpriv", "--reuid=65534", "--clear-groups"] : [];
  const output = `#std{access=file,mux=mpjpeg,dst=${file}}`;
  const command = [...asOther, "cvlc", "-I", "dummy", "--no-audio", "--sout", output, at("/stream")];
  const child = Bun.spawn(command, { stdio: ["ignore", "ignore", "ignore"], env: { ...process.env, HOME: folder } });
  await until(() => Bun.file(file).size > 200_000, "some pictures in VLC's file", 15_000);
  child.kill("SIGKILL"); // the stream does not end, and VLC has written whole pictures but the last
  await child.exited;
  const { bytes } = ffmpeg(["-f", "mpjpeg", "-i", file, ...rawVideo]);
  expectFrames(bytes, 5);
});

test.skipIf(Bun.which("wget") === null)("wget gets /snapshot", async () => {
  const jpeg = await outputOf(["wget", "-qO-", at("/snapshot?width=320")], Number.POSITIVE_INFINITY);
  expectFrames(ffmpeg(["-f", "mjpeg", "-i", "-", ...rawVideo], jpeg).bytes, 1);
});

test.skipIf(Bun.which("curl") === null)("curl gets /snapshot by HTTP/1.0 and 1.1, and HEAD", async () => {
  for (const version of ["--http1.0", "--http1.1"]) {
    const jpeg = await outputOf(["curl", "-sS", version, at("/snapshot")], Number.POSITIVE_INFINITY);
    expectFrames(ffmpeg(["-f", "mjpeg", "-i", "-", ...rawVideo], jpeg).bytes, 1);
  }
  const head = await outputOf(["curl", "-sSI", at("/snapshot")], Number.POSITIVE_INFINITY);
  expect(new TextDecoder().decode(head)).toMatch(/^HTTP\/1\.1 200 [\s\S]*x-slipstream-age-ms: /i);
});
