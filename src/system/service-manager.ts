// Tells systemd how a service is: ready, reloading, stopping, and alive (sd_notify(3)).
//
// The protocol is a datagram with lines `NAME=VALUE` to the Unix socket in NOTIFY_SOCKET. Bun has no Unix datagrams, and the
// libraries in the registry compile native code or start the program systemd-notify for each message.

import { ptr } from "bun:ffi";
import { messageOf } from "../core/errors.ts";
import { openLibc } from "./open-libc.ts";

/** The variables that systemd sets for a service (systemd.exec(5)). */
export interface ServiceEnvironment {
  [name: string]: string | undefined;
  /** The path of the socket. A name that begins with @ is in the abstract namespace (unix(7)). */
  NOTIFY_SOCKET?: string | undefined;
  /** The time without a sign of life after which systemd restarts the service, in microseconds. */
  WATCHDOG_USEC?: string | undefined;
  /** The process from which signs of life are expected. */
  WATCHDOG_PID?: string | undefined;
}

/** The messages that a service sends. */
export interface ServiceState {
  READY?: "1";
  RELOADING?: "1";
  STOPPING?: "1";
  WATCHDOG?: "1";
  /** One line that `systemctl status` shows. */
  STATUS?: string;
  /** The time of CLOCK_MONOTONIC, which belongs to RELOADING (systemd 253 and later). */
  MONOTONIC_USEC?: string;
}

const FUNCTIONS = {
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  sendto: { args: ["i32", "ptr", "usize", "i32", "ptr", "u32"], returns: "i64" },
  close: { args: ["i32"], returns: "i32" },
} as const;

/** Constants of Linux, which are the same on x86-64 and arm64 (bits/socket.h, bits/socket_type.h). */
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** The size of sun_path in struct sockaddr_un (unix(7)). */
const MOST_PATH_BYTES = 108;

/** The connection of a service to its service manager. */
export class ServiceManager implements Disposable {
  readonly #libc: NonNullable<ReturnType<typeof openLibc<typeof FUNCTIONS>>>;
  /** The descriptor, or -1 after the end, when its number may belong to another file. */
  #socket: number;
  readonly #address: Uint8Array;
  #beating: ReturnType<typeof setInterval> | null = null;

  /**
   * Connects to the service manager of this process and removes its variables from `environment`, so that child processes do not
   * speak for the service. Returns null if the process is not a service that is expected to tell, or if the socket cannot be
   * used; `say` then gets the reason.
   */
  static connect(say: (text: string) => void, environment: ServiceEnvironment = process.env): ServiceManager | null {
    const { NOTIFY_SOCKET: path, WATCHDOG_USEC: micros, WATCHDOG_PID: pid } = environment;
    delete environment.NOTIFY_SOCKET;
    delete environment.WATCHDOG_USEC;
    delete environment.WATCHDOG_PID;
    if (!path) return null;
    try {
      const manager = new ServiceManager(path);
      const isExpected = micros !== undefined && (pid === undefined || Number(pid) === process.pid);
      if (isExpected && Number(micros) > 0) manager.#beat(Number(micros) / 1000);
      return manager;
    } catch (error) {
      say(`systemd is not told how this service is: ${messageOf(error)}`);
      return null;
    }
  }

  private constructor(path: string) {
    this.#address = socketAddress(path);
    const libc = openLibc(FUNCTIONS);
    if (libc === null) throw new Error("the C library cannot be opened");
    this.#libc = libc;
    this.#socket = libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (this.#socket < 0) throw new Error("no Unix socket can be opened");
  }

  /**
   * Sends a message. A message that the manager does not take is dropped, because the service must never wait for it. After the end
   * nothing is sent.
   */
  tell(state: ServiceState): void {
    if (this.#socket < 0) return;
    const lines = Object.entries(state).map(([name, value]) => `${name}=${String(value).replaceAll("\n", " ")}`);
    const text = Buffer.from(lines.join("\n"));
    const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    this.#libc.sendto(this.#socket, ptr(text), text.length, flags, ptr(this.#address), this.#address.length);
  }

  /** Sends signs of life, twice in the time that the manager waits. They stop when the main thread hangs. */
  #beat(milliseconds: number): void {
    this.#beating = setInterval(() => this.tell({ WATCHDOG: "1" }), milliseconds / 2);
    this.#beating.unref();
  }

  [Symbol.dispose](): void {
    if (this.#beating !== null) clearInterval(this.#beating);
    this.#libc.close(this.#socket);
    this.#socket = -1;
  }
}

/** Makes a struct sockaddr_un (unix(7)). Throws for a path that is neither absolute nor in the abstract namespace. */
function socketAddress(path: string): Uint8Array {
  const name = Buffer.from(path);
  if (!/^[/@]./.test(path)) throw new Error(`NOTIFY_SOCKET is '${path}', which is no path`);
  if (name.length >= MOST_PATH_BYTES) throw new Error("the path in NOTIFY_SOCKET is too long");
  const isAbstract = path.startsWith("@");
  // An abstract name begins with a zero byte and ends with the address. A path ends with a zero byte.
  const address = new Uint8Array(2 + name.length + (isAbstract ? 0 : 1));
  new DataView(address.buffer).setUint16(0, AF_UNIX, true);
  address.set(name, 2);
  if (isAbstract) address[2] = 0;
  return address;
}
