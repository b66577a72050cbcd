// The handshake with keys: the server's end and the viewer's end over a transport in memory, and peers that break the rules.

import { describe, expect, test } from "bun:test";
import { Connection, type ConnectionEnd } from "../../src/connect/connection.ts";
import { ServerNotTrusted } from "../../src/connect/carriage.ts";
import { ProtocolError } from "../../src/core/errors.ts";
import { readGoodbye, readHello, writeHello, writeWelcome } from "../../src/protocol/greeting.ts";
import { readProof, writeChallenge, writeProof } from "../../src/protocol/handshake.ts";
import { writeWish } from "../../src/protocol/messages.ts";
import { newNonce, viewerKey } from "../../src/protocol/proof.ts";
import { MessageSplitter } from "../../src/protocol/splitter.ts";
import type { Transport, TransportEvents } from "../../src/protocol/transport.ts";
import { GoodbyeReason, HEADER_BYTES, MessageType, WIRE_VERSION } from "../../src/protocol/wire.ts";
import { KeyRing } from "../../src/server/access/key-ring.ts";
import { recordOfKey } from "../../src/server/access/key-record.ts";
import { EVERYBODY } from "../../src/server/access/role.ts";
import type { Refusal } from "../../src/server/access/refusal.ts";
import { Viewer } from "../../src/server/deliver/viewer.ts";
import type { ViewerHost } from "../../src/server/deliver/viewer-host.ts";
import { PictureCamera } from "../support/picture-camera.ts";

const KEY = "k7qf-2mzd-9x4w-hcv3-tb8n";
const OTHER = "aaaa-bbbb-cccc-dddd-eeee";
const ignore = () => undefined;

/** A camera whose viewers must prove KEY. */
class KeptCamera extends PictureCamera {
  override readonly needsKey = true;
  readonly ring = new KeyRing([{ record: recordOfKey(KEY), role: { ...EVERYBODY, name: "ours" } }]);
  override authenticate = ((_, proof, input) =>
    this.ring.authenticate({ proof, input }) ?? {
      reason: GoodbyeReason.wrongKey,
      text: "wrong",
    }) as ViewerHost["authenticate"] & (() => Refusal);
}

interface Ends {
  camera: KeptCamera;
  connection: Connection;
  viewer: Viewer;
  ended: Promise<ConnectionEnd>;
  /** The messages in both directions, each as its sender and its type. */
  crossed: string[];
  /** Delivers all waiting messages. */
  settle: () => void;
}

/** The types of the messages in one write. */
function typesIn(bytes: Uint8Array): number[] {
  const types: number[] = [];
  new MessageSplitter(bytes.length, (type) => types.push(type)).feed(bytes);
  return types;
}

/** Both ends. Each has its own view of the TLS session. */
function connect(key: string | null, bindings: { viewer?: Uint8Array; server?: Uint8Array } = {}): Ends {
  const camera = new KeptCamera();
  const crossed: string[] = [];
  const waiting: (() => void)[] = [];
  const transport = (from: string, to: () => TransportEvents, binding: Uint8Array | undefined): Transport => ({
    write(bytes) {
      const copy = bytes.slice();
      crossed.push(...typesIn(copy).map((type) => `${from} ${type}`));
      waiting.push(() => to().receive(copy));
      return bytes.length;
    },
    bufferedBytes: 0,
    binding: binding ?? null,
    end: ignore,
    abort: ignore,
  });
  const viewer: Viewer = new Viewer(
    { ...transport("server", () => connection, bindings.server), address: "test", door: "tcp", ip: "127.0.0.1" },
    camera,
  );
  const events = { onWelcome: ignore, onStream: ignore, onPicture: ignore, onTiles: ignore, onNotice: ignore };
  const connection: Connection = new Connection(
    transport("viewer", () => viewer, bindings.viewer),
    { host: "test", port: 1, camera: "" },
    events,
    { paused: true, key: key === null ? null : viewerKey(key) },
  );
  const settle = () => {
    for (let act = waiting.shift(); act !== undefined; act = waiting.shift()) act();
  };
  return { camera, connection, viewer, ended: connection.ended, crossed, settle };
}

const { hello, welcome, goodbye, wish, challenge, proof, cameras, setControl } = MessageType;

describe("handshake: both ends", () => {
  test("handshake: the right key gives Challenge, Proof and Welcome, and a Wish message waits until the Proof is sent", () => {
    const { camera, connection, crossed, settle, viewer } = connect(KEY);
    connection.wish({ paused: false, keepsSize: false, width: 0, height: 0 });
    settle();
    expect(crossed.slice(0, 6)).toEqual([
      `viewer ${hello}`,
      `server ${challenge}`,
      `viewer ${proof}`,
      `viewer ${wish}`,
      `server ${welcome}`,
      `server ${cameras}`,
    ]);
    expect([connection.isWelcome, connection.hasProven]).toEqual([true, true]);
    expect([viewer.role.name, camera.calls.at(-1)]).toEqual(["ours", "watching"]);
    connection.close();
    settle();
  });

  test.each([
    ["the same TLS session", new Uint8Array(32).fill(7), new Uint8Array(32).fill(7), true],
    ["two TLS sessions, with a man in the middle", new Uint8Array(32).fill(7), new Uint8Array(32).fill(8), false],
    ["TLS towards the viewer only", new Uint8Array(32).fill(7), undefined, false],
    ["TLS towards the server only", undefined, new Uint8Array(32), false],
  ])("handshake: with %s, only a viewer in the same session is welcome", async (_, viewer, server, isWelcome) => {
    const ends = connect(KEY, { ...(viewer && { viewer }), ...(server && { server }) });
    ends.settle();
    expect([ends.connection.isWelcome, ends.connection.hasProven]).toEqual([isWelcome, isWelcome]);
    if (!isWelcome) expect((await ends.ended).goodbye?.reason).toBe(GoodbyeReason.wrongKey);
    ends.connection.close();
    ends.settle();
  });

  test("handshake: a wrong key gives a Goodbye that says nothing about cameras", async () => {
    const { connection, crossed, ended, settle } = connect(OTHER);
    settle();
    expect((await ended).goodbye?.reason).toBe(GoodbyeReason.wrongKey);
    expect(connection.isWelcome).toBe(false);
    expect(crossed.filter((each) => each.startsWith("server"))).toEqual([`server ${challenge}`, `server ${goodbye}`]);
  });

  test("handshake: without a key the viewer reports that the server needs one, and its early Wish message has no effect", async () => {
    const { camera, connection, crossed, ended, settle } = connect(null);
    connection.wish({ paused: false, keepsSize: false, width: 0, height: 0 });
    settle();
    expect((await ended).goodbye).toEqual({ reason: GoodbyeReason.needsKey, text: "the server needs a key" });
    expect(crossed).toEqual([`viewer ${hello}`, `viewer ${wish}`, `server ${challenge}`, `viewer ${goodbye}`]);
    expect(camera.calls).toEqual(["gone: the server needs a key", "closed"]);
  });
});

/** The server's end alone, with the messages that it sends. */
function serverAlone() {
  const camera = new KeptCamera();
  const sent: Uint8Array[] = [];
  const write = (bytes: Uint8Array) => sent.push(bytes.slice()) && bytes.length;
  const viewer = new Viewer(
    { write, bufferedBytes: 0, end: ignore, abort: ignore, address: "test", door: "tcp", ip: "::1" },
    camera,
  );
  const types = () => sent.map((message) => message[HEADER_BYTES - 1]);
  const lastGoodbye = () => readGoodbye((sent.at(-1) as Uint8Array).subarray(HEADER_BYTES));
  return { camera, viewer, types, lastGoodbye };
}

const HELLO = writeHello({ version: WIRE_VERSION, software: "a test", camera: "", paused: false, canProve: true });
const WISH = writeWish({ paused: false, keepsSize: false, width: 0, height: 0 });
const anyProof = () => writeProof({ keyId: newNonce().subarray(0, 8), nonce: newNonce(), proof: newNonce() });

describe("handshake: a viewer that breaks the rules", () => {
  test("handshake: an older viewer gets a Goodbye with the reason, and no Challenge", () => {
    const { viewer, types, lastGoodbye } = serverAlone();
    viewer.receive(writeHello({ version: WIRE_VERSION, software: "older", camera: "", paused: false }));
    expect(types()).toEqual([goodbye]);
    expect(lastGoodbye()).toEqual({
      reason: GoodbyeReason.needsKey,
      text: "this server needs a key, and this version of the viewer does not support keys: update the viewer",
    });
  });

  const wrong: [what: string, messages: Uint8Array[]][] = [
    ["Proof before Hello", [anyProof()]],
    ["Hello twice", [HELLO, HELLO]],
    ["Challenge from a viewer", [HELLO, writeChallenge({ scheme: 1, nonce: newNonce() })]],
    ["17 early messages", [HELLO, ...Array.from({ length: 17 }, () => WISH)]],
    ["a Proof that is too short", [HELLO, Uint8Array.of(9, 0, 0, 0, proof, ...new Uint8Array(8))]],
  ];
  test.each(wrong)("handshake: %s gives a protocol error", (_, messages) => {
    const { viewer, lastGoodbye } = serverAlone();
    for (const message of messages) viewer.receive(message);
    expect(lastGoodbye().reason).toBe(GoodbyeReason.protocol);
  });

  test("handshake: a second Proof for one Challenge is not accepted", () => {
    const { viewer, types } = serverAlone();
    viewer.receive(HELLO);
    viewer.receive(anyProof());
    viewer.receive(anyProof());
    expect(types()).toEqual([challenge, goodbye]);
  });
});

/** The viewer's end alone. It gets `answers` one after the other, and each answer may use the viewer's last message. */
async function viewerAlone(
  key: string | null,
  answers: ((sent: Uint8Array) => Uint8Array)[],
  onWelcome: () => void = ignore,
) {
  const sent: Uint8Array[] = [];
  const transport = {
    write: (bytes: Uint8Array) => sent.push(bytes.slice()) && bytes.length,
    bufferedBytes: 0,
    end: ignore,
    abort: ignore,
  };
  const events = { onWelcome, onStream: ignore, onPicture: ignore, onTiles: ignore, onNotice: ignore };
  const options = { key: key === null ? null : viewerKey(key) };
  const connection = new Connection(transport, { host: "test", port: 1, camera: "" }, events, options);
  connection.setControl({ name: "brightness", value: "7" });
  for (const answer of answers) connection.receive(answer(sent.at(-1) as Uint8Array));
  connection.closed("the end");
  const error = await connection.ended.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  return { sent, connection, error };
}

const nonce = newNonce();
const asChallenge = () => writeChallenge({ scheme: 1, nonce });
const asWelcome = (serverProof?: Uint8Array) => () =>
  writeWelcome({ version: WIRE_VERSION, software: "false", sourceName: "a", ...(serverProof && { serverProof }) });

describe("handshake: a server that breaks the rules", () => {
  test.each([
    ["no proof", undefined],
    ["any proof", newNonce()],
    ["zeros", new Uint8Array(32)],
  ])(
    "handshake: the viewer does not accept a server that does not know the key and welcomes it with %s",
    async (_, serverProof) => {
      const { connection, error, sent } = await viewerAlone(KEY, [asChallenge, asWelcome(serverProof)]);
      expect(error).toBeInstanceOf(ProtocolError);
      expect(String(error)).toContain("the server does not know the key");
      expect([connection.isWelcome, connection.hasProven]).toEqual([false, false]);
      expect(sent.flatMap(typesIn)).toEqual([hello, proof, goodbye]);
    },
  );

  test("handshake: the viewer does not accept its own proof from the server", async () => {
    const reflected = (sent: Uint8Array) => asWelcome(readProof(sent.subarray(HEADER_BYTES)).proof)();
    expect(String((await viewerAlone(KEY, [asChallenge, reflected])).error)).toContain("does not know the key");
  });

  test("handshake: the viewer knows that a server that does not ask for the key has proven nothing", async () => {
    const { connection, error } = await viewerAlone(KEY, [asWelcome()]);
    expect([error, connection.isWelcome, connection.hasProven]).toEqual([null, true, false]);
  });

  test("handshake: a server that is refused because it does not ask for the key gets no request", async () => {
    const { connection, error, sent } = await viewerAlone(KEY, [asWelcome()], () => {
      throw new ServerNotTrusted("the server does not ask for the key");
    });
    expect(String(error)).toBe("ProtocolError: test:1: the server does not ask for the key");
    expect(connection.hasProven).toBe(false);
    const types = sent.flatMap(typesIn);
    expect(types).not.toContain(setControl);
    expect(types.at(-1)).toBe(goodbye);
  });

  test("handshake: a second Challenge gives a protocol error", async () => {
    expect((await viewerAlone(KEY, [asChallenge, asChallenge])).error).toBeInstanceOf(ProtocolError);
  });

  test("handshake: for an unknown scheme the viewer sends a Goodbye instead of a Proof", async () => {
    const { sent } = await viewerAlone(KEY, [() => writeChallenge({ scheme: 2, nonce })]);
    expect(sent.map((message) => message[HEADER_BYTES - 1])).toEqual([hello, goodbye]);
  });

  test("handshake: the viewer's Hello says that it can prove a key, even if it has none", async () => {
    for (const key of [null, KEY]) {
      const { sent } = await viewerAlone(key, []);
      expect(readHello((sent[0] as Uint8Array).subarray(HEADER_BYTES)).canProve).toBe(true);
    }
  });
});
