// Both ends of a connection: one Peer that gets handwritten bytes, and two Peers that are connected in memory.

import { afterEach, describe, expect, test } from "bun:test";
import { readGoodbye, writeGoodbye, writeHello, writeWelcome } from "../../src/protocol/greeting.ts";
import { readPong, writePing, writeStream } from "../../src/protocol/messages.ts";
import { Peer, type PeerEnd, type PeerEvents } from "../../src/protocol/peer.ts";
import { MessageSplitter } from "../../src/protocol/splitter.ts";
import { GoodbyeReason, MAX_SERVER_MESSAGE_BYTES, MessageType, WIRE_VERSION } from "../../src/protocol/wire.ts";
import { MemoryTransport } from "../support/memory-transport.ts";
import { moveClock, resetClock } from "../support/moved-clock.ts";
import { until } from "../support/wait-until.ts";

afterEach(resetClock);

const HELLO = writeHello({ version: WIRE_VERSION, software: "a test", camera: "", paused: false });
const WELCOME = writeWelcome({ version: WIRE_VERSION, software: "a test", sourceName: "a source" });

/** One peer, with all that it has sent and reported to its owner. */
class Stand implements PeerEvents {
  readonly peer: Peer;
  readonly sent: { type: number; body: Uint8Array }[] = [];
  readonly calls: string[] = [];
  readonly ends: PeerEnd[] = [];
  readonly heard: number[] = [];
  known = true;

  constructor(role: "server" | "viewer") {
    const splitter = new MessageSplitter(MAX_SERVER_MESSAGE_BYTES, (type, body) =>
      this.sent.push({ type, body: new Uint8Array(body) }),
    );
    const write = (bytes: Uint8Array) => {
      splitter.feed(bytes);
      return bytes.length;
    };
    const end = () => void this.calls.push("end");
    const abort = () => void this.calls.push("abort");
    this.peer = new Peer({ write, bufferedBytes: 0, end, abort }, role, this);
  }

  onGreeting(): void {
    this.peer.accept();
  }

  onMessage(type: number): boolean {
    this.heard.push(type);
    return this.known;
  }

  onGone(end: PeerEnd): void {
    this.ends.push(end);
  }

  onClosed(): void {
    this.calls.push("closed");
  }

  get goodbye() {
    const { type, body = new Uint8Array() } = this.sent.at(-1) ?? {};
    return type === MessageType.goodbye ? readGoodbye(body) : null;
  }
}

/** The greeting of the other side. */
const greetingTo = { server: HELLO, viewer: WELCOME };
const roles = ["server", "viewer"] as const;

describe.each(roles)("Peer as %s", (role) => {
  test("Peer: pings after the greeting, and answers a Ping with its time", () => {
    const { peer, sent } = new Stand(role);
    peer.tick();
    expect(sent).toEqual([]);
    peer.receive(greetingTo[role]);
    expect([peer.isOpen, sent.map(({ type }) => type)]).toEqual([true, [MessageType.ping]]);
    peer.receive(writePing({ sentAt: 4711 }));
    expect(sent[1]?.type).toBe(MessageType.pong);
    expect(readPong(sent[1]?.body as Uint8Array).sentAt).toBe(4711);
  });

  test("Peer: answers another protocol version with a Goodbye", () => {
    const stand = new Stand(role);
    const other = greetingTo[role].with(9, 99); // the version follows length, type and magic
    stand.peer.receive(other);
    expect(stand.goodbye?.reason).toBe(GoodbyeReason.version);
    expect(stand.ends).toMatchObject([{ how: "left", reason: GoodbyeReason.version }]);
    expect(stand.ends[0]?.text).toContain("version 99");
  });

  test("Peer: ignores messages after a protocol error, and names the error in its Goodbye", () => {
    const stand = new Stand(role);
    stand.peer.receive(Buffer.from("HTTP/1.1 400 Bad Request\r\n"));
    expect(stand.goodbye?.reason).toBe(GoodbyeReason.protocol);
    const [end] = stand.ends;
    expect(end?.how === "left" && end.cause?.message).toContain("a message has");
    stand.peer.receive(greetingTo[role]);
    expect([stand.peer.isOpen, stand.ends.length]).toEqual([false, 1]);
  });

  test("Peer: messages of unknown types are skipped from type 128 on; lower unknown types end the connection", () => {
    const stand = new Stand(role);
    stand.known = false;
    stand.peer.receive(greetingTo[role]);
    stand.peer.receive(Uint8Array.of(1, 0, 0, 0, 200));
    expect([stand.heard, stand.peer.isOpen]).toEqual([[200], true]);
    stand.peer.receive(Uint8Array.of(1, 0, 0, 0, 127));
    expect(stand.goodbye?.text).toContain("message type 127, which a ");
  });

  test("Peer: a Goodbye ends the connection, even before the greeting", () => {
    const stand = new Stand(role);
    stand.peer.receive(writeGoodbye({ reason: GoodbyeReason.full, text: "full" }));
    expect(stand.ends).toEqual([{ how: "goodbye", reason: GoodbyeReason.full, text: "full" }]);
    expect(stand.calls).toEqual(["closed", "end"]);
    stand.peer.closed("it hung up");
    stand.peer.send(writePing({ sentAt: 1 }));
    expect([stand.ends.length, stand.calls.length, stand.sent.length]).toEqual([1, 2, 0]);
  });

  test.each([
    ["the greeting", 6, false],
    ["any byte", 11, true],
  ] as const)("Peer: ends the connection when it waits too long for %s", (_, seconds, isGreeted) => {
    const stand = new Stand(role);
    if (isGreeted) stand.peer.receive(greetingTo[role]);
    moveClock(seconds - 2);
    stand.peer.tick();
    expect(stand.ends).toEqual([]);
    moveClock(seconds);
    stand.peer.tick();
    expect(stand.goodbye?.reason).toBe(GoodbyeReason.timeout);
    expect(stand.calls).toEqual(["end"]);
  });
});

test("Peer: a viewer takes long messages only after the greeting, a server takes none above 4 KiB", () => {
  const header = new Uint8Array(60_000);
  const stream = {
    width: 16,
    height: 16,
    framesPerSecond: 1,
    codec: "",
    quality: 1,
    sourceWidth: 16,
    sourceHeight: 16,
  };
  const long = writeStream({ ...stream, jpegHeader: header });
  for (const [role, isHeard] of [
    ["viewer", true],
    ["server", false],
  ] as const) {
    const stand = new Stand(role);
    stand.peer.receive(greetingTo[role]);
    stand.peer.receive(long);
    expect([stand.heard.length === 1, stand.peer.isOpen]).toEqual([isHeard, isHeard]);
    const early = new Stand(role);
    early.peer.receive(long);
    expect(early.goodbye?.reason).toBe(GoodbyeReason.protocol);
  }
});

test("Peer: two peers greet, measure their clocks and say goodbye over a transport that takes 7 bytes at a time", async () => {
  const [serverEnd, viewerEnd] = MemoryTransport.pair({ capacityBytes: 7, chunkBytes: 3 });
  const ends: string[] = [];
  const server: Peer = new Peer(serverEnd, "server", {
    onGreeting() {
      server.send(WELCOME);
      server.accept();
    },
    onMessage: () => false,
    onGone: ({ how, text }) => ends.push(`server ${how}: ${text}`),
  });
  const viewer: Peer = new Peer(viewerEnd, "viewer", {
    onGreeting: () => viewer.accept(),
    onMessage: () => false,
    onGone: ({ how, text }) => ends.push(`viewer ${how}: ${text}`),
  });
  serverEnd.events = server;
  viewerEnd.events = viewer;
  viewer.send(HELLO);
  const ticking = setInterval(() => {
    server.tick();
    viewer.tick();
  }, 10);
  try {
    await until(() => server.clock.known && viewer.clock.known, "a Pong at both ends");
    server.leave(GoodbyeReason.shutdown, "the server is shutting down");
    await until(() => ends.length === 2, "both ends");
  } finally {
    clearInterval(ticking);
  }
  const text = "the server is shutting down";
  expect(ends).toEqual([`server left: ${text}`, `viewer goodbye: ${text}`]);
});

test("Peer: disconnects another side that sends and does not read, with a reason", () => {
  const calls: string[] = [];
  const transport = { write: () => 0, bufferedBytes: 0, end: () => undefined, abort: () => void calls.push("abort") };
  const peer = new Peer(transport, "viewer", {
    onGreeting: () => undefined,
    onMessage: () => true,
    onGone: (end) => void calls.push(end.text),
  });
  const send = (count: number) => {
    for (let index = 0; index < count; index++) peer.send(writePing({ sentAt: index }));
    peer.tick();
  };
  send(4_000);
  expect(calls).toEqual([]);
  send(200);
  expect(calls).toEqual(["the server sends and does not read", "abort"]);
});

test.each(roles)("Peer as %s: reads a little after its Goodbye, and aborts the connection of a flood", (role) => {
  const stand = new Stand(role);
  stand.peer.receive(greetingTo[role]);
  stand.peer.leave(GoodbyeReason.shutdown, "over");
  const chunk = new Uint8Array(16 * 1024);
  for (let chunks = 0; chunks < 4; chunks++) stand.peer.receive(chunk);
  expect(stand.calls).toEqual(["end"]);
  stand.peer.receive(chunk);
  expect(stand.calls).toEqual(["end", "abort"]);
});

test.each(roles)("Peer as %s: answers to messages that arrive together need one write", (role) => {
  let writes = 0;
  const write = ({ length }: Uint8Array) => {
    writes++;
    return length;
  };
  const ignore = () => undefined;
  const events: PeerEvents = { onGreeting: () => peer.accept(), onMessage: () => true, onGone: ignore };
  const peer: Peer = new Peer({ write, bufferedBytes: 0, end: ignore, abort: ignore }, role, events);
  peer.receive(Buffer.concat([greetingTo[role], ...Array.from({ length: 20 }, () => writePing({ sentAt: 1 }))]));
  expect(writes).toBe(1);
});
