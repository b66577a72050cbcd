// Asks the kernel about the TCP socket of an HTTP client: how many bytes it still holds for the client, and the round trip.
//
// A client of plain HTTP acknowledges nothing, and the kernel takes megabytes before a write has to wait. SIOCOUTQ is the number
// of bytes that the other end has not acknowledged (tcp(7)). Bun.serve does not tell the descriptor of a connection, so it is
// found by the addresses of its two ends.

import { ptr } from "bun:ffi";
import { readdirSync } from "node:fs";
import { openLibc } from "../../../system/open-libc.ts";
import type { TcpState } from "../../deliver/multipart-sender.ts";

const FUNCTIONS = {
  getpeername: { args: ["i32", "ptr", "ptr"], returns: "i32" },
  getsockname: { args: ["i32", "ptr", "ptr"], returns: "i32" },
  getsockopt: { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" },
  setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
  shutdown: { args: ["i32", "i32"], returns: "i32" },
  ioctl: { args: ["i32", "u64", "ptr"], returns: "i32" },
} as const;

/** linux/sockios.h */
const SIOCOUTQ = 0x5411;
/** asm-generic/socket.h and linux/tcp.h */
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_LINGER = 13;
const IPPROTO_TCP = 6;
const TCP_INFO = 11;
const SHUT_RDWR = 2;
/** The places of fields in `struct tcp_info` (linux/tcp.h). */
const TCPI_SND_MSS = 16;
const TCPI_RTT = 68;
const TCPI_BYTES_RECEIVED = 128;
const TCPI_MIN_RTT = 148;
const TCPI_SND_WND = 228;
const TCP_INFO_BYTES = 232;

/** linux/socket.h */
const AF_INET = 2;
const AF_INET6 = 10;

type Libc = NonNullable<ReturnType<typeof openLibc<typeof FUNCTIONS>>>;
let loaded: Libc | null | undefined;

function libc(): Libc | null {
  if (loaded === undefined) loaded = openLibc(FUNCTIONS);
  return loaded;
}

/** The two ends of a TCP connection. */
export interface SocketEnds {
  /** The IP address of the client, as Bun gives it. */
  peerIp: string;
  peerPort: number;
  localPort: number;
}

/** Returns the socket of a connection of this process, or null if the system cannot be asked or has no such connection. */
export function findSocket({ peerIp, peerPort, localPort }: SocketEnds): KernelSocket | null {
  const peer = peerName(peerIp, peerPort);
  return socketsAt(localPort).find(({ name }) => name === peer)?.socket ?? null;
}

/** A connected socket with the address of the other end. */
export interface NamedSocket {
  ip: string;
  /** The name that `peerName` gives. */
  name: string;
  socket: KernelSocket;
}

/** Returns a name for the other end of a connection, which is the same for all ways to write its address. */
export function peerName(ip: string, port: number): string {
  return `${canonical(ip)} ${port}`;
}

/**
 * Iterates over the connections of a local port of this process, with the newest first. It finds none if the system cannot be
 * asked.
 */
export function* socketsAt(localPort: number): Generator<NamedSocket, void> {
  const symbols = libc();
  if (symbols === null) return;
  for (const descriptor of openDescriptors()) {
    const local = nameOf(symbols.getsockname, descriptor);
    if (local?.port !== localPort) continue;
    const remote = nameOf(symbols.getpeername, descriptor);
    if (remote === null) continue; // it listens, or the other end has gone
    const { ip, port } = remote;
    yield { ip, name: `${ip} ${port}`, socket: new KernelSocket(symbols, descriptor) };
  }
}

/** Returns this process's open descriptors, with the newest first. */
function openDescriptors(): number[] {
  try {
    return readdirSync("/proc/self/fd")
      .map(Number)
      .toSorted((a, b) => b - a);
  } catch {
    return []; // /proc is not mounted
  }
}

const name = new Uint8Array(28);
const nameView = new DataView(name.buffer);
const nameLength = new Uint32Array(1);

/** Calls getsockname(2) or getpeername(2). Returns null for a descriptor that is no TCP socket, or is not connected. */
function nameOf(call: Libc["getsockname"], descriptor: number): { ip: string; port: number } | null {
  nameLength[0] = name.length;
  if (call(descriptor, ptr(name), ptr(nameLength)) !== 0) return null;
  const family = nameView.getUint16(0, true);
  const port = nameView.getUint16(2);
  if (family === AF_INET) return { ip: name.subarray(4, 8).join("."), port };
  if (family !== AF_INET6) return null;
  const groups = Array.from({ length: 8 }, (_, index) => nameView.getUint16(8 + 2 * index).toString(16));
  return { ip: canonical(groups.join(":")), port };
}

/** Returns an address in its one short form, and an IPv4 address in IPv6 form (RFC 4291, 2.5.5.2) as IPv4. */
function canonical(ip: string): string {
  if (!ip.includes(":")) return ip;
  const [address = ""] = ip.split("%"); // the zone of a link-local address
  const short = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([\da-f]+):([\da-f]+)$/.exec(short);
  if (mapped === null) return short;
  const [high = 0, low = 0] = mapped.slice(1).map((group) => Number.parseInt(group, 16));
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}

const count = new Int32Array(1);
const info = new Uint8Array(TCP_INFO_BYTES);
const infoView = new DataView(info.buffer);
const infoLength = new Uint32Array(1);

/** A connected socket of this process. It must not be used after the connection has closed, because descriptors are reused. */
export class KernelSocket {
  readonly #libc: Libc;
  readonly #descriptor: number;

  constructor(symbols: Libc, descriptor: number) {
    this.#libc = symbols;
    this.#descriptor = descriptor;
  }

  /** The number of bytes that the other end has not acknowledged. The call takes about a microsecond. */
  get waitingBytes(): number {
    return this.#libc.ioctl(this.#descriptor, SIOCOUTQ, ptr(count)) === 0 ? (count[0] as number) : 0;
  }

  /** The number of bytes that have arrived from the other end. */
  get receivedBytes(): number {
    return this.#readInfo() ? Number(infoView.getBigUint64(TCPI_BYTES_RECEIVED, true)) : 0;
  }

  /** Returns the shortest round trip and the receive window of the other end. Null if the kernel does not tell. */
  tcpState(): TcpState | null {
    if (!this.#readInfo()) return null;
    const shortest = infoView.getUint32(TCPI_MIN_RTT, true); // all ones before the first measurement
    const roundTripMicros = Math.min(shortest, infoView.getUint32(TCPI_RTT, true));
    const hasWindow = (infoLength[0] ?? 0) >= TCPI_SND_WND + 4; // since Linux 5.4
    const segmentBytes = infoView.getUint32(TCPI_SND_MSS, true);
    return { roundTripMicros, segmentBytes, windowBytes: hasWindow ? infoView.getUint32(TCPI_SND_WND, true) : null };
  }

  #readInfo(): boolean {
    infoLength[0] = info.length;
    return this.#libc.getsockopt(this.#descriptor, IPPROTO_TCP, TCP_INFO, ptr(info), ptr(infoLength)) === 0;
  }

  /**
   * Makes the kernel keep at most this many bytes that arrive and are not read. A flood is then slowed down, because reads are
   * small.
   */
  limitReceiving(bytes: number): void {
    const value = new Int32Array([bytes]);
    this.#libc.setsockopt(this.#descriptor, SOL_SOCKET, SO_RCVBUF, ptr(value), value.byteLength);
  }

  /** Ends the connection at once. What the kernel still holds is dropped. */
  reset(): void {
    const linger = new Int32Array([1, 0]); // struct linger: on, for 0 s
    this.#libc.setsockopt(this.#descriptor, SOL_SOCKET, SO_LINGER, ptr(linger), linger.byteLength);
    this.#libc.shutdown(this.#descriptor, SHUT_RDWR);
  }
}
