// The benches' relay on real sockets: what goes in comes out, at the rate, after the delay, across stalls and hang-ups.

import { afterEach, describe, expect, test } from "bun:test";
import type { Socket, TCPSocketListener } from "bun";
import { openLink, type Link, type LinkOptions } from "./link.ts";
import { Outbox } from "../../src/protocol/outbox.ts";

/** A socket that keeps what it hears and when. */
interface Peer {
  socket: Socket<Peer>;
  outbox: Outbox;
  chunks: { bytes: Uint8Array; at: number }[];
  onData: (() => void) | null;
  /** Resolves when the other side has said that nothing more comes, or has hung up. */
  ended: Promise<void>;
  onEnd: () => void;
}

const PATTERN = Uint8Array.from({ length: 65_537 }, (_, i) => (i * 31 + (i >> 8)) & 255);
const HANDLERS = {
  data(socket: Socket<Peer>, chunk: Uint8Array) {
    socket.data.chunks.push({ bytes: chunk.slice(), at: performance.now() });
    socket.data.onData?.();
  },
  drain: (socket: Socket<Peer>) => socket.data.outbox.drain(),
  end: (socket: Socket<Peer>) => socket.data.onEnd(),
  close: (socket: Socket<Peer>) => socket.data.onEnd(),
  error: (socket: Socket<Peer>) => socket.data.onEnd(),
};

let relay: Link | null = null;
let listener: TCPSocketListener<Peer> | null = null;
afterEach(() => {
  relay?.close();
  listener?.stop(true);
});

/** A viewer and a server that are joined by a relay. */
async function join(options: Omit<LinkOptions, "serverPort">): Promise<{ viewer: Peer; server: Peer }> {
  const accepted = Promise.withResolvers<Peer>();
  const socket = { ...HANDLERS, open: (each: Socket<Peer>) => accepted.resolve(peerOf(each)) };
  listener = Bun.listen<Peer>({ hostname: "127.0.0.1", port: 0, allowHalfOpen: true, socket });
  relay = openLink({ serverPort: listener.port, ...options });
  const connected = Promise.withResolvers<Peer>();
  await Bun.connect<Peer>({
    hostname: "127.0.0.1",
    port: relay.port,
    allowHalfOpen: true,
    socket: { ...HANDLERS, open: (each: Socket<Peer>) => connected.resolve(peerOf(each)) },
  });
  return { viewer: await connected.promise, server: await accepted.promise };
}

function peerOf(socket: Socket<Peer>): Peer {
  const { promise, resolve } = Promise.withResolvers<void>();
  const outbox = new Outbox({ write: (bytes) => socket.write(bytes), bufferedBytes: 0 });
  socket.data = { socket, outbox, chunks: [], onData: null, ended: promise, onEnd: resolve };
  return socket.data;
}

function patternOf(bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => PATTERN[i % PATTERN.length] ?? 0);
}

const heard = (peer: Peer) => Buffer.concat(peer.chunks.map(({ bytes }) => bytes));

/** Resolves when the peer has so many bytes. */
function hears(peer: Peer, bytes: number): Promise<void> {
  return new Promise((resolve) => {
    const look = () => peer.chunks.reduce((sum, chunk) => sum + chunk.bytes.length, 0) >= bytes && resolve();
    peer.onData = look;
    look();
  });
}

/** Bits a second, from the first arrival to the last. */
function rateOf(chunks: Peer["chunks"]): number {
  const [first, ...others] = chunks;
  const bytes = others.reduce((sum, chunk) => sum + chunk.bytes.length, 0);
  return (bytes * 8000) / ((others.at(-1)?.at ?? 0) - (first?.at ?? 0));
}

describe("the relay", () => {
  test("passes bytes on as they are, both ways at once", async () => {
    const { viewer, server } = await join({ bitsPerSecond: 100e6, delayMs: 3, queueBytes: 20_000 });
    const [up, down] = [patternOf(400_001), patternOf(700_003).reverse()];
    viewer.outbox.send(up);
    server.outbox.send(down);
    await Promise.all([hears(server, up.length), hears(viewer, down.length)]);
    expect(heard(server).equals(up)).toBe(true);
    expect(heard(viewer).equals(down)).toBe(true);
  });

  test("keeps the rate, and takes a new one at once", async () => {
    const { viewer, server } = await join({ bitsPerSecond: 4e6, delayMs: 20 });
    server.outbox.send(patternOf(1_200_000));
    await hears(viewer, 600_000);
    expect(rateOf(viewer.chunks) / 4e6).toBeWithin(0.85, 1.15);
    relay?.setRate(8e6);
    await Bun.sleep(40); // what had left at the old rate arrives
    const before = viewer.chunks.length;
    await hears(viewer, 1_200_000);
    expect(rateOf(viewer.chunks.slice(before)) / 8e6).toBeWithin(0.85, 1.15);
  });

  test("takes the delay each way, for one byte as for many", async () => {
    const delayMs = 60;
    const { viewer, server } = await join({ bitsPerSecond: 20e6, delayMs });
    for (const bytes of [1, 50_000]) {
      const startedAt = performance.now();
      const wanted = heard(server).length + bytes;
      viewer.outbox.send(patternOf(bytes));
      await hears(server, wanted);
      const lineMs = (bytes * 8000) / 20e6;
      expect(performance.now() - startedAt).toBeGreaterThanOrEqual(delayMs + lineMs - 1); // a timer's millisecond
      const turnedAt = performance.now();
      const back = heard(viewer).length + 1;
      server.outbox.send(Uint8Array.of(1));
      await hears(viewer, back);
      expect(performance.now() - turnedAt).toBeGreaterThanOrEqual(delayMs - 1);
    }
  });

  test("a stall holds everything up and loses nothing", async () => {
    const { viewer, server } = await join({ bitsPerSecond: 20e6, delayMs: 5 });
    const sent = patternOf(800_000);
    server.outbox.send(sent);
    await hears(viewer, 100_000);
    const stallMs = 300;
    relay?.stall(stallMs);
    const stalledAt = performance.now();
    const [before, bytesBefore] = [viewer.chunks.length, heard(viewer).length];
    viewer.outbox.send(Uint8Array.of(7));
    await Promise.all([hears(viewer, bytesBefore + 65_536), hears(server, 1)]);
    // What the kernel had taken before the stall may still be heard at its beginning.
    const late = viewer.chunks.slice(before).find(({ at }) => at - stalledAt > stallMs / 2);
    expect((late?.at ?? 0) - stalledAt).toBeGreaterThanOrEqual(stallMs - 1);
    expect((server.chunks[0]?.at ?? 0) - stalledAt).toBeGreaterThanOrEqual(stallMs - 1);
    await hears(viewer, sent.length);
    expect(heard(viewer).equals(sent)).toBe(true);
  });

  test("is full at some point: a sender that is not heard stops", async () => {
    const { viewer, server } = await join({ bitsPerSecond: 1e9, delayMs: 0, queueBytes: 20_000 });
    viewer.socket.pause();
    const bytes = 64 * 1024 * 1024; // more than all the kernel's buffers
    server.outbox.send(new Uint8Array(bytes));
    await Bun.sleep(300);
    expect(server.outbox.idle).toBe(false);
    viewer.socket.resume();
    await hears(viewer, bytes);
  });

  for (const [from, to] of [
    ["viewer", "server"],
    ["server", "viewer"],
  ] as const) {
    test(`passes on that the ${from} says nothing more, after all it has said; the other may still speak`, async () => {
      const peers = await join({ bitsPerSecond: 20e6, delayMs: 20, queueBytes: 10_000 });
      const sent = patternOf(150_000);
      peers[from].outbox.send(sent);
      peers[from].socket.shutdown();
      await peers[to].ended;
      expect(heard(peers[to]).equals(sent)).toBe(true);
      peers[to].outbox.send(Uint8Array.of(1, 2, 3));
      await hears(peers[from], 3);
      peers[to].socket.end();
      await peers[from].ended;
    });

    test(`passes on that the ${from} was cut off`, async () => {
      const peers = await join({ bitsPerSecond: 1e6, delayMs: 5 });
      peers[from].outbox.send(Uint8Array.of(1));
      await hears(peers[to], 1);
      peers[from].socket.terminate();
      await peers[to].ended;
    });
  }

  test("hangs up where there is no server", async () => {
    listener = Bun.listen<Peer>({ hostname: "127.0.0.1", port: 0, socket: HANDLERS });
    relay = openLink({ serverPort: listener.port, bitsPerSecond: 1e6, delayMs: 5 });
    listener.stop(true);
    const connected = Promise.withResolvers<Peer>();
    const open = (each: Socket<Peer>) => connected.resolve(peerOf(each));
    await Bun.connect<Peer>({ hostname: "127.0.0.1", port: relay.port, socket: { ...HANDLERS, open } });
    await (
      await connected.promise
    ).ended;
  });
});
