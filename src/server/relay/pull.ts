// One connection of a relay to another server, from which it pulls the newest pictures as a viewer does: with credit, pings and
// acknowledgements. Tiles and JPEGs go to the sink as they come, with their times in this machine's clock.

import { deliverJpeg, type FrameSink } from "../../capture/source.ts";
import type { Connection, ConnectionEnd } from "../../connect/connection.ts";
import type { ConnectionEvents } from "../../connect/connection-events.ts";
import { type Micros, nowMicros } from "../../core/clock.ts";
import type { Welcome } from "../../protocol/greeting.ts";
import type { Notice, Picture, StreamHeader, Tiles } from "../../protocol/messages.ts";
import type { Arrival } from "../../protocol/origin.ts";
import type { Route } from "../../protocol/route.ts";

export interface PullOptions {
  sink: FrameSink;
  /** Called when the server has accepted the connection. It may throw ServerNotTrusted. */
  onWelcome: (welcome: Welcome, hasProven: boolean) => void;
  onStream: (stream: StreamHeader) => void;
  /** Returns why no pictures may be taken over this route, or null. */
  onRoute: (route: Route) => string | null;
  onControls: NonNullable<ConnectionEvents["onControls"]>;
  onControlSet: NonNullable<ConnectionEvents["onControlSet"]>;
}

export class Pull {
  /** The events of the connection. */
  readonly events: ConnectionEvents;
  readonly #options: PullOptions;
  #connection: Connection | null = null;
  #refusal: string | null = null;
  /** The frame of which the last part has not arrived yet, or null. */
  #arriving: { frameNumber: number; firstByteAt: Micros } | null = null;

  constructor(options: PullOptions) {
    this.#options = options;
    this.events = {
      onWelcome: (welcome) => options.onWelcome(welcome, this.#connection?.hasProven ?? false),
      onRoute: (route) => this.#takeRoute(route),
      // Pictures are asked for only now, because their age counts from their capture, which the server has stamped.
      onClockKnown: () => this.#connection?.wish({ paused: false, keepsSize: false, width: 0, height: 0 }),
      onStream: (stream) => this.#takeStream(stream),
      onPicture: (picture, arrival) => this.#takePicture(picture, arrival),
      onTiles: (tiles, arrival) => this.#takeTiles(tiles, arrival),
      onNotice: (notice) => this.#takeNotice(notice),
      onControls: options.onControls,
      onControlSet: options.onControlSet,
    };
  }

  /** Why the relay has left the server, or null. */
  get refusal(): string | null {
    return this.#refusal;
  }

  /** Takes the open connection, which has asked for no pictures yet. Resolves when it has ended. */
  async run(connection: Connection): Promise<ConnectionEnd> {
    this.#connection = connection;
    return await connection.ended;
  }

  #takeRoute(route: Route): void {
    this.#refusal ??= this.#options.onRoute(route);
    if (this.#refusal !== null) this.#connection?.close();
  }

  #takeStream(stream: StreamHeader): void {
    this.#options.onStream(stream);
    this.#options.sink.stream?.(stream);
    this.#arriving = null;
  }

  #takePicture(picture: Picture, arrival: Arrival): void {
    deliverJpeg(this.#options.sink, picture.jpeg, this.#ownTime(picture.capturedAt));
    this.#acknowledge(picture.frameNumber, arrival.firstByteAt, arrival.lastByteAt);
  }

  #takeTiles(tiles: Tiles, { firstByteAt, lastByteAt }: Arrival): void {
    const { frameNumber, isLast } = tiles;
    if (this.#arriving?.frameNumber !== frameNumber) this.#arriving = { frameNumber, firstByteAt };
    const [capturedAt, encodedAt] = [this.#ownTime(tiles.capturedAt), this.#ownTime(tiles.encodedAt)];
    this.#options.sink.tiles?.({ ...tiles, capturedAt, encodedAt });
    if (isLast) this.#acknowledge(frameNumber, this.#arriving.firstByteAt, lastByteAt);
  }

  #takeNotice({ trouble, text, lastedMicros }: Notice): void {
    this.#options.sink.trouble(trouble ? text : null, nowMicros() - lastedMicros);
  }

  /** Converts a time of the server. A server with a wrong clock must not make times that no message can carry. */
  #ownTime(time: Micros): Micros {
    const own = Math.round(this.#connection?.clock.toOwnClock(time) ?? time);
    return Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, own));
  }

  #acknowledge(frameNumber: number, firstByteAt: Micros, lastByteAt: Micros): void {
    const workMicros = nowMicros() - lastByteAt;
    const transferMicros = lastByteAt - firstByteAt;
    const times = { transferMicros, workMicros, paceMicros: workMicros, showMicros: 0 };
    this.#connection?.acknowledge({ frameNumber, outcome: "shown", ...times });
  }
}
