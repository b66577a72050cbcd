// The source `webcam`: it takes single pictures with the package node-webcam, which needs no ffmpeg. It is slow, but runs on many
// systems.
//
// The package runs one program for each picture: `fswebcam` on Linux (about one picture per second from a real camera), imagesnap
// on macOS, CommandCam on Windows. The package builds a shell command from its options, so this file checks the device name
// first.

import { $ } from "bun";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type NodeWebcam from "node-webcam";
import { nowMicros } from "../../core/clock.ts";
import { MissingError, messageOf, SourceError, UsageError } from "../../core/errors.ts";
import type { Size } from "../../core/pixel-format.ts";
import { pace } from "../../core/pace.ts";
import { temporaryFolder } from "../../system/temporary-folder.ts";
import { deliverJpeg, type FrameSink, type Source } from "../source.ts";
import { inChildEnvironment } from "../child-environment.ts";
import { tied } from "../tied-child.ts";

/** Safe device names: a shell reads them as one word, and no program reads them as an option. */
const SAFE_DEVICE = /^(?=.{1,100}$)\/?[A-Za-z0-9][A-Za-z0-9_.:/]*$/;
/** Characters of a path that every shell reads as they are. */
const SAFE_PATH = /^[\w./:\\~-]+$/;

export interface WebcamOptions {
  /** The device, or null for the first one. */
  device: string | null;
  size: Size;
  framesPerSecond: number;
  /** JPEG quality from 1 to 100. */
  quality: number;
}

/** Throws UsageError for a device name that a shell could misread, and MissingError when fswebcam is not installed. */
export function createWebcam(options: WebcamOptions): Source {
  const { device, framesPerSecond } = options;
  if (device !== null && !SAFE_DEVICE.test(device)) {
    throw new UsageError(
      `--device '${device}' is not a device name: write only letters, digits and _ . : /, for example /dev/video0 or TEST:colourbars`,
    );
  }
  if (process.platform === "linux" && Bun.which("fswebcam") === null) {
    throw new MissingError("--source webcam needs fswebcam, which is not installed: apt-get install fswebcam");
  }
  if (!SAFE_PATH.test(tmpdir())) {
    throw new UsageError(
      `--source webcam writes pictures to the folder for temporary files, and a shell would misread its name '${tmpdir()}': set TMPDIR to another folder`,
    );
  }
  return {
    name: nameOf(options),
    framesPerSecond,
    run: (sink, signal) => run(options, sink, signal),
  };
}

function nameOf({ device }: WebcamOptions): string {
  return device ?? "webcam";
}

async function run(options: WebcamOptions, sink: FrameSink, signal: AbortSignal): Promise<void> {
  const { device, size, framesPerSecond, quality } = options;
  const name = nameOf(options);
  // Pictures go through a file, because the package reads standard output as UTF-8, which corrupts them.
  await using folder = await temporaryFolder();
  const path = join(folder.path, "picture.jpg");
  const { default: nodeWebcam } = await import("node-webcam"); // only this source needs the package
  const camera = nodeWebcam.create({
    ...size,
    quality,
    delay: 0,
    output: "jpeg",
    device: device ?? false,
    callbackReturn: "buffer",
    saveShots: false, // with true the package keeps every picture in memory
    verbose: false,
  });
  tie(camera);
  await pace(framesPerSecond, signal, async () => {
    await rm(path, { force: true }); // Otherwise the previous picture would be delivered again after a failed capture.
    const capturedAt = nowMicros();
    const jpeg = await capture(camera, path, name);
    if (!signal.aborted) deliverJpeg(sink, jpeg, capturedAt);
  });
}

/**
 * Makes the system end fswebcam when this process ends (tied-child.ts), and keeps variables that it does not need out of its
 * environment. `exec` replaces the package's shell by fswebcam, so no shell stays behind.
 */
function tie(camera: NodeWebcam.Webcam): void {
  if ("bin" in camera && camera.bin === "fswebcam")
    camera.bin = ["exec", inChildEnvironment(), ...tied(["fswebcam"]).map($.escape)].join(" ");
}

function capture(camera: NodeWebcam.Webcam, path: string, name: string): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    camera.capture(path, (error, data) => {
      if (data instanceof Uint8Array && data.length > 0) resolve(data);
      else reject(new SourceError(`${name} delivered no picture: ${reasonOf(error)}`, { retry: "soon", cause: error }));
    });
  });
}

function reasonOf(error: unknown): string {
  if (error === null || error === undefined) return "the camera program made no picture";
  const text = messageOf(error);
  if (text.includes("ENOENT"))
    return "the camera program made no picture: check that the device is connected and not in use";
  return (
    text
      .split("\n")
      .filter((line) => line !== "")
      .at(-1) ?? text
  );
}
