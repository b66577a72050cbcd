// One camera of a server on one screen: connects, decodes and shows until it is told to stop, through any number of connections.

import type { Arena } from "../codec/memory/arena.ts";
import { readJpegSize } from "../codec/jpeg/header.ts";
import type { CodecPool } from "../codec/threads/pool.ts";
import { messageOf } from "../core/errors.ts";
import type { Size } from "../core/pixel-format.ts";
import { type Address, formatAddress } from "./connect/address.ts";
import type { Connection, ConnectionEvents } from "./connect/connection.ts";
import { KeepConnected } from "./connect/keep-connected.ts";
import { connectTcp } from "./connect/tcp.ts";
import { createDecodePipeline } from "./decode/picture-decoder.ts";
import type { FrameOutput } from "./present/frame-output.ts";
import type { DecodeEvents } from "./picture.ts";
import { acknowledgeDropped, Presenter } from "./present/presenter.ts";
import { createGreyer } from "./present/grey-copy.ts";
import { Receiver } from "./decode/receiver.ts";
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

export class CameraView {
  readonly figures = new ViewFigures();
  readonly #options: CameraViewOptions;
  readonly #presenter: Presenter;
  /** Null until its kernel is loaded. */
  #receiver: Receiver | null = null;
  readonly #connecting: KeepConnected;
  #connection: Connection | null = null;
  #size: Size | null;
  #paused = false;
  /** Not to be seen at the moment: no pictures are wanted. */
  #hidden = false;
  #saidDamage = false;

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
    this.#connecting = this.#createLoop();
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

  /** Tries to connect at once, if no server was reached last time. */
  retryNow(): void {
    this.#connecting.retryNow();
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

  /** Shows the camera until it is told to stop; see KeepConnected.run for what it throws. */
  run(): Promise<void> {
    return this.#connecting.run();
  }

  #createLoop(): KeepConnected {
    const { address, once, stopped, say } = this.#options;
    const events = this.#createEvents();
    return new KeepConnected(
      { address, once, stopped },
      {
        connect: () => connectTcp(address, events, { paused: this.#hidden || this.#paused }),
        onConnection: (connection) => {
          this.#connection = connection;
          this.figures.connected = connection !== null;
        },
        onWaiting: (text) => this.#presenter.setRemark(text),
        say,
      },
    );
  }

  #createEvents(): ConnectionEvents {
    const { address, output, screen } = this.#options;
    let lastSaid = "";
    const say = (text: string) => {
      if (text !== lastSaid) this.#options.say(text);
      lastSaid = text;
    };
    return {
      onWelcome: (welcome) => {
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
