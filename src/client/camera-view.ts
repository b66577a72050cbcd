// One camera of a server on one screen: connects, decodes and shows until it is told to stop, through any number of connections.

import type { Arena } from "../codec/memory/arena.ts";
import { readJpegSize } from "../codec/jpeg/header.ts";
import type { CodecPool } from "../codec/threads/pool.ts";
import { sleep } from "../core/clock.ts";
import { ConnectionError, messageOf } from "../core/errors.ts";
import type { Size } from "../core/pixel-format.ts";
import { GoodbyeReason } from "../protocol/wire.ts";
import { type Address, formatAddress } from "./connect/address.ts";
import { Connection, type ConnectionEnd, type ConnectionEvents, isHopeless } from "./connect/connection.ts";
import { createDecodePipeline } from "./decode/picture-decoder.ts";
import type { FrameOutput } from "./present/frame-output.ts";
import type { DecodeEvents } from "./picture.ts";
import { acknowledgeDropped, Presenter } from "./present/presenter.ts";
import { createGreyer } from "./present/grey-copy.ts";
import { Receiver } from "./decode/receiver.ts";
import { Backoff } from "./connect/backoff.ts";
import type { Screen } from "./screens/screen.ts";
import { saveSnapshot } from "./present/snapshot.ts";
import { createTilePipeline } from "./decode/tile-streams.ts";
import { ViewFigures } from "./figures.ts";

export interface CameraViewOptions {
  address: Address;
  /** A picture of that size is enough; null = as large as the source's. */
  size: Size | null;
  /** End with the first connection instead of connecting again. */
  once: boolean;
  arena: Arena;
  pool: CodecPool;
  screen: Screen;
  /** Where shown pictures are written as well; their size must not change then. */
  output: FrameOutput | null;
  stopped: AbortSignal;
  /** One line for the user. */
  say: (text: string) => void;
  /** A server has welcomed it. */
  onConnected?: () => void;
  /** With the number of frames so far. */
  onShown: (frames: number) => void;
  /** The screen or the output failed. */
  onBroken: (reason: unknown) => void;
}

/** How often a server is asked for a camera that it says has ended; each time is a line in its log. */
const ENDED_PAUSE_MS = 30_000;

export class CameraView {
  readonly figures = new ViewFigures();
  readonly #options: CameraViewOptions;
  readonly #presenter: Presenter;
  /** Null until its kernel is loaded. */
  #receiver: Receiver | null = null;
  #connection: Connection | null = null;
  #size: Size | null;
  #paused = false;
  /** Not to be seen at the moment: no pictures are wanted. */
  #hidden = false;
  #saidDamage = false;
  /** Ends the pause before the next try to connect; null while there is none that may be ended. */
  #endPause: (() => void) | null = null;

  static async create(options: CameraViewOptions): Promise<CameraView> {
    const { arena, pool } = options;
    const view = new CameraView(options);
    const decodeEvents: DecodeEvents = {
      onDecoded: (picture) => {
        if (picture.isDamaged) view.#sayDamage(picture.received.frameNumber, "some of it is missing");
        view.#presenter.offer(picture);
      },
      onDropped: (frame, cause, reason) => {
        view.figures.drops.add(cause);
        acknowledgeDropped(frame);
        if (cause === "decode") view.#sayDamage(frame.frameNumber, reason);
      },
    };
    const tiles = await createTilePipeline(arena, pool, decodeEvents);
    const pictures = await createDecodePipeline(arena, pool, decodeEvents);
    view.#receiver = new Receiver(pictures, tiles, view.figures);
    return view;
  }

  private constructor(options: CameraViewOptions) {
    this.#options = options;
    this.#size = options.size;
    this.figures.server = formatAddress(options.address);
    this.#presenter = new Presenter({
      ...{ screen: options.screen, output: options.output, figures: this.figures },
      ...{ decodeThreads: options.pool.threads, onShown: options.onShown, onBroken: options.onBroken },
      grey: createGreyer(options.arena, options.pool),
      onSlotFree: () => this.pump(),
    });
  }

  /** Call when a codec thread has become idle. */
  pump(): void {
    this.#receiver?.pump();
  }

  /** To be called some times a second. */
  tick(): void {
    this.#presenter.tick();
  }

  /** Shows again what is on the screen. */
  refresh(): void {
    this.#presenter.refresh();
  }

  /** Tries at once, where no server had answered: another camera's connection has found it there. */
  retryNow(): void {
    this.#endPause?.();
  }

  toggleOverlay(): void {
    this.#presenter.toggleOverlay();
  }

  togglePause(): void {
    this.#paused = !this.#paused;
    this.#changeWish();
    this.#presenter.setPaused(this.#paused);
  }

  /** What of it can be seen: pictures of that size are enough; null = nothing. */
  setVisible(size: Size | null): void {
    if (size === null ? this.#hidden : !this.#hidden && isSame(size, this.#size)) return;
    this.#hidden = size === null;
    this.#size = size ?? this.#size;
    this.#changeWish();
  }

  snapshot(): void {
    const jpeg = this.#presenter.currentJpeg();
    if (!jpeg) {
      this.#options.say("there is no picture to save yet");
      return;
    }
    const { width, height } = readJpegSize(jpeg);
    saveSnapshot(jpeg, this.#presenter.currentFrameNumber).then(
      (path) => this.#options.say(`saved ${path} (${width}x${height})`),
      (error: unknown) => this.#options.say(`the snapshot was not saved: ${messageOf(error)}`),
    );
  }

  /**
   * Connects again and again, until told to stop. Throws ConnectionError where the host is unknown, has no such camera or, with `once`,
   * does not answer, and ProtocolError where what answers is no Slipstream server of this version.
   */
  async run(): Promise<void> {
    const { address, once, output, screen, stopped } = this.#options;
    const backoff = new Backoff();
    let remark = `waiting for ${this.figures.server}`;
    let lastSaid = "";
    const say = (text: string) => {
      if (text !== lastSaid) this.#options.say(text);
      lastSaid = text;
    };
    const events: ConnectionEvents = {
      onWelcome: (welcome) => {
        backoff.reset();
        lastSaid = "";
        this.figures.source = welcome.sourceName;
        this.figures.connections++;
        this.#receiver?.begin();
        screen.setTitle(`${welcome.sourceName} - Slipstream`);
        this.#presenter.setRemark(null);
        if (this.#paused || this.#hidden || this.#size !== null || output !== null) this.#sendWish();
        const server = formatAddress({ ...address, camera: "" });
        // A grid begins its lines with the camera's name.
        say(`connected to ${server}${welcome.sourceName === address.camera ? "" : `: ${welcome.sourceName}`}`);
        if (!welcome.sourceName.toLowerCase().includes(address.camera.toLowerCase())) {
          say(`that server is too old to have several cameras: it shows ${welcome.sourceName}, not ${address.camera}`);
        }
        this.#options.onConnected?.();
      },
      onStream: (stream) => {
        screen.setSource({ width: stream.sourceWidth, height: stream.sourceHeight });
        this.#whileConnected((connection) => this.#receiver?.takeStream(stream, connection));
      },
      onPicture: (picture, arrival) =>
        this.#whileConnected((connection) => this.#receiver?.takePicture(picture, arrival, connection)),
      onTiles: (tiles, arrival) =>
        this.#whileConnected((connection) => this.#receiver?.takeTiles(tiles, arrival, connection)),
      onNotice: (notice) => {
        this.#presenter.setRemark(notice.trouble ? notice.text : null, notice.lastedMicros);
        say(notice.trouble ? notice.text : "all is well again");
      },
    };
    while (!stopped.aborted) {
      this.#presenter.setRemark(remark);
      const connections = this.figures.connections;
      const trouble = await this.#connectOnce(events);
      if (stopped.aborted) return;
      const goodbye = trouble instanceof ConnectionError ? null : trouble.goodbye;
      if (goodbye?.reason === GoodbyeReason.noCamera && this.figures.connections === 0) {
        throw new ConnectionError(`${formatAddress({ ...address, camera: "" })}: ${goodbye.text}`);
      }
      const fatal = once || (this.figures.connections === 0 && isHopeless(trouble));
      if (trouble instanceof ConnectionError) {
        if (fatal) throw trouble;
      } else if (once) {
        this.#options.say(trouble.text);
        const isOrderly = goodbye?.reason === GoodbyeReason.end || goodbye?.reason === GoodbyeReason.shutdown;
        if (!isOrderly) throw new ConnectionError(`${this.figures.server}: ${trouble.text}`);
        return;
      }
      const text = trouble instanceof ConnectionError ? trouble.message : trouble.text;
      // A server that answers, and has nothing of this camera any more, will not before it is started again.
      const hasEnded = goodbye?.reason === GoodbyeReason.end && this.figures.connections === connections;
      say(hasEnded ? `${text}; asking again every ${ENDED_PAUSE_MS / 1000} s` : `${text}; trying again`);
      remark = hasEnded ? text : `waiting for ${this.figures.server}`;
      this.#presenter.setRemark(text);
      // Only who found nobody may be called: those whom a server sends away would call each other without a pause.
      await this.#pause(hasEnded ? ENDED_PAUSE_MS : backoff.nextMs(), trouble instanceof ConnectionError);
    }
  }

  async #pause(milliseconds: number, mayBeEnded: boolean): Promise<void> {
    const over = new AbortController();
    if (mayBeEnded) this.#endPause = () => over.abort();
    await sleep(milliseconds, AbortSignal.any([this.#options.stopped, over.signal]));
    this.#endPause = null;
  }

  /** One connection from start to end; says how it ended. */
  async #connectOnce(events: ConnectionEvents): Promise<ConnectionEnd | ConnectionError> {
    const { address, stopped } = this.#options;
    let connection: Connection;
    try {
      connection = await Connection.open(address, events, { paused: this.#hidden || this.#paused });
    } catch (error) {
      if (error instanceof ConnectionError) return error;
      throw error;
    }
    this.#connection = connection;
    this.figures.connected = true;
    const close = () => connection.close();
    stopped.addEventListener("abort", close);
    if (stopped.aborted) connection.close();
    try {
      return await connection.ended;
    } finally {
      stopped.removeEventListener("abort", close);
      this.figures.connected = false;
      this.#connection = null;
    }
  }

  #whileConnected(act: (connection: Connection) => void): void {
    if (this.#connection !== null && !this.#options.stopped.aborted) act(this.#connection);
  }

  #changeWish(): void {
    this.#receiver?.forgetLast(); // what the server leaves out meanwhile is not dropped, it is not wanted
    this.#sendWish();
  }

  #sendWish(): void {
    const { width, height } = this.#size ?? { width: 0, height: 0 };
    // Raw frames say nothing of their size, so it must not change.
    const keepsSize = this.#options.output !== null;
    this.#connection?.wish({ paused: this.#paused || this.#hidden, keepsSize, width, height });
  }

  #sayDamage(frameNumber: number, reason: string): void {
    if (this.#saidDamage) return; // once: the counter tells how often
    this.#saidDamage = true;
    this.#options.say(`frame ${frameNumber} is damaged: ${reason} (further ones are not mentioned)`);
  }
}

function isSame(a: Size, b: Size | null): boolean {
  return a.width === b?.width && a.height === b.height;
}
