// The subscription to one camera of a server. It keeps the connection, tells the server which pictures are wanted (Wish
// messages), and passes on each decoded picture.

import type { Log } from "../core/log.ts";
import type { Size } from "../core/pixel-format.ts";
import type { MotionNow } from "../core/motion.ts";
import type { CameraEntry } from "../protocol/cameras.ts";
import type { Controls, ControlSet, SetControl } from "../protocol/controls.ts";
import type { StreamHeader } from "../protocol/messages.ts";
import { type Address, formatAddress } from "../connect/address.ts";
import type { Connection, ConnectionOptions } from "../connect/connection.ts";
import type { ConnectionEvents } from "../connect/connection-events.ts";
import { KeepConnected } from "../connect/keep-connected.ts";
import { type Access, type Attempt, withoutKey } from "../connect/server-access.ts";
import type { PixelLimit } from "../connect/server-limits.ts";
import type { Decoders } from "./decode/decoders.ts";
import { Receiver } from "./decode/receiver.ts";
import type { CameraState } from "./figures.ts";
import type { DecodedPicture, DecodeEvents, ReceivedFrame } from "./picture.ts";
import { inOwnClock } from "./seen-motion.ts";

/** The pictures that a viewer wants. */
export interface Wanted {
  /** True while no pictures are wanted. */
  paused: boolean;
  /** The picture size that is enough. Null means the size of the source. */
  size: Size | null;
  /** True if the size of the pictures must not change. */
  keepsSize: boolean;
}

/** The options for the connections of a subscription. */
export interface ConnectOptions extends ConnectionOptions, ReturnType<Access["connectionOptions"]> {
  /** When this signal aborts, connecting ends. */
  signal: AbortSignal;
}

/** Opens one connection to a server: `connectTcp`, or a page's WebSocket. Throws ConnectionError if no server can be reached. */
export type Connect = (address: Address, events: ConnectionEvents, options: ConnectOptions) => Promise<Connection>;

export interface SubscriptionOptions {
  address: Address;
  connect: Connect;
  /** The key of the server, which all subscriptions to it share. Default: no key. */
  access?: Access | undefined;
  /** True to end with the first connection instead of connecting again. */
  once: boolean;
  /** True to wait also for a host or camera that is not known (yet). Default: false. */
  wait?: boolean | undefined;
  /** The decoders. No other subscription may use them until `run` has ended. */
  decoders: Decoders;
  /** The largest picture that is accepted, in pixels. Default: DEFAULT_MAX_PIXELS. */
  maxPixels?: PixelLimit | undefined;
  stopped: AbortSignal;
  log: Log;
}

/** The events of a subscription, which its owner implements. */
export interface SubscriptionOwner {
  /** Takes a decoded picture. The owner must release its slot (its memory) and acknowledge the frame. */
  pictureDecoded(picture: DecodedPicture): void;
  /**
   * Called for a frame that will not be decoded. The owner must acknowledge it. `stale` means that a newer frame came first. `decode`
   * means that the frame is damaged.
   */
  frameDropped(frame: ReceivedFrame, cause: "stale" | "decode"): void;
  /** Called with the number of frames that the server has skipped. */
  framesSkipped(count: number): void;
  /** Called when a server has accepted the connection. `source` is the camera's name. */
  cameraConnected(source: string): void;
  /** Called with the size, rate and encoding of the pictures that follow. */
  streamChanged(stream: StreamHeader): void;
  /** Called with the reason why no pictures come and its duration so far, or with null when pictures come again. */
  troubleChanged(text: string | null, lastedMicros: number): void;
  /** Called with what the server tells about motion, in this machine's clock, and with null when the connection has ended. */
  motionTold?(motion: MotionNow | null): void;
  /** Called with the list of all cameras of the server, once for each connection. */
  camerasListed?(cameras: CameraEntry[]): void;
  /** Called with the controls of the camera, after `askForControls`. */
  controlsListed?(controls: Controls): void;
  /** Called after `setControl`, with the answer: whether the server has set the control. */
  controlSet?(outcome: ControlSet): void;
}

export class Subscription {
  readonly state: CameraState;
  readonly #options: SubscriptionOptions;
  readonly #owner: SubscriptionOwner;
  readonly #receiver: Receiver;
  readonly #loop: KeepConnected;
  readonly #access: Access;
  #connection: Connection | null = null;
  /** The key of the newest connection. */
  #attempt: Attempt | null = null;
  #wanted: Wanted;
  /**
   * True if the Hello message (the first one of a viewer) requests no pictures, so that they begin only after the first Wish
   * message.
   */
  #isSilentHello = false;
  #lastSaid = "";

  constructor(options: SubscriptionOptions, wanted: Wanted, owner: SubscriptionOwner) {
    const { address, connect, access = withoutKey(address), once, wait, stopped, log, maxPixels } = options;
    this.#options = options;
    this.#access = access;
    this.#owner = owner;
    this.#receiver = new Receiver(options.decoders, owner);
    options.decoders.listener = new DecodeListener(owner, log);
    this.#wanted = wanted;
    this.state = { server: formatAddress(address), source: "", connected: false, connections: 0, stream: null };
    const events = this.#createEvents();
    this.#loop = new KeepConnected(
      { address, once, wait, stopped },
      {
        connect: async () => {
          const attempt = await access.attempt();
          this.#attempt = attempt;
          // A viewer that wants smaller pictures requests none in its Hello. Its Wish message follows at once. So the server
          // never sends it too large a picture.
          this.#isSilentHello = this.#wanted.paused || this.#wanted.size !== null;
          const paused = this.#isSilentHello;
          return connect(address, events, {
            paused,
            signal: stopped,
            maxPixels,
            ...access.connectionOptions(attempt),
          });
        },
        keyRefused: async (wasWelcome) => {
          if (this.#attempt !== null) await access.refused(this.#attempt, wasWelcome);
        },
        onConnection: (connection) => {
          this.#connection = connection;
          this.state.connected = connection !== null;
          if (connection === null) owner.motionTold?.(null);
          if (this.#isSilentHello || !isAll(this.#wanted)) this.#sendWish();
        },
        onWaiting: (text) => owner.troubleChanged(text, 0),
        say: (text) => log.info(text),
      },
    );
  }

  /** Receives pictures until it is stopped. KeepConnected.run lists the errors that it throws. */
  async run(): Promise<void> {
    try {
      await this.#loop.run();
    } finally {
      this.#receiver.end();
      this.#options.decoders.listener = null;
    }
  }

  /** Tries to connect immediately if the last try reached no server. */
  retryNow(): void {
    this.#loop.retryNow();
  }

  /** Decodes waiting frames. Call it when a codec thread has become idle or a slot was released. */
  pump(): void {
    this.#receiver.pump();
  }

  /** Tells the server which pictures are wanted from now on. */
  setWanted(wanted: Wanted): void {
    this.#wanted = wanted;
    // Frames that the server leaves out during a pause are not wanted, so they do not count as dropped.
    this.#receiver.forgetLast();
    this.#sendWish();
  }

  /** Asks for the controls of the camera. The request is lost if there is no connection. */
  askForControls(): void {
    this.#connection?.askForControls();
  }

  /** Asks the server to set a control of the camera. The request is lost if there is no connection. */
  setControl(set: SetControl): void {
    this.#connection?.setControl(set);
  }

  #createEvents(): ConnectionEvents {
    const owner = this.#owner;
    return {
      ...(owner.camerasListed && { onCameras: (cameras) => owner.camerasListed?.(cameras) }),
      ...(owner.controlsListed && { onControls: (controls) => owner.controlsListed?.(controls) }),
      ...(owner.controlSet && { onControlSet: (outcome) => owner.controlSet?.(outcome) }),
      onWelcome: ({ sourceName }) => {
        if (this.#attempt !== null) this.#access.welcomed(this.#attempt, this.#connection?.hasProven ?? false);
        this.#begin(sourceName);
      },
      onStream: (stream) =>
        this.#whileConnected((connection) => {
          this.state.stream = stream;
          this.#owner.streamChanged(stream);
          this.#receiver.takeStream(stream, connection);
        }),
      onPicture: (picture, arrival) =>
        this.#whileConnected((connection) => this.#receiver.takePicture(picture, arrival, connection)),
      onTiles: (tiles, arrival) =>
        this.#whileConnected((connection) => this.#receiver.takeTiles(tiles, arrival, connection)),
      onMotion: (motion) => this.#whileConnected(({ clock }) => this.#owner.motionTold?.(inOwnClock(motion, clock))),
      onNotice: ({ trouble, text, lastedMicros }) => {
        this.#owner.troubleChanged(trouble ? text : null, lastedMicros);
        this.#say(trouble ? text : "video is back");
      },
    };
  }

  #begin(sourceName: string): void {
    const { address } = this.#options;
    this.#lastSaid = "";
    this.state.source = sourceName;
    this.state.connections++;
    this.#receiver.begin();
    this.#owner.troubleChanged(null, 0);
    const server = formatAddress({ ...address, camera: "" });
    // In a grid, each log line already begins with the camera's name.
    this.#say(`connected to ${server}${sourceName === address.camera ? "" : `: ${sourceName}`}`);
    if (!sourceName.toLowerCase().includes(address.camera.toLowerCase())) {
      this.#say(
        `the server is too old to support several cameras: it shows ${sourceName} instead of ${address.camera}`,
      );
    }
    this.#owner.cameraConnected(sourceName);
  }

  #whileConnected(act: (connection: Connection) => void): void {
    if (this.#connection !== null && !this.#options.stopped.aborted) act(this.#connection);
  }

  #sendWish(): void {
    const { paused, size, keepsSize } = this.#wanted;
    const { width, height } = size ?? { width: 0, height: 0 };
    this.#connection?.wish({ paused, keepsSize, width, height });
  }

  #say(text: string): void {
    if (text !== this.#lastSaid) this.#options.log.info(text);
    this.#lastSaid = text;
  }
}

/** Returns whether the wanted pictures are what a server sends without a Wish message. */
function isAll({ paused, size, keepsSize }: Wanted): boolean {
  return !paused && size === null && !keepsSize;
}

/** Passes on decoded pictures, and logs the first damaged frame. */
class DecodeListener implements DecodeEvents {
  readonly #owner: SubscriptionOwner;
  readonly #log: Log;
  #saidDamage = false;

  constructor(owner: SubscriptionOwner, log: Log) {
    this.#owner = owner;
    this.#log = log;
  }

  onDecoded(picture: DecodedPicture): void {
    if (picture.isDamaged) this.#sayDamage(picture.received.frameNumber, "a part of it is missing");
    this.#owner.pictureDecoded(picture);
  }

  onDropped(frame: ReceivedFrame, cause: "stale" | "decode", reason: string): void {
    this.#owner.frameDropped(frame, cause);
    if (cause === "decode") this.#sayDamage(frame.frameNumber, reason);
  }

  #sayDamage(frameNumber: number, reason: string): void {
    if (this.#saidDamage) return; // Only the first damaged frame is logged, but all are counted.
    this.#saidDamage = true;
    this.#log.warning(`frame ${frameNumber} is damaged: ${reason} (later damaged frames are only counted)`);
  }
}
