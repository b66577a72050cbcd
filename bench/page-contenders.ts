// The contenders of `bench page`: our page, our stream in an <img>, and the streams of other servers in an <img>.

import { encodeJpeg } from "../src/codec/bun/jpeg.ts";
import { drawFrameCode, type FrameCode } from "../src/capture/pattern/frame-code.ts";
import type { Micros } from "../src/core/clock.ts";
import { frameBytes, type Size } from "../src/core/pixel-format.ts";
import { type FootageKind, footageFile } from "./footage-file.ts";
import { JpegFolder } from "./peers/jpeg-folder.ts";
import { hasUstreamer, startUstreamer } from "./peers/ustreamer.ts";
import { startFootageServer } from "./processes.ts";

export interface Footage {
  kind: FootageKind;
  size: Size;
  fps: number;
  /** Whether each frame has a frame code. */
  hasCode: boolean;
}

/** A server that runs, and what a browser shows of it. */
export interface Showing extends AsyncDisposable {
  /** The address of our page, or of a stream for an <img>. */
  url: string;
  isPage: boolean;
  /** Returns when the frame with this code was complete: pixels before they are encoded, or a JPEG of a camera. */
  bornAt(code: FrameCode): Micros;
}

export interface Contender {
  name: string;
  start(): Promise<Showing>;
}

/** Our server, whose camera delivers pixels. */
export function pixelContenders(footage: Footage, streamPath: string): Contender[] {
  const flags = footage.hasCode ? [] : ["--no-code"];
  const bornAt = (code: FrameCode) => code.bornAt;
  return [
    { name: "our page", start: () => startOurs(footage, flags, "", bornAt) },
    { name: "our stream in <img>", start: () => startOurs(footage, flags, streamPath, bornAt) },
  ];
}

/** Our server and others, whose camera delivers the JPEGs of a folder. Their codes have numbers only. */
export function jpegContenders(footage: Footage, jpegs: JpegFolder): Contender[] {
  const flags = ["--jpegs", jpegs.path];
  const bornAt = ({ frameNumber }: FrameCode) => jpegs.deliveredAt(frameNumber);
  return [
    { name: "our page", start: () => startOurs(footage, flags, "", bornAt) },
    { name: "our stream in <img>", start: () => startOurs(footage, flags, "stream", bornAt) },
    ...ustreamerContender(footage, jpegs),
  ];
}

/** ustreamer passes on the JPEGs of its camera. It has no contender here if it is not installed. */
export function ustreamerContender({ fps }: Footage, jpegs: JpegFolder): Contender[] {
  const start = async (): Promise<Showing> => {
    const { port, [Symbol.asyncDispose]: stop } = await startUstreamer(jpegs, fps);
    const url = `http://127.0.0.1:${port}/stream?advance_headers=1`; // as its own page asks in Chromium
    return {
      url,
      isPage: false,
      bornAt: ({ frameNumber }) => jpegs.deliveredAt(frameNumber),
      [Symbol.asyncDispose]: stop,
    };
  };
  return hasUstreamer() ? [{ name: "ustreamer in <img>", start }] : [];
}

async function startOurs(
  { kind, size, fps }: Footage,
  flags: readonly string[],
  path: string,
  bornAt: Showing["bornAt"],
): Promise<Showing> {
  const server = await startFootageServer({ kind, size, fps, flags: ["--http", ...flags] });
  const url = `http://127.0.0.1:${server.latest().http?.port}/${path}`;
  return {
    url,
    isPage: path === "",
    bornAt,
    async [Symbol.asyncDispose]() {
      await server.stop();
    },
  };
}

/** Encodes the footage. The frame code of each JPEG has its number in the folder. */
export async function encodeFootage({ kind, size, hasCode }: Footage): Promise<JpegFolder> {
  const pixels = await Bun.file(footageFile(kind, size)).bytes();
  const bytes = frameBytes("rgba", size.width, size.height);
  const jpegs: Uint8Array[] = [];
  for (let at = 0; at < pixels.length; at += bytes) {
    const frame = pixels.subarray(at, at + bytes);
    if (hasCode) drawFrameCode(frame, size, { frameNumber: jpegs.length, bornAt: 0 });
    jpegs.push(await encodeJpeg(frame, { ...size, quality: 75 }));
  }
  return await JpegFolder.create(jpegs);
}
