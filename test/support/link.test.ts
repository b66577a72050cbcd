// The relay of tests and benches on real sockets: it passes bytes on unchanged, with the rate and the delay, through stalls and closes.

import { afterEach, describe, expect, test } from "bun:test";
import type { Socket, TCPSocketListener } from "bun";
import { openLink, type Link, type LinkOptions } from "./link.ts";
import { Outbox } from "../../src/protocol/outbox.ts";

/** A socket that keeps the bytes that it receives, with their times. */
interface Peer {
  socket: Socket<Peer>;
  outbox: Outbox;
  chunks: { bytes: Uint8Array; at: number }[];
  onData: (() => void) | null;
  /** Resolves when the other side has sent its last byte or has closed. */
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

/** A viewer and a server, with a relay between them. */
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

const received = (peer: Peer) => Buffer.concat(peer.chunks.map(({ bytes }) => bytes));

/** Resolves when the peer has received that number of bytes. */
function receives(peer: Peer, bytes: number): Promise<void> {
  return new Promise((resolve) => {
    const look = () => peer.chunks.reduce((sum, chunk) => sum + chunk.bytes.length, 0) >= bytes && resolve();
    peer.onData = look;
    look();
  });
}

/** The rate in bits a second, from the first arrival to the last. */
function rateOf(chunks: Peer["chunks"]): number {
  const [first, ...others] = chunks;
  const bytes = others.reduce((sum, chunk) => sum + chunk.bytes.length, 0);
  return (bytes * 8000) / ((others.at(-1)?.at ?? 0) - (first?.at ?? 0));
}

describe("link: the relay", () => {
  test("link: passes bytes on unchanged, in both directions at once", async () => {
    const { viewer, server } = await join({ bitsPerSecond: 100e6, delayMs: 3, queueBytes: 20_000 });
    const [up, down] = [patternOf(400_001), patternOf(700_003).reverse()];
    viewer.outbox.send(up);
    server.outbox.send(down);
    await Promise.all([receives(server, up.length), receives(viewer, down.length)]);
    expect(received(server).equals(up)).toBe(true);
    expect(received(viewer).equals(down)).toBe(true);
  });

  test("link: keeps the rate, and changes to a new one at once", async () => {
    const { viewer, server } = await join({ bitsPerSecond: 4e6, delayMs: 20 });
    server.outbox.send(patternOf(1_200_000));
    await receives(viewer, 600_000);
    expect(rateOf(viewer.chunks) / 4e6).toBeWithin(0.85, 1.15);
    relay?.setRate(8e6);
    await Bun.sleep(40); // bytes that left at the old rate arrive here
    const before = viewer.chunks.length;
    await receives(viewer, 1_200_000);
    expect(rateOf(viewer.chunks.slice(before)) / 8e6).toBeWithin(0.85, 1.15);
  });

  test("link: delays one byte as long as many, in each direction", async () => {
    const delayMs = 60;
    const { viewer, server } = await join({ bitsPerSecond: 20e6, delayMs });
    for (const bytes of [1, 50_000]) {
      const startedAt = performance.now();
      const wanted = received(server).length + bytes;
      viewer.outbox.send(patternOf(bytes));
      await receives(server, wanted);
      const lineMs = (bytes * 8000) / 20e6;
      expect(performance.now() - startedAt).toBeGreaterThanOrEqual(delayMs + lineMs - 1); // the resolution of timers
      const turnedAt = performance.now();
      const back = received(viewer).length + 1;
      server.outbox.send(Uint8Array.of(1));
      await receives(viewer, back);
      expect(performance.now() - turnedAt).toBeGreaterThanOrEqual(delayMs - 1);
    }
  });

  test("link: a stall delays all bytes and loses none", async () => {
    const { viewer, server } = await join({ bitsPerSecond: 20e6, delayMs: 5 });
    const sent = patternOf(800_000);
    server.outbox.send(sent);
    await receives(viewer, 100_000);
    const stallMs = 300;
    relay?.stall(stallMs);
    const stalledAt = performance.now();
    const [before, bytesBefore] = [viewer.chunks.length, received(viewer).length];
    viewer.outbox.send(Uint8Array.of(7));
    await Promise.all([receives(viewer, bytesBefore + 65_536), receives(server, 1)]);
    // Bytes that the kernel took before the stall may still arrive early in the stall.
    const late = viewer.chunks.slice(before).find(({ at }) => at - stalledAt > stallMs / 2);
    expect((late?.at ?? 0) - stalledAt).toBeGreaterThanOrEqual(stallMs - 1);
    expect((server.chunks[0]?.at ?? 0) - stalledAt).toBeGreaterThanOrEqual(stallMs - 1);
    await receives(viewer, sent.length);
    expect(received(viewer).equals(sent)).toBe(true);
  });

  test("link: stops reading when its queue is full", async () => {
    const { viewer, server } = await join({ bitsPerSecond: 1e9, delayMs: 0, queueBytes: 20_000 });
    viewer.socket.pause();
    const bytes = 64 * 1024 * 1024; // this is more than the buffers of the kernel can hold
    server.outbox.send(new Uint8Array(bytes));
    await Bun.sleep(300);
    expect(server.outbox.idle).toBe(false);
    viewer.socket.resume();
    await receives(viewer, bytes);
  });

  for (const [from, to] of [
    ["viewer", "server"],
    ["server", "viewer"],
  ] as const) {
    test(`link: passes on a half-close of the ${from} after its last byte`, async () => {
      const peers = await join({ bitsPerSecond: 20e6, delayMs: 20, queueBytes: 10_000 });
      const sent = patternOf(150_000);
      peers[from].outbox.send(sent);
      peers[from].socket.shutdown();
      await peers[to].ended;
      expect(received(peers[to]).equals(sent)).toBe(true);
      peers[to].outbox.send(Uint8Array.of(1, 2, 3));
      await receives(peers[from], 3);
      peers[to].socket.end();
      await peers[from].ended;
    });

    test(`link: passes on that the connection of the ${from} was terminated`, async () => {
      const peers = await join({ bitsPerSecond: 1e6, delayMs: 5 });
      peers[from].outbox.send(Uint8Array.of(1));
      await receives(peers[to], 1);
      peers[from].socket.terminate();
      await peers[to].ended;
    });
  }

  test("link: closes the connection when no server listens", async () => {
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
