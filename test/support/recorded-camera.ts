// A camera for tests of recordings: it passes JPEGs of a test on to its recorder, and reads the recorded files with ffmpeg.

import { encodeJpeg } from "../../src/index.ts";
import { nowMicros } from "../../src/core/clock.ts";
import type { Size } from "../../src/core/pixel-format.ts";
import type { AudienceMember } from "../../src/server/deliver/audience-member.ts";
import type { FollowedCamera } from "../../src/server/deliver/inner-member.ts";
import type { Priority } from "../../src/server/record/low-priority.ts";
import { PictureFeed } from "../../src/server/renditions/feed.ts";
import { pictureOf } from "./encoded-pictures.ts";

export class JpegCamera implements FollowedCamera {
  readonly name: string;
  frameNumber = 0;
  /** The reason why the recorder has left. */
  gone: string | null = null;
  #recorder: AudienceMember | null = null;
  readonly #feed = new PictureFeed({ source: { framesPerSecond: 30 }, codec: "test", quality: 75 });

  constructor(name: string) {
    this.name = name;
  }

  onChanged(recorder: AudienceMember): void {
    this.#recorder = recorder;
    recorder.frames.follow(this.#feed);
  }

  onGone(_: AudienceMember, reason: string): void {
    this.gone = reason;
  }

  /** Delivers a picture with the next frame number. */
  deliver(jpeg: Uint8Array, size: Size, capturedAt = nowMicros()): void {
    const frameNumber = ++this.frameNumber;
    this.#feed.publish(pictureOf({ ...size, frameNumber, capturedAt, encodedAt: capturedAt, isPassedOn: false }, jpeg));
    this.#recorder?.frames.offer();
  }
}

/** Programs at low priority would take minutes on a machine that runs other tests. */
export const usualPriority: Priority = async (command) => [...command];

/** Returns JPEGs that differ in their grey. */
export async function greyJpegs(count: number, { width, height }: Size): Promise<Uint8Array[]> {
  const grey = (level: number) => encodeJpeg(new Uint8Array(width * height * 4).fill(level), { width, height });
  return Promise.all(Array.from({ length: count }, (_, index) => grey(Math.round((255 * index) / count))));
}

export interface RecordedPicture {
  milliseconds: number;
  jpeg: Uint8Array;
}

/** Reads the pictures of a file with ffprobe and ffmpeg, which decode nothing. */
export function readRecording(path: string): RecordedPicture[] {
  const run = (command: readonly string[]) => {
    const { stdout, stderr, exitCode } = Bun.spawnSync([...command]);
    if (exitCode !== 0) throw new Error(`${command[0]}: ${stderr.toString()}`);
    return stdout;
  };
  const entries = ["-show_entries", "packet=pts_time,size", "-of", "csv=p=0"];
  const packets = run(["ffprobe", "-v", "error", ...entries, path])
    .toString()
    .trim()
    .split("\n");
  const bytes = run(["ffmpeg", "-v", "error", "-i", path, "-c", "copy", "-f", "image2pipe", "pipe:1"]);
  let at = 0;
  return packets.map((line) => {
    const [seconds, size] = line.split(",").map(Number);
    const jpeg = new Uint8Array(bytes.subarray(at, at + (size ?? 0)));
    at += jpeg.length;
    return { milliseconds: Math.round((seconds ?? 0) * 1000), jpeg };
  });
}
