// A viewer in memory that follows wire.ts literally and compares each frame that it receives with the right one.

import { readGoodbye, writeHello } from "../../src/protocol/greeting.ts";
import * as m from "../../src/protocol/messages.ts";
import { MessageSplitter } from "../../src/protocol/splitter.ts";
import { MAX_SERVER_MESSAGE_BYTES, MessageType, WIRE_VERSION } from "../../src/protocol/wire.ts";
import { Credit } from "../../src/server/deliver/credit.ts";
import type { Reception } from "../../src/server/doors/reception.ts";
import { Viewer } from "../../src/server/deliver/viewer.ts";
import type { Truth } from "./tile-delivery-model.ts";
import { tilesOf } from "./tile-lists.ts";

/** SOI and EOI. The JPEGs of the model start with them, and the frame number follows. There is no header. */
export const JPEG_START = [0xff, 0xd8, 0xff, 0xd9] as const;

/** The number of bytes that may wait beside a frame's tiles: pings, pongs, and the head of the frame. */
const SMALL_BYTES = 12_000;
/** The number of bytes of the largest frame: all tiles of a picture. */
const FRAME_BYTES = 8 * 1_000;

export class ModelViewer {
  readonly notices: m.Notice[] = [];
  readonly viewer: Viewer;
  /** The newest frame that arrived completely. */
  lastFrame = 0;
  /** The number of bytes of its tiles or its JPEG. */
  lastFrameBytes = 0;
  paused = false;
  isGone = false;
  framesSeen = 0;
  readonly #truths: readonly Truth[];
  readonly #splitter = new MessageSplitter(MAX_SERVER_MESSAGE_BYTES, (type, body) => this.#hear(type, body));
  #capacity = Number.POSITIVE_INFINITY;
  /** The epoch in the last Stream message. Null means that whole pictures follow. */
  #epoch: number | null = null;
  #streams = 0;
  /** For each tile, the frame that it comes from. 0 means that no tile has come since the Stream message. */
  #tiles: number[] = [];
  #partial: number | null = null;
  #unacknowledged: number[] = [];
  #unanswered: number[] = [];
  /** Computes the window that the server must have, from the same Acks. */
  readonly #credit = new Credit();
  #widestWindow = 1;

  constructor(reception: Reception, truths: readonly Truth[]) {
    this.#truths = truths;
    const write = (bytes: Uint8Array) => {
      const count = Math.min(this.#capacity, bytes.length);
      this.#capacity -= count;
      this.#splitter.feed(bytes.slice(0, count));
      return count;
    };
    const hangUp = () => {
      throw new Error("the server closed the connection");
    };
    const connection = {
      address: "model",
      door: "tcp" as const,
      ip: "127.0.0.1",
      write,
      bufferedBytes: 0,
      end: hangUp,
      abort: hangUp,
    };
    const viewer = reception.connect(connection);
    if (!(viewer instanceof Viewer)) throw new Error("the server refused the model's connection");
    this.viewer = viewer;
    try {
      this.viewer.receive(writeHello({ version: WIRE_VERSION, software: "a model", camera: "", paused: false }));
    } catch (error) {
      this.hangUp(); // so that no timer of the server's goodbye fires in a later test
      throw error;
    }
  }

  get watches(): boolean {
    return !this.isGone && !this.paused;
  }

  /** Whether the last Stream message announced whole pictures. */
  get takesPictures(): boolean {
    return this.#streams > 0 && this.#epoch === null;
  }

  /** Takes that number of bytes more, then none until the next call. */
  read(bytes: number): void {
    if (this.isGone) return;
    this.#capacity = bytes;
    const before = this.framesSeen;
    this.viewer.drained();
    const came = this.framesSeen - before;
    if (came > 2) throw new Error(`${came} frames came; one may wait, and one more is composed when it has left`);
  }

  /** Reads the waiting bytes, and checks that there are few. */
  readWaiting(): void {
    const limit = 2 * FRAME_BYTES + SMALL_BYTES;
    this.read(limit);
    if (!this.isGone && this.#capacity <= 0) throw new Error(`more than ${limit} bytes were waiting`);
    this.#capacity = 0;
  }

  /** Acknowledges one of the frames that arrived. Returns false if there is none. */
  acknowledge(
    which: number,
    outcome: m.Ack["outcome"],
    { transfer, work }: { transfer: number; work: number },
  ): boolean {
    if (this.isGone || this.#unacknowledged.length === 0) return false;
    const [frameNumber = 0] = this.#unacknowledged.splice(which % this.#unacknowledged.length, 1);
    const ack: m.Ack = { frameNumber, outcome, transferMicros: transfer, workMicros: work, paceMicros: work };
    this.#credit.sent(frameNumber);
    this.#credit.acknowledged(ack, this.viewer.roundTripMicros, 33_333);
    if (this.#unacknowledged.length === 0) this.#widestWindow = 1;
    this.#widestWindow = Math.max(this.#widestWindow, this.#credit.window);
    this.viewer.receive(m.writeAck(ack));
    return true;
  }

  wish(paused: boolean, width: number, height: number): void {
    if (this.isGone) return;
    this.paused = paused;
    this.viewer.receive(m.writeWish({ paused, keepsSize: width % 2 === 1, width, height }));
  }

  /** Asks for pictures of one size. */
  keepSize(): void {
    this.viewer.receive(m.writeWish({ paused: this.paused, keepsSize: true, width: 0, height: 0 }));
  }

  /** Sends a Ping, so that the server sees a sign of life, and answers the server's pings. */
  ping(): void {
    if (this.isGone) return;
    this.viewer.receive(m.writePing({ sentAt: 1 }));
    for (const sentAt of this.#unanswered.splice(0))
      this.viewer.receive(m.writePong({ sentAt, receivedAt: sentAt, repliedAt: sentAt }));
  }

  hangUp(): void {
    if (!this.isGone) this.viewer.closed("it hung up");
    this.isGone = true;
  }

  #hear(type: number, body: Uint8Array): void {
    if (type === MessageType.goodbye) throw new Error(`the server said goodbye: ${readGoodbye(body).text}`);
    if (type === MessageType.stream) this.#begin(m.readStream(body));
    if (type === MessageType.tiles) this.#takeTiles(m.readTiles(body));
    if (type === MessageType.picture) this.#takePicture(m.readPicture(body));
    if (type === MessageType.notice) this.notices.push(m.readNotice(body));
    if (type === MessageType.ping) this.#unanswered.push(m.readPing(body).sentAt);
  }

  #begin({ jpegHeader }: m.StreamHeader): void {
    this.#epoch = jpegHeader.length === 0 ? null : (new Uint32Array(jpegHeader.buffer)[0] as number);
    this.#tiles = [];
    this.#streams++;
  }

  #takeTiles({ frameNumber, isLast, tiles }: m.Tiles): void {
    const truth = this.#truths[this.#epoch ?? -1];
    if (truth === undefined) throw new Error(`tiles of frame ${frameNumber} without a Stream that announces them`);
    this.#beginFrame(frameNumber);
    if (frameNumber !== this.#partial) this.lastFrameBytes = 0;
    for (const { number, bytes } of tilesOf(tiles)) {
      this.lastFrameBytes += bytes.length;
      if (bytes.length !== truth.tileBytes) throw new Error(`tile ${number} has ${bytes.length} bytes`);
      const [epoch, tile, frame = 0] = new Uint32Array(bytes.slice(0, 12).buffer);
      if (epoch !== this.#epoch || tile !== number) throw new Error(`tile ${number} is ${tile} of epoch ${epoch}`);
      this.#tiles[number] = frame;
    }
    this.#partial = isLast ? null : frameNumber;
    if (!isLast) return;
    const shown = this.#tiles.join(" ");
    const expected = truth.frames.get(frameNumber)?.join(" ");
    if (shown !== expected) throw new Error(`frame ${frameNumber} shows ${shown}; it should show ${expected}`);
    this.#endFrame(frameNumber);
  }

  #takePicture({ frameNumber, jpeg }: m.Picture): void {
    if (this.#streams === 0 || this.#epoch !== null) throw new Error("a picture without a Stream that announces it");
    this.#beginFrame(frameNumber);
    const number = new Uint32Array(jpeg.slice(JPEG_START.length, JPEG_START.length + 4).buffer)[0];
    this.lastFrameBytes = jpeg.length;
    if (number !== frameNumber) throw new Error(`picture ${frameNumber} shows ${number}`);
    this.#endFrame(frameNumber);
  }

  #beginFrame(frameNumber: number): void {
    if (frameNumber <= this.lastFrame) throw new Error(`frame ${frameNumber} came after ${this.lastFrame}`);
    if (this.#partial !== null && frameNumber < this.#partial)
      throw new Error(`part of frame ${frameNumber} came after one of ${this.#partial}`);
    if (this.#unacknowledged.length >= this.#widestWindow)
      throw new Error(`${this.#unacknowledged.length + 1} frames in flight; ${this.#widestWindow} are allowed`);
  }

  #endFrame(frameNumber: number): void {
    this.#partial = null;
    this.lastFrame = frameNumber;
    this.framesSeen++;
    this.#unacknowledged.push(frameNumber);
  }
}
