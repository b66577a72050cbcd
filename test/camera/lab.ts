// Shared by the camera tests: the pictures of the emulated camera, a source without a server, and a viewer that keeps the bytes it receives.

import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { Arena } from "../../src/codec/memory/arena.ts";
import { type Micros, nowMicros } from "../../src/core/clock.ts";
import { frameBytes, type PixelFormat, type Size } from "../../src/core/pixel-format.ts";
import { ClockOffset } from "../../src/protocol/clock-offset.ts";
import { writeHello } from "../../src/protocol/greeting.ts";
import { readPicture, readPing, readPong, writeAck, writePing, writePong } from "../../src/protocol/messages.ts";
import { Outbox } from "../../src/protocol/outbox.ts";
import { GONE } from "../../src/protocol/transport.ts";
import { MessageSplitter } from "../../src/protocol/splitter.ts";
import { lineLog } from "../../src/core/log.ts";
import { MAX_SERVER_MESSAGE_BYTES, MessageType, WIRE_VERSION } from "../../src/protocol/wire.ts";
import { CaptureSlots } from "../../src/capture/capture-slots.ts";
import { picturesOf } from "../support/jpeg-run.ts";
import { parseSetting } from "../../src/capture/control-values.ts";
import { openSource, type SourceOptions } from "../../src/capture/open.ts";

/** The folder in which the lab script keeps the pictures of its camera. */
const LAB = process.env["LAB"] ?? join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "camera-lab");

export const hashOf = (bytes: Uint8Array): string => Bun.SHA256.hash(bytes, "hex");

/** Hashes of the JPEGs that the emulated camera sends at this size, computed from its files. */
export function cameraFrames(
  { width, height }: Size,
  { withoutTables = false, folder = "uvc" }: { withoutTables?: boolean; folder?: string } = {},
): Set<string> {
  const pictures = picturesOf(readFileSync(join(LAB, folder, `mjpg_${width}x${height}`)));
  return new Set(pictures.map((jpeg) => hashOf(withoutTables ? withoutHuffmanTables(jpeg) : jpeg)));
}

/** Removes the DHT segments (T.81 B.2.4.2), as many cameras do. */
export function withoutHuffmanTables(jpeg: Uint8Array): Uint8Array {
  const parts = [jpeg.subarray(0, 2)];
  let at = 2;
  while (jpeg[at + 1] !== 0xda) {
    const end = at + 2 + (((jpeg[at + 2] as number) << 8) | (jpeg[at + 3] as number));
    if (jpeg[at + 1] !== 0xc4) parts.push(jpeg.subarray(at, end));
    at = end;
  }
  return Buffer.concat([...parts, jpeg.subarray(at)]);
}

export interface CapturedFrame {
  bytes: Uint8Array;
  /** The value is null for a JPEG. */
  format: PixelFormat | null;
  size: Size | null;
  /** The time from capture to delivery, in milliseconds. */
  ageMs: number;
}

/** Opens a source as `serve` does, without a server, and returns `count` frames and the lines of the log. */
export async function captureFrames(
  { settings = [], ...options }: Partial<Omit<SourceOptions, "settings">> & { settings?: readonly string[] },
  count: number,
): Promise<{ frames: CapturedFrame[]; lost: number; lines: string[] }> {
  const lines: string[] = [];
  const log = lineLog((text) => lines.push(text));
  const source = openSource({ source: "0", ...options, settings: settings.map(parseSetting) }, log);
  const frames: CapturedFrame[] = [];
  let lost = 0;
  const slots = new CaptureSlots(Arena.create(), 0, (_, trouble) => {
    if (trouble !== null) throw new Error(trouble);
  });
  const ending = new AbortController();
  const keep = (bytes: Uint8Array, format: PixelFormat | null, size: Size | null, capturedAt: Micros) => {
    frames.push({ bytes, format, size, ageMs: (nowMicros() - capturedAt) / 1000 });
    if (frames.length >= count) ending.abort();
  };
  await source.run(
    {
      reserve: (format, size) => slots.reserve(format, size),
      reserveJpeg: (bytes) => slots.reserveJpeg(bytes),
      pixels(slot, format, size, capturedAt) {
        keep(slot.bytes.slice(0, frameBytes(format, size.width, size.height)), format, size, capturedAt);
        slot.release();
        return "taken";
      },
      jpeg(slot, jpegBytes, capturedAt) {
        keep(slot.bytes.slice(0, jpegBytes), null, null, capturedAt);
        slot.release();
        return "taken";
      },
      lost() {
        lost++;
      },
      trouble: () => undefined,
    },
    ending.signal,
  );
  return { frames, lost, lines };
}

export interface ReceivedPicture {
  /** The frame number. The server counts lost frames too. */
  frameNumber: number;
  /** The value is empty without `hashed`, because hashing is slow in a guest. */
  hash: string;
  /** The following three times are on the reader's clock. In a guest, the clocks of two processes may differ by some milliseconds. */
  receivedAt: Micros;
  capturedAt: Micros;
  sentAt: Micros;
  /** The bytes of the connection up to the end of the picture, or slightly more. */
  endsAtByte: number;
}

/** A viewer that shows nothing. It keeps the hash and the stamps of each JPEG, for `seconds` from the first one or for `count` of them. */
export async function receivePictures(
  port: number,
  seconds: number,
  { hashed = true, count = Number.POSITIVE_INFINITY } = {},
): Promise<ReceivedPicture[]> {
  const pictures: ReceivedPicture[] = [];
  const done = Promise.withResolvers<void>();
  let outbox = new Outbox({ write: () => GONE, bufferedBytes: 0 });
  // This time is taken before the bytes are read, as it is for the programs that are compared with the server.
  let receivedAt: Micros = 0;
  let receivedBytes = 0;
  const clock = new ClockOffset();
  const splitter = new MessageSplitter(MAX_SERVER_MESSAGE_BYTES, (type, body, startedAt) => {
    if (type === MessageType.ping) {
      outbox.send(writePong({ ...readPing(body), receivedAt, repliedAt: receivedAt }));
    } else if (type === MessageType.pong) {
      clock.add(readPong(body), receivedAt);
    } else if (type === MessageType.picture) {
      if (clock.pingIsDue(receivedAt)) outbox.send(writePing({ sentAt: nowMicros() }));
      const { frameNumber, capturedAt, sentAt, jpeg } = readPicture(body);
      const work = { transferMicros: receivedAt - startedAt, workMicros: 1000, paceMicros: 1000 };
      outbox.send(writeAck({ frameNumber, outcome: "shown", ...work }));
      const stamps = { receivedAt, capturedAt, sentAt, endsAtByte: receivedBytes };
      pictures.push({ frameNumber, hash: hashed ? hashOf(jpeg) : "", ...stamps });
      if (receivedAt - (pictures[0] as ReceivedPicture).receivedAt > seconds * 1e6 || pictures.length >= count) {
        done.resolve();
      }
    } else if (type === MessageType.goodbye) done.resolve();
  });
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      data(_, chunk) {
        receivedAt = nowMicros();
        receivedBytes += chunk.length;
        splitter.feed(chunk);
      },
      drain: () => outbox.drain(),
      close: () => done.resolve(),
      error: () => done.resolve(),
    },
  });
  socket.setNoDelay(true);
  outbox = new Outbox({ write: (bytes) => socket.write(bytes), bufferedBytes: 0 });
  outbox.send(writeHello({ version: WIRE_VERSION, software: "camera test", camera: "", paused: false }));
  await done.promise;
  socket.end();
  return pictures.map((picture) => ({
    ...picture,
    capturedAt: clock.toOwnClock(picture.capturedAt),
    sentAt: clock.toOwnClock(picture.sentAt),
  }));
}

export function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
