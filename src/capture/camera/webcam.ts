// The source `webcam`: single pictures through the package node-webcam, which needs no ffmpeg. Slow, but runs anywhere.
//
// On Linux that package runs `fswebcam` once a picture (a real camera opened anew gives about one a second), on macOS
// imagesnap, on Windows CommandCam. It builds a shell command from its options, so a device name is checked first.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import NodeWebcam from "node-webcam";
import { nowMicros } from "../../core/clock.ts";
import { MissingError, messageOf, SourceError, UsageError } from "../../core/errors.ts";
import type { Size } from "../../core/pixel-format.ts";
import { pace } from "../../core/pace.ts";
import { deliverJpeg, type FrameSink, type Source } from "../source.ts";

/** What no shell reads as more than a word, and no program as an option. */
const SAFE_DEVICE = /^(?=.{1,100}$)\/?[A-Za-z0-9][A-Za-z0-9_.:/]*$/;

/** Throws UsageError for a device name that a shell could misread, MissingError where fswebcam is not installed. */
export function createWebcam(device: string | null, size: Size, framesPerSecond: number, quality: number): Source {
  if (device !== null && !SAFE_DEVICE.test(device)) {
    throw new UsageError(
      `--device '${device}' is not a device name: letters, digits and _ . : / only, as /dev/video0 or TEST:colourbars`,
    );
  }
  if (process.platform === "linux" && Bun.which("fswebcam") === null) {
    throw new MissingError("--source webcam needs fswebcam, which is not installed: apt-get install fswebcam");
  }
  const name = device ?? "webcam";
  return {
    name,
    framesPerSecond,
    run: (sink, signal) => run(name, device, size, framesPerSecond, quality, sink, signal),
  };
}

async function run(
  name: string,
  device: string | null,
  size: Size,
  framesPerSecond: number,
  quality: number,
  sink: FrameSink,
  signal: AbortSignal,
): Promise<void> {
  // Through a file, since the package reads pictures on standard output as UTF-8 and breaks them.
  const folder = await mkdtemp(join(tmpdir(), "slipstream-"));
  const path = join(folder, "picture.jpg");
  const camera = NodeWebcam.create({
    ...size,
    quality,
    delay: 0,
    output: "jpeg",
    device: device ?? false,
    callbackReturn: "buffer",
    saveShots: false, // it would keep every picture for ever
    verbose: false,
  });
  try {
    await pace(framesPerSecond, signal, async () => {
      await rm(path, { force: true }); // a capture that fails must not find the picture before it
      const capturedAt = nowMicros();
      const jpeg = await capture(camera, path, name);
      if (!signal.aborted) deliverJpeg(sink, jpeg, capturedAt);
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function capture(camera: NodeWebcam.Webcam, path: string, name: string): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    camera.capture(path, (error, data) => {
      if (data instanceof Uint8Array && data.length > 0) resolve(data);
      else reject(new SourceError(`no picture from ${name}: ${reasonOf(error)}`, { retry: true, cause: error }));
    });
  });
}

function reasonOf(error: unknown): string {
  if (error === null || error === undefined) return "the camera program made none";
  const text = messageOf(error);
  if (text.includes("ENOENT")) return "the camera program made none; is the device there and free?";
  return (
    text
      .split("\n")
      .filter((line) => line !== "")
      .at(-1) ?? text
  );
}
