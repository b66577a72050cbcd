// Follows the size of an X11 screen. It connects to the X server as a client, and the server reports each change.
//
// This is needed because ffmpeg's x11grab reads the size only at its start. The file implements only the few needed messages of
// the X Window System Protocol (X11R7.6). The X11 libraries in the registry have no types and implement the whole protocol.

import type { Socket } from "bun";
import { onAbort } from "../../core/on-abort.ts";
import type { Size } from "../../core/pixel-format.ts";
import { COOKIE_KIND, cookieOf } from "./x11-authority.ts";

export interface ScreenSizeListener {
  /** Takes the size, after the connection is set up and after each change. It may be the same as before. */
  onSize(size: Size): void;
  /** Called when the connection has failed or ended. From then on the size is not known. */
  onEnd(): void;
}

interface DisplayName {
  host: string;
  number: string;
  screen: number;
}

/**
 * Connects to a display, for example `:0`, `:1.0` or `host:10.0`, until `signal` aborts. If the connection ends before that, it
 * calls `onEnd` once.
 */
export async function followScreenSize(
  display: string,
  { onSize, onEnd }: ScreenSizeListener,
  signal: AbortSignal,
): Promise<void> {
  const name = parseDisplay(display);
  if (name === null) return onEnd();
  let hasEnded = false;
  const end = () => {
    if (!hasEnded && !signal.aborted) onEnd();
    hasEnded = true;
  };
  const reader = new ScreenSizeReader(name.screen, onSize);
  const handler = {
    open: (socket: Socket) => void socket.write(setupRequest(cookieOf(name.number))),
    data(socket: Socket, chunk: Buffer) {
      const answer = reader.take(chunk);
      if (answer === "refused") socket.end();
      else if (answer !== null) socket.write(answer);
    },
    close: end,
    error: end,
    connectError: end,
  };
  const socket = await (
    name.host === "" || name.host === "unix"
      ? Bun.connect({ unix: `/tmp/.X11-unix/X${name.number}`, socket: handler })
      : Bun.connect({ hostname: name.host, port: 6000 + Number(name.number), socket: handler })
  ).catch(() => null); // the handler `connectError` has handled the error
  if (socket === null) return end();
  onAbort(signal, () => socket.end());
}

function parseDisplay(display: string): DisplayName | null {
  const [, host, number, screen] = /^([^:]*):(\d+)(?:\.(\d+))?$/.exec(display) ?? [];
  return host === undefined || number === undefined ? null : { host, number, screen: Number(screen ?? 0) };
}

/** Returns the first message of a client ("Connection Setup"): little-endian, version 11.0, and the cookie. */
function setupRequest(cookie: Buffer | null): Buffer {
  const kind = Buffer.from(cookie === null ? "" : COOKIE_KIND);
  const head = Buffer.alloc(12);
  head.write("l");
  head.writeUInt16LE(11, 2);
  head.writeUInt16LE(kind.length, 6);
  head.writeUInt16LE(cookie?.length ?? 0, 8);
  return Buffer.concat([head, padded(kind), padded(cookie ?? Buffer.alloc(0))]);
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(padding(bytes.length))]);
}

function padding(length: number): number {
  return (4 - (length % 4)) % 4;
}

const SETUP_HEAD_BYTES = 8;
const MESSAGE_BYTES = 32;
const REPLY = 1;
const CONFIGURE_NOTIFY = 22;
const GENERIC_EVENT = 35;

/** Reads the messages of the server. It is exported for tests. */
export class ScreenSizeReader {
  readonly #screen: number;
  readonly #onSize: (size: Size) => void;
  #held: Buffer = Buffer.alloc(0);
  /** The window that covers the screen (root window), or 0 until the setup has been read. */
  #root = 0;

  constructor(screen: number, onSize: (size: Size) => void) {
    this.#screen = screen;
    this.#onSize = onSize;
  }

  /**
   * Takes the next bytes from the server. Returns bytes to send or null, or "refused" when the server has refused the connection.
   */
  take(chunk: Buffer): Buffer | "refused" | null {
    this.#held = Buffer.concat([this.#held, chunk]);
    let questions: Buffer | null = null;
    if (this.#root === 0) {
      if (this.#held.length < SETUP_HEAD_BYTES) return null;
      if (this.#held[0] !== 1) return "refused";
      const bytes = SETUP_HEAD_BYTES + 4 * this.#held.readUInt16LE(6);
      if (this.#held.length < bytes) return null;
      this.#root = rootOf(this.#held.subarray(0, bytes), this.#screen);
      this.#held = this.#held.subarray(bytes);
      if (this.#root === 0) return "refused";
      questions = this.#questions();
    }
    while (this.#held.length >= MESSAGE_BYTES) {
      const code = (this.#held[0] as number) & 0x7f; // the highest bit marks events that another client sent
      const isLong = code === REPLY || code === GENERIC_EVENT;
      const bytes = MESSAGE_BYTES + (isLong ? 4 * this.#held.readUInt32LE(4) : 0);
      if (this.#held.length < bytes) break;
      if (code === REPLY) this.#onSize({ width: this.#held.readUInt16LE(16), height: this.#held.readUInt16LE(18) });
      if (code === CONFIGURE_NOTIFY && this.#held.readUInt32LE(8) === this.#root) {
        this.#onSize({ width: this.#held.readUInt16LE(20), height: this.#held.readUInt16LE(22) });
      }
      this.#held = this.#held.subarray(bytes);
    }
    return questions;
  }

  /**
   * Returns two requests. ChangeWindowAttributes asks for events of the root window, and the reply to GetGeometry has the size at
   * that time.
   */
  #questions(): Buffer {
    const bytes = Buffer.alloc(16 + 8);
    bytes[0] = 2; // ChangeWindowAttributes
    bytes.writeUInt16LE(4, 2);
    bytes.writeUInt32LE(this.#root, 4);
    bytes.writeUInt32LE(0x800, 8); // event-mask
    bytes.writeUInt32LE(0x2_0000, 12); // StructureNotify
    bytes[16] = 14; // GetGeometry
    bytes.writeUInt16LE(2, 18);
    bytes.writeUInt32LE(this.#root, 20);
    return bytes;
  }
}

/** Returns the root window of a screen from the server's setup message, or 0 when there is no such screen. */
function rootOf(setup: Buffer, screen: number): number {
  const vendorBytes = setup.readUInt16LE(24);
  const screens = setup[28] as number;
  const formats = setup[29] as number;
  if (screen >= screens) return 0;
  let at = 40 + vendorBytes + padding(vendorBytes) + 8 * formats;
  for (let index = 0; index < screen; index++) {
    const depths = setup[at + 39] as number;
    at += 40;
    for (let depth = 0; depth < depths; depth++) at += 8 + 24 * setup.readUInt16LE(at + 2);
  }
  return setup.readUInt32LE(at);
}
