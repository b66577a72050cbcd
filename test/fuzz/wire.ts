// Fuzzes both ends of a connection with mutated messages, by count.
//
//   bun test/fuzz/wire.ts [--count 1000000] [--seed 1]
//
// Each message is one that a real server or viewer writes. One in eight is then changed: its bytes, length, type or place. The messages
// arrive in chunks of any size. When an end says goodbye, for example after a ProtocolError, the next connection begins. A finding is an exception
// that reaches the owner of the transport, or memory that grows with the count.

import { parseArgs } from "node:util";
import { Connection } from "../../src/connect/connection.ts";
import { isExpected } from "../../src/core/errors.ts";
import { writeCameras } from "../../src/protocol/cameras.ts";
import { writeClipAsked, writeClipPart } from "../../src/protocol/clip.ts";
import { writeControlSet, writeControls, writeControlsAsked, writeSetControl } from "../../src/protocol/controls.ts";
import { writeGoodbye, writeHello, writeWelcome } from "../../src/protocol/greeting.ts";
import {
  type Proof,
  PROOF_SCHEME,
  readChallenge,
  readProof,
  writeChallenge,
  writeProof,
} from "../../src/protocol/handshake.ts";
import { type ProofInput, proveAsServer, proveAsViewer, type ViewerKey, viewerKey } from "../../src/protocol/proof.ts";
import * as m from "../../src/protocol/messages.ts";
import { writeMotion } from "../../src/protocol/motion.ts";
import { writeRoute } from "../../src/protocol/route.ts";
import type { TransportEvents } from "../../src/protocol/transport.ts";
import { GoodbyeReason, HEADER_BYTES, MessageType, PROOF_BYTES, WIRE_VERSION } from "../../src/protocol/wire.ts";
import { type Authenticated, KeyRing } from "../../src/server/access/key-ring.ts";
import { EVERYBODY } from "../../src/server/access/role.ts";
import type { Refusal } from "../../src/server/access/refusal.ts";
import { DEFAULT_ACCESS_LIMITS } from "../../src/server/access/limits.ts";
import { Viewer } from "../../src/server/deliver/viewer.ts";
import { PictureCamera } from "../support/picture-camera.ts";
import { randomSequence } from "../support/generated-pictures.ts";
import { listOf } from "../support/tile-lists.ts";
import { writePicture } from "../support/whole-pictures.ts";

export interface WireFuzzResult {
  messages: number;
  connections: number;
  /** The number of connections that a broken message ended with a Goodbye. */
  goodbyes: number;
  /** The number of connections on which a key was proven. */
  proven: number;
  /** The exceptions, with the bytes that were received last. */
  findings: { error: unknown; chunk: Uint8Array }[];
}

type Random = () => number;

/** One end under test, with its events and the state of its transport. */
interface End {
  events: TransportEvents;
  isClosed: () => boolean;
  /** Whether a key was proven on this connection. */
  hasProven: () => boolean;
  /** Returns the answer of the other side to the bytes that this end has written, or null. */
  answer: () => Uint8Array | null;
  /** Releases timers of this end. */
  close: () => void;
}

interface Side {
  open(): End;
  /** Valid messages of the other side. The first one begins the connection. */
  greeting: Uint8Array;
  messages: readonly Uint8Array[];
}

const copy = (message: Uint8Array) => new Uint8Array(message);
const GOODBYE = copy(writeGoodbye({ reason: 3, text: "bye" }));
const stamps = { capturedAt: 1, encodedAt: 2, sentAt: 3 };
const header = { framesPerSecond: 30, codec: "simd", quality: 75, sourceWidth: 640, sourceHeight: 480 };
const control = { name: "gain", kind: "menu", min: 0, max: 9, step: 1, default: 1, value: 2 } as const;
const entry = { name: "door", hasEnded: false, width: 640, height: 480, framesPerSecond: 30 };

/** The key of both sides, for connections that need one. */
const KEY = viewerKey("k7qf-2mzd-4v8x-9c3t-hbn6");
const RING = new KeyRing([{ record: KEY, role: EVERYBODY }]);
const NONCE = new Uint8Array(PROOF_BYTES).fill(5);
const HELLO = { version: WIRE_VERSION, software: "fuzz", camera: "door", paused: false };
const ANY_PROOF = copy(writeProof({ keyId: KEY.id, nonce: NONCE, proof: NONCE }));
const CHALLENGE = copy(writeChallenge({ scheme: PROOF_SCHEME, nonce: NONCE }));

class FuzzCamera extends PictureCamera {
  override readonly access = { ...DEFAULT_ACCESS_LIMITS, messagesPerSecond: 1e9 };
  override readonly needsKey: boolean;

  constructor(needsKey: boolean) {
    super();
    this.needsKey = needsKey;
  }

  override authenticate(_viewer: Viewer, proof: Proof, input: ProofInput): Authenticated | Refusal {
    return RING.authenticate({ proof, input }) ?? { reason: GoodbyeReason.wrongKey, text: "no key is right" };
  }
}

/** A transport in memory that keeps the last message of each type. */
function keepingTransport() {
  const written = new Map<number, Uint8Array>();
  let isClosed = false;
  const close = () => {
    isClosed = true;
  };
  const write = (bytes: Uint8Array) => {
    written.set(bytes[4] ?? 0, copy(bytes));
    return bytes.length;
  };
  return { transport: { write, bufferedBytes: 0, end: close, abort: close }, written, isClosed: () => isClosed };
}

/** Opens the server's end of a connection. */
function openServer(needsKey: boolean): End {
  const { transport, written, isClosed } = keepingTransport();
  const viewer = new Viewer({ ...transport, address: "fuzz", door: "tcp", ip: "127.0.0.1" }, new FuzzCamera(needsKey));
  const answer = () => {
    const challenge = written.get(MessageType.challenge);
    if (challenge === undefined) return null;
    written.delete(MessageType.challenge);
    const { nonce: serverNonce } = readChallenge(challenge.subarray(HEADER_BYTES));
    const hello = SERVER_WITH_KEY.greeting.subarray(HEADER_BYTES);
    const input = { binding: null, serverNonce, viewerNonce: NONCE, keyId: KEY.id, hello };
    return copy(writeProof({ keyId: KEY.id, nonce: NONCE, proof: proveAsViewer(KEY, input) }));
  };
  const hasProven = () => needsKey && written.has(MessageType.welcome);
  return { events: viewer, isClosed, hasProven, answer, close: () => viewer.closed("the next one") };
}

/** The server's end, which receives the messages of viewers. */
const SERVER: Side = {
  open: () => openServer(false),
  greeting: copy(writeHello(HELLO)),
  messages: [
    ANY_PROOF,
    copy(m.writeAck({ frameNumber: 1, outcome: "shown", transferMicros: 1, workMicros: 2, paceMicros: 3 })),
    copy(m.writePing({ sentAt: 5 })),
    copy(m.writePong({ sentAt: 5, receivedAt: 6, repliedAt: 7 })),
    copy(m.writeWish({ paused: false, keepsSize: true, width: 320, height: 240 })),
    copy(writeControlsAsked()),
    copy(writeSetControl({ name: "gain", value: "on" })),
    copy(writeClipAsked({ seconds: 0 })),
  ],
};

const SERVER_WITH_KEY: Side = {
  ...SERVER,
  open: () => openServer(true),
  greeting: copy(writeHello({ ...HELLO, canProve: true })),
};

const ignore = () => undefined;

/** Opens the viewer's end of a connection. */
function openViewer(key: ViewerKey | null): End {
  const { transport, written, isClosed } = keepingTransport();
  const connection = new Connection(
    transport,
    { host: "127.0.0.1", port: 1, camera: "" },
    {
      onWelcome: ignore,
      onCameras: ignore,
      onStream: ignore,
      onPicture: ignore,
      onTiles: ignore,
      onNotice: ignore,
      onControls: ignore,
      onControlSet: ignore,
      onClipPart: ignore,
      onMotion: ignore,
      onRoute: ignore,
    },
    { key },
  );
  connection.ended.catch((error: unknown) => {
    if (!isExpected(error)) throw error;
  });
  const hello = copy(written.get(MessageType.hello)?.subarray(HEADER_BYTES) ?? NONCE);
  const answer = () => {
    const proof = written.get(MessageType.proof);
    if (proof === undefined) return null;
    written.delete(MessageType.proof);
    const { nonce: viewerNonce } = readProof(proof.subarray(HEADER_BYTES));
    const serverProof = proveAsServer(KEY, { binding: null, serverNonce: NONCE, viewerNonce, keyId: KEY.id, hello });
    return copy(writeWelcome({ ...WELCOME, serverProof }));
  };
  const hasProven = () => connection.hasProven;
  return { events: connection, isClosed, hasProven, answer, close: () => connection.closed("the next one") };
}

const BOX = { x: 0.1, y: 0.2, width: 0.3, height: 0.4 };
const EVENT = {
  ...{ number: 1, startedAt: 1, movedAt: 2, sentAt: 3, area: 0.1, height: { area: 0.2, at: 2 } },
  ...{ box: BOX, moving: BOX },
};

const WELCOME = { version: WIRE_VERSION, software: "fuzz", sourceName: "door" };

/** The viewer's end, which receives the messages of servers. */
const VIEWER: Side = {
  open: () => openViewer(null),
  greeting: copy(writeWelcome(WELCOME)),
  messages: [
    copy(writeCameras([entry, { ...entry, name: "yard" }])),
    copy(m.writeStream({ ...header, width: 640, height: 480, jpegHeader: new Uint8Array() })),
    copy(m.writeStream({ ...header, width: 64, height: 48, jpegHeader: new Uint8Array(300).fill(7) })),
    writePicture(1, stamps, new Uint8Array(500).fill(9)),
    copy(
      m.writeTiles({
        ...stamps,
        frameNumber: 2,
        isLast: true,
        tiles: listOf(Array.from({ length: 9 }, (_, tile) => ({ number: 3 * tile, bytes: new Uint8Array(20 + tile) }))),
      }),
    ),
    copy(m.writeNotice({ trouble: true, text: "the camera is unplugged", lastedMicros: 5 })),
    copy(m.writePing({ sentAt: 5 })),
    copy(m.writePong({ sentAt: 5, receivedAt: 6, repliedAt: 7 })),
    copy(
      writeControls({ areSettable: true, trouble: "", controls: [{ ...control, items: [{ value: 1, label: "on" }] }] }),
    ),
    copy(writeControlSet({ isDone: false, text: "no" })),
    copy(writeClipPart({ outcome: "part", text: "", bytes: new Uint8Array(9) })),
    copy(writeMotion({ ...EVENT, phase: "update", zones: ["path", "door"] })),
    copy(writeRoute(["0102030405060708"])),
    CHALLENGE,
  ],
};

const VIEWER_WITH_KEY: Side = { ...VIEWER, open: () => openViewer(KEY), greeting: CHALLENGE };

const SIDES = [SERVER, SERVER_WITH_KEY, VIEWER, VIEWER_WITH_KEY];

const BOUNDARIES = [0, 1, 2, 127, 128, 254, 255];

/** Returns a message. One in eight is changed. */
function mutate(message: Uint8Array, random: Random): Uint8Array {
  const bytes = Buffer.from(message);
  if (random() < 7 / 8) return bytes;
  const below = (limit: number) => Math.floor(random() * limit);
  const anyByte = () => (random() < 0.5 ? below(256) : (BOUNDARIES[below(BOUNDARIES.length)] as number));
  for (let change = below(4); change >= 0; change--) {
    switch (below(6)) {
      case 0: // changes any byte
        bytes[below(bytes.length)] = anyByte();
        break;
      case 1: // changes the type
        bytes[4] = random() < 0.7 ? below(14) : anyByte();
        break;
      case 2: // changes the length
        bytes.writeUInt32LE(random() < 0.7 ? below(2 * bytes.length) : below(2 ** 32), 0);
        break;
      case 3: {
        // cuts the body, with the right length
        const cut = bytes.subarray(0, 5 + below(bytes.length - 4));
        cut.writeUInt32LE(Math.max(1, cut.length - 4), 0);
        return cut;
      }
      case 4: {
        // makes the body longer, with the right length
        const longer = Buffer.concat([bytes, Buffer.alloc(1 + below(40), anyByte())]);
        longer.writeUInt32LE(longer.length - 4, 0);
        return longer;
      }
      default: // changes a run of bytes
        bytes.fill(anyByte(), below(bytes.length), bytes.length);
    }
  }
  return bytes;
}

/** Sends `count` messages, half of them to each side. */
export async function fuzzWire({ count, seed }: { count: number; seed: number }): Promise<WireFuzzResult> {
  const random = randomSequence(seed);
  const result: WireFuzzResult = { messages: 0, connections: 0, goodbyes: 0, proven: 0, findings: [] };
  while (result.messages < count && result.findings.length < 10) {
    fuzzConnection(random, result);
    if (result.connections % 100 === 0) await Bun.sleep(0); // answers are sent, and timers of ended connections run out
  }
  return result;
}

/** Runs one connection to its end or to 200 messages. */
function fuzzConnection(random: Random, result: WireFuzzResult): void {
  const side = SIDES[Math.floor(random() * SIDES.length)] as Side;
  const end = side.open();
  result.connections++;
  const greeting = random() < 0.9 ? side.greeting : mutate(side.greeting, random);
  let bytes: Uint8Array = greeting;
  for (let turn = 0; turn < 200 && !end.isClosed(); turn++) {
    result.messages++;
    // One chunk may have several messages, and one message several chunks.
    while (bytes.length > 0) {
      const chunk = bytes.subarray(0, random() < 0.3 ? 1 + Math.floor(random() * bytes.length) : bytes.length);
      bytes = bytes.subarray(chunk.length);
      try {
        end.events.receive(chunk);
        if (random() < 0.05) end.events.drained();
      } catch (error) {
        result.findings.push({ error, chunk });
        end.close();
        return;
      }
    }
    const message =
      end.answer() ??
      (random() < 0.01 ? GOODBYE : (side.messages[Math.floor(random() * side.messages.length)] as Uint8Array));
    bytes = mutate(message, random);
    if (random() < 0.1) bytes = Buffer.concat([bytes, mutate(side.greeting, random)]);
  }
  if (end.isClosed()) result.goodbyes++;
  if (end.hasProven()) result.proven++;
  end.close();
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { count: { type: "string", default: "1000000" }, seed: { type: "string", default: "1" } },
  });
  const started = performance.now();
  const memory = async () => {
    await Bun.sleep(1_500); // an ended connection waits a second until its Goodbye is read
    Bun.gc(true);
    return process.memoryUsage().rss;
  };
  const count = Number(values.count);
  const seed = Number(values.seed);
  await fuzzWire({ count: Math.min(count, 50_000), seed });
  const before = await memory();
  const { messages, connections, goodbyes, proven, findings } = await fuzzWire({ count, seed });
  const growth = (await memory()) / before;
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(
    `${messages} messages in ${connections} connections (${goodbyes} ended by a Goodbye, ${proven} with a key) in ${seconds} s`,
  );
  console.log(
    `memory ${(before / 2 ** 20).toFixed(0)} MiB, × ${growth.toFixed(2)} at the end; ${findings.length} findings`,
  );
  for (const { error, chunk } of findings) console.log(error, Buffer.from(chunk).toString("hex").slice(0, 200));
  process.exit(findings.length > 0 || growth > 1.5 ? 1 : 0);
}
