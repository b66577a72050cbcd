// The far end of a viewer's connection, in memory, for the tests of the server's side of it.

import { type CameraEntry, readCameras } from "../../src/protocol/cameras.ts";
import { type Controls, type ControlSet, readControlSet, readControls } from "../../src/protocol/controls.ts";
import { type Goodbye, readGoodbye, readWelcome, type Welcome, writeHello } from "../../src/protocol/greeting.ts";
import { lineLog } from "../../src/core/log.ts";
import * as m from "../../src/protocol/messages.ts";
import { MessageSplitter } from "../../src/protocol/splitter.ts";
import { MessageType, WIRE_VERSION } from "../../src/protocol/wire.ts";
import { CameraControls } from "../../src/server/deliver/camera-controls.ts";
import type { Source } from "../../src/capture/source.ts";
import { PictureFeed } from "../../src/server/renditions/feed.ts";
import { pictureOf } from "./encoded-pictures.ts";
import type { EncodedPicture } from "../../src/server/picture.ts";
import { Viewer } from "../../src/server/deliver/viewer.ts";

export type Heard =
  | ({ type: "welcome" } & Welcome)
  | ({ type: "goodbye" } & Goodbye)
  | ({ type: "stream" } & m.StreamHeader)
  | { type: "picture"; frameNumber: number; jpeg: Uint8Array; sentAt: number; encodedAt: number }
  | ({ type: "controls" } & Controls)
  | ({ type: "control set" } & ControlSet)
  | { type: "cameras"; cameras: CameraEntry[] }
  | ({ type: "notice" } & m.Notice)
  | { type: "ping" | "pong"; sentAt?: number };

/** The far end of a connection: reads what the server says, and takes `room` bytes before the next drain. */
export class FarEnd {
  readonly heard: Heard[] = [];
  readonly calls: string[] = [];
  readonly viewer: Viewer;
  room = Number.POSITIVE_INFINITY;
  /** When the viewer has ended the connection. */
  onEnd: () => void = () => undefined;
  readonly #feed = new PictureFeed({ source: { framesPerSecond: 30 }, codec: "test", quality: 75 });
  readonly #splitter = new MessageSplitter(64 * 1024 * 1024, (type, body) => this.#hear(type, body));

  /** `source`: whose controls the viewer is told of. */
  constructor(source: Source = { name: "a source", framesPerSecond: 30, run: () => Promise.resolve() }) {
    const controls = new CameraControls({ source, areSettable: true, log: lineLog((text) => this.calls.push(text)) });
    const write = (bytes: Uint8Array) => {
      const count = Math.min(this.room, bytes.length);
      this.room -= count;
      this.#splitter.feed(bytes.slice(0, count));
      return count;
    };
    this.viewer = new Viewer(
      {
        address: "test",
        write,
        bufferedBytes: 0,
        abort: () => this.calls.push("abort"),
        end: () => {
          this.calls.push("end");
          this.onEnd();
        },
      },
      {
        limits: { maxLatencyMicros: null, maxBitsPerSecond: null },
        findCamera: () => ({
          name: "a source",
          controls,
          captureIntervalMicros: () => 33_333,
          onChanged: (viewer) => {
            this.calls.push(viewer.watching ? "watching" : "not watching");
            viewer.frames.follow(viewer.watching ? this.#feed : null);
            if (!viewer.watching) this.#feed.clear();
          },
          onAcknowledged: () => undefined,
          onGone: (_, reason) => this.calls.push(`gone: ${reason}`),
        }),
        listCameras: () => [{ name: "a source", hasEnded: false, width: 64, height: 48, framesPerSecond: 30 }],
        onRefused: (_, reason) => this.calls.push(`gone: ${reason}`),
        onClosed: () => this.calls.push("closed"),
      },
    );
  }

  greet(version: number = WIRE_VERSION, paused = false): this {
    this.viewer.receive(writeHello({ version, software: "a test", camera: "", paused }));
    return this;
  }

  /** A new picture in the feed that the viewer follows while it is watching. */
  offer(picture: EncodedPicture): void {
    this.#feed.publish(picture);
    this.viewer.frames.offer();
  }

  ack(frameNumber: number, outcome: m.Ack["outcome"] = "shown"): void {
    const times = { transferMicros: 100, workMicros: 100, paceMicros: 100 };
    this.viewer.receive(m.writeAck({ frameNumber, outcome, ...times }));
  }

  /** Makes room for so many bytes more and says so. */
  drain(bytes: number): void {
    this.room = bytes;
    this.viewer.drained();
  }

  get pictures(): number[] {
    return this.heard.flatMap((each) => (each.type === "picture" ? [each.frameNumber] : []));
  }

  ofType(type: Heard["type"]): Heard[] {
    return this.heard.filter((each) => each.type === type);
  }

  #hear(type: number, body: Uint8Array): void {
    if (type === MessageType.welcome) this.heard.push({ type: "welcome", ...readWelcome(body) });
    else if (type === MessageType.cameras) this.heard.push({ type: "cameras", cameras: readCameras(body) });
    else if (type === MessageType.controls) this.heard.push({ type: "controls", ...readControls(body) });
    else if (type === MessageType.controlSet) this.heard.push({ type: "control set", ...readControlSet(body) });
    else if (type === MessageType.goodbye) this.heard.push({ type: "goodbye", ...readGoodbye(body) });
    else if (type === MessageType.stream) this.heard.push({ type: "stream", ...m.readStream(body) });
    else if (type === MessageType.ping) this.heard.push({ type: "ping", ...m.readPing(body) });
    else if (type === MessageType.pong) this.heard.push({ type: "pong", ...m.readPong(body) });
    else if (type === MessageType.notice) this.heard.push({ type: "notice", ...m.readNotice(body) });
    else if (type === MessageType.picture) {
      const { frameNumber, jpeg, sentAt, encodedAt } = m.readPicture(body);
      this.heard.push({ type: "picture", frameNumber, jpeg: new Uint8Array(jpeg), sentAt, encodedAt });
    } else throw new Error(`a server never says ${type}`);
  }
}

/** A picture of that number, which also fills its bytes. */
export function picture(frameNumber: number, bytes = 50, size = { width: 64, height: 48 }): EncodedPicture {
  const jpeg = new Uint8Array(bytes).fill(frameNumber);
  const facts = {
    ...size,
    frameNumber,
    capturedAt: 1000 * frameNumber,
    encodedAt: 1000 * frameNumber + 5,
    isPassedOn: false,
  };
  return pictureOf(facts, jpeg);
}
