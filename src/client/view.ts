// The viewer as a function: connects, decodes and shows until it is told to stop, through any number of connections.

import { readJpegSize } from "../codec/jpeg-header.ts";
import { Arena } from "../codec/arena.ts";
import type { CodecName } from "../codec/codec.ts";
import { CodecPool } from "../codec/pool.ts";
import { sleep } from "../core/clock.ts";
import { ConnectionError, messageOf } from "../core/errors.ts";
import type { Size } from "../core/pixel-format.ts";
import { GoodbyeReason } from "../protocol/wire.ts";
import { type Address, formatAddress } from "./address.ts";
import { Connection, type ConnectionEnd, type ConnectionEvents, isHopeless } from "./connection.ts";
import { DecodePipeline } from "./decode-pipeline.ts";
import { type FrameOutput, openFrameOutput, OutputClosed } from "./frame-output.ts";
import type { DecodeEvents } from "./picture.ts";
import { acknowledgeDropped, Presenter } from "./presenter.ts";
import { createGreyer } from "./greyed.ts";
import { Receiver } from "./receiver.ts";
import { Backoff } from "./reconnect.ts";
import { createNoScreen } from "./screens/none.ts";
import type { Display, Renderer, Screen, ScreenEvents } from "./screens/screen.ts";
import { saveSnapshot } from "./snapshot.ts";
import { createTilePipeline } from "./tile-pipeline.ts";
import { ViewFigures, type ViewReport } from "./view-figures.ts";

export interface ViewOptions {
  address: Address;
  display: Display;
  renderer: Renderer;
  workers: number;
  /** A picture of that size is enough; null = as large as the source's. */
  size: Size | null;
  /** File for raw RGBA frames, `-` for standard output; null = none. */
  output: string | null;
  /** End after so many shown frames, or seconds; null = never. */
  frames: number | null;
  seconds: number | null;
  /** End with the first connection instead of connecting again. */
  once: boolean;
}

export interface ViewEvents {
  /** Once a second. */
  report(report: ViewReport): void;
  /** One line for the user. */
  say(text: string): void;
  /** Another screen than `options.display` names; benches look at the pixels with it. */
  createScreen?(events: ScreenEvents): Promise<Screen>;
}

/** The fast one, which asks jsquash for what it does not read itself; what the server encodes with does not matter. */
const DECODER: CodecName = "simd";
const TICK_MS = 100;
const REPORT_MS = 1_000;

/**
 * Shows a server's video until the user quits, a limit is reached or `signal` aborts; resolves with the last report.
 * Throws MissingError without a display, ConnectionError where the host is unknown or, with `once`, nobody answers, and
 * ProtocolError where what answers is no Slipstream server of this version.
 */
export async function view(options: ViewOptions, signal: AbortSignal, events: ViewEvents): Promise<ViewReport> {
  const viewing = new Viewing(options, signal, events);
  return viewing.run();
}

class Viewing {
  readonly #options: ViewOptions;
  readonly #events: ViewEvents;
  readonly #figures = new ViewFigures();
  readonly #stopping = new AbortController();
  readonly #stopped: AbortSignal;
  #failure: { reason: unknown } | null = null;
  #connection: Connection | null = null;
  #presenter: Presenter | null = null;
  #paused = false;
  #receiver: Receiver | null = null;
  #saidDamage = false;

  constructor(options: ViewOptions, signal: AbortSignal, events: ViewEvents) {
    this.#options = options;
    this.#events = events;
    this.#stopped = AbortSignal.any([signal, this.#stopping.signal]);
    this.#figures.server = formatAddress(options.address);
  }

  async run(): Promise<ViewReport> {
    const options = this.#options;
    const arena = Arena.create();
    const pool = new CodecPool({
      arena,
      codec: DECODER,
      threads: options.workers,
      onIdle: () => this.#receiver?.pump(),
      onBroken: (reason) => this.#fail(reason),
      onReplaced: (reason) => this.#events.say(`a codec thread died and was replaced: ${reason}`),
    });
    const decodeEvents: DecodeEvents = {
      onDecoded: (picture) => {
        if (picture.isDamaged) this.#sayDamage(picture.received.frameNumber, "some of it is missing");
        this.#presenter?.offer(picture);
      },
      onDropped: (frame, cause, reason) => {
        this.#figures.drops.add(cause);
        acknowledgeDropped(frame);
        if (cause === "decode") this.#sayDamage(frame.frameNumber, reason);
      },
    };
    let output: FrameOutput | null = null;
    let screen: Screen | null = null;
    const timers: ReturnType<typeof setInterval>[] = [];
    try {
      output = options.output === null ? null : await openFrameOutput(options.output);
      screen = await this.#openScreen();
      await pool.started;
      const tiles = await createTilePipeline(arena, pool, decodeEvents);
      const receiver = new Receiver(new DecodePipeline(arena, pool, decodeEvents), tiles, this.#figures);
      this.#receiver = receiver;
      const presenter = new Presenter({
        screen,
        output,
        figures: this.#figures,
        decodeThreads: options.workers,
        grey: createGreyer(arena, pool),
        onSlotFree: () => receiver.pump(),
        onShown: (frames) => {
          if (frames === options.frames) this.#stopping.abort();
        },
        onBroken: (reason) => this.#fail(reason),
      });
      this.#presenter = presenter;
      timers.push(setInterval(() => presenter.tick(), TICK_MS));
      timers.push(setInterval(() => this.#events.report(this.#figures.report()), REPORT_MS));
      if (options.seconds !== null) timers.push(setTimeout(() => this.#stopping.abort(), options.seconds * 1000));
      await this.#stayConnected(screen, receiver);
      if (this.#failure !== null && !(this.#failure.reason instanceof OutputClosed)) throw this.#failure.reason;
      return this.#figures.report();
    } finally {
      this.#presenter = null;
      this.#receiver = null;
      for (const timer of timers) clearInterval(timer);
      await pool.close();
      screen?.close();
      await output?.close();
    }
  }

  #fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#stopping.abort();
  }

  async #openScreen(): Promise<Screen> {
    const screenEvents: ScreenEvents = {
      onQuit: () => this.#stopping.abort(),
      onSnapshot: () => this.#snapshot(),
      onPause: () => this.#togglePause(),
      onOverlay: () => this.#presenter?.toggleOverlay(),
      onExposed: () => this.#presenter?.refresh(),
    };
    if (this.#events.createScreen !== undefined) return this.#events.createScreen(screenEvents);
    if (this.#options.display === "none") return createNoScreen();
    const { createSdlScreen } = await import("./screens/sdl.ts"); // only who wants a window needs SDL
    return createSdlScreen(`Slipstream - ${this.#figures.server}`, this.#options.renderer, screenEvents);
  }

  /** Connects again and again, until told to stop or until that cannot help. */
  async #stayConnected(screen: Screen, receiver: Receiver): Promise<void> {
    const backoff = new Backoff();
    let lastSaid = "";
    const say = (text: string) => {
      if (text !== lastSaid) this.#events.say(text);
      lastSaid = text;
    };
    const events: ConnectionEvents = {
      onWelcome: (welcome) => {
        backoff.reset();
        lastSaid = "";
        this.#figures.source = welcome.sourceName;
        this.#figures.connections++;
        receiver.begin();
        screen.setTitle(`${welcome.sourceName} - Slipstream`);
        this.#presenter?.setRemark(null);
        if (this.#paused || this.#options.size !== null || this.#options.output !== null) this.#sendWish();
        say(`connected to ${this.#figures.server}: ${welcome.sourceName}`);
      },
      onStream: (stream) => {
        screen.setSource({ width: stream.sourceWidth, height: stream.sourceHeight });
        this.#whileConnected((connection) => receiver.takeStream(stream, connection));
      },
      onPicture: (picture, arrival) =>
        this.#whileConnected((connection) => receiver.takePicture(picture, arrival, connection)),
      onTiles: (tiles, arrival) => this.#whileConnected((connection) => receiver.takeTiles(tiles, arrival, connection)),
      onNotice: (notice) => {
        this.#presenter?.setRemark(notice.trouble ? notice.text : null);
        say(notice.trouble ? notice.text : "all is well again");
      },
    };
    while (!this.#stopped.aborted) {
      this.#presenter?.setRemark(`waiting for ${this.#figures.server}`);
      const trouble = await this.#connectOnce(events);
      if (this.#stopped.aborted) return;
      const fatal = this.#options.once || (this.#figures.connections === 0 && isHopeless(trouble));
      if (trouble instanceof ConnectionError) {
        if (fatal) throw trouble;
      } else if (this.#options.once) {
        this.#events.say(trouble.text);
        const isOrderly =
          trouble.goodbye?.reason === GoodbyeReason.end || trouble.goodbye?.reason === GoodbyeReason.shutdown;
        if (!isOrderly) throw new ConnectionError(`${this.#figures.server}: ${trouble.text}`);
        return;
      }
      const text = trouble instanceof ConnectionError ? trouble.message : trouble.text;
      say(`${text}; trying again`);
      this.#presenter?.setRemark(text);
      await sleep(backoff.nextMs(), this.#stopped);
    }
  }

  /** One connection from start to end; says how it ended. */
  async #connectOnce(events: ConnectionEvents): Promise<ConnectionEnd | ConnectionError> {
    let connection: Connection;
    try {
      connection = await Connection.open(this.#options.address, events);
    } catch (error) {
      if (error instanceof ConnectionError) return error;
      throw error;
    }
    this.#connection = connection;
    this.#figures.connected = true;
    const close = () => connection.close();
    this.#stopped.addEventListener("abort", close);
    if (this.#stopped.aborted) connection.close();
    try {
      return await connection.ended;
    } finally {
      this.#stopped.removeEventListener("abort", close);
      this.#figures.connected = false;
      this.#connection = null;
    }
  }

  #whileConnected(act: (connection: Connection) => void): void {
    if (this.#connection !== null && !this.#stopped.aborted) act(this.#connection);
  }

  #sendWish(): void {
    const { width, height } = this.#options.size ?? { width: 0, height: 0 };
    // Raw frames say nothing of their size, so it must not change.
    this.#connection?.wish({ paused: this.#paused, keepsSize: this.#options.output !== null, width, height });
  }

  #togglePause(): void {
    this.#paused = !this.#paused;
    this.#receiver?.forgetLast(); // what the server leaves out meanwhile is not dropped, it is not wanted
    this.#sendWish();
    this.#presenter?.setPaused(this.#paused);
  }

  #snapshot(): void {
    const jpeg = this.#presenter?.currentJpeg();
    if (!jpeg) {
      this.#events.say("there is no picture to save yet");
      return;
    }
    const { width, height } = readJpegSize(jpeg);
    saveSnapshot(jpeg, this.#presenter?.currentFrameNumber ?? 0).then(
      (path) => this.#events.say(`saved ${path} (${width}x${height})`),
      (error: unknown) => this.#events.say(`the snapshot was not saved: ${messageOf(error)}`),
    );
  }

  #sayDamage(frameNumber: number, reason: string): void {
    if (this.#saidDamage) return; // once: the counter tells how often
    this.#saidDamage = true;
    this.#events.say(`frame ${frameNumber} is damaged: ${reason} (further ones are not mentioned)`);
  }
}
