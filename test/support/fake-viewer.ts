// The viewer's side of a connection in memory, for tests of the server's side.

import type { Source } from "../../src/capture/source.ts";
import { type CameraEntry, readCameras } from "../../src/protocol/cameras.ts";
import { type ClipPart, readClipPart } from "../../src/protocol/clip.ts";
import { type Controls, type ControlSet, readControlSet, readControls } from "../../src/protocol/controls.ts";
import { type Goodbye, readGoodbye, readWelcome, type Welcome, writeHello } from "../../src/protocol/greeting.ts";
import * as m from "../../src/protocol/messages.ts";
import { type Motion, readMotion } from "../../src/protocol/motion.ts";
import { type Route, readRoute } from "../../src/protocol/route.ts";
import { MessageSplitter } from "../../src/protocol/splitter.ts";
import { MAX_SERVER_MESSAGE_BYTES, MessageType, WIRE_VERSION } from "../../src/protocol/wire.ts";
import { Viewer } from "../../src/server/deliver/viewer.ts";
import type { SharedBitrate } from "../../src/server/deliver/shared-bitrate.ts";
import type { WaitingMemory } from "../../src/server/deliver/waiting-memory.ts";
import type { EncodedPicture } from "../../src/server/picture.ts";
import { PictureCamera } from "./picture-camera.ts";

export type Heard =
  | ({ type: "welcome" } & Welcome)
  | ({ type: "goodbye" } & Goodbye)
  | ({ type: "stream" } & m.StreamHeader)
  | { type: "picture"; frameNumber: number; jpeg: Uint8Array; sentAt: number; encodedAt: number }
  | ({ type: "controls" } & Controls)
  | ({ type: "control set" } & ControlSet)
  | ({ type: "clip part" } & ClipPart)
  | { type: "cameras"; cameras: CameraEntry[] }
  | ({ type: "notice" } & m.Notice)
  | ({ type: "motion" } & Motion)
  | { type: "route"; relays: Route }
  | { type: "ping" | "pong"; sentAt?: number };

/** Reads the server's bytes. It takes `capacity` bytes until the next drain. */
export class FakeViewer {
  readonly heard: Heard[] = [];
  /** The server's side. */
  readonly viewer: Viewer;
  capacity = Number.POSITIVE_INFINITY;
  /** The server has ended the connection. */
  onEnd: () => void = () => undefined;
  readonly #camera: PictureCamera;
  readonly #splitter = new MessageSplitter(MAX_SERVER_MESSAGE_BYTES, (type, body) => this.#hear(type, body));

  /** `source` has the controls that the viewer can list and set. `maxTotalBits` limits the bits a second of all viewers. */
  constructor(source?: Source, maxTotalBits?: number) {
    this.#camera = new PictureCamera(source, maxTotalBits);
    const write = (bytes: Uint8Array) => {
      const count = Math.min(this.capacity, bytes.length);
      this.capacity -= count;
      this.#splitter.feed(bytes.slice(0, count));
      return count;
    };
    const end = () => {
      this.calls.push("end");
      this.onEnd();
    };
    const abort = () => void this.calls.push("abort");
    this.viewer = new Viewer(
      { door: "tcp", address: "test", ip: "127.0.0.1", write, bufferedBytes: 0, end, abort },
      this.#camera,
    );
  }

  /** The calls that the server's side made to the camera and to the transport. */
  get calls(): string[] {
    return this.#camera.calls;
  }

  /** How often the server's side has told the camera that the viewer can be sent a newer frame. */
  get readyCalls(): number {
    return this.#camera.readyCalls;
  }

  /** The bit rate of all viewers of the server. */
  get bitrate(): SharedBitrate {
    return this.#camera.bitrate;
  }

  /** The memory for pictures of all viewers of the server. */
  get waiting(): WaitingMemory {
    return this.#camera.waiting;
  }

  greet(version: number = WIRE_VERSION, paused = false): this {
    this.viewer.receive(writeHello({ version, software: "a test", camera: "", paused }));
    return this;
  }

  /** Offers a new picture. The viewer follows this feed while it watches. */
  offer(picture: EncodedPicture): void {
    this.#camera.publish(picture, this.viewer);
  }

  ack(frameNumber: number, outcome: m.Ack["outcome"] = "shown"): void {
    this.viewer.receive(m.writeAck({ frameNumber, outcome, transferMicros: 100, workMicros: 100, paceMicros: 100 }));
  }

  /** Takes that number of bytes more. */
  drain(bytes: number): void {
    this.capacity = bytes;
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
    else if (type === MessageType.clipPart) this.heard.push({ type: "clip part", ...readClipPart(body) });
    else if (type === MessageType.goodbye) this.heard.push({ type: "goodbye", ...readGoodbye(body) });
    else if (type === MessageType.stream) this.heard.push({ type: "stream", ...m.readStream(body) });
    else if (type === MessageType.ping) this.heard.push({ type: "ping", ...m.readPing(body) });
    else if (type === MessageType.pong) this.heard.push({ type: "pong", ...m.readPong(body) });
    else if (type === MessageType.notice) this.heard.push({ type: "notice", ...m.readNotice(body) });
    else if (type === MessageType.motion) this.heard.push({ type: "motion", ...readMotion(body) });
    else if (type === MessageType.route) this.heard.push({ type: "route", relays: readRoute(body) });
    else if (type === MessageType.picture) {
      const { frameNumber, jpeg, sentAt, encodedAt } = m.readPicture(body);
      this.heard.push({ type: "picture", frameNumber, jpeg: new Uint8Array(jpeg), sentAt, encodedAt });
    } else throw new Error(`a server never sends message type ${type}`);
  }
}
