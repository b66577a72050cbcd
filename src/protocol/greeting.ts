// The messages that begin and end a connection: Hello, Welcome and Goodbye. Each has an interface, a writer and a reader. wire.ts
// has their layouts.

import { ProtocolError } from "../core/errors.ts";
import { BodyReader, MessageWriter } from "./bytes.ts";
import { type GoodbyeReason, MAGIC, MAX_CAMERA_NAME_BYTES, MessageType, PROOF_BYTES } from "./wire.ts";

/** The bits of Hello's flags. */
const PAUSED = 1;
const CAN_PROVE = 2;

export interface Hello {
  version: number;
  software: string;
  /**
   * The name of a camera, or a part of it that no other camera's name contains. An empty name means the server's first camera.
   */
  camera: string;
  /** True if the viewer wants no pictures before it sends a Wish. */
  paused: boolean;
  /** True if the viewer can answer a Challenge. Default: false. */
  canProve?: boolean;
}

export interface Welcome {
  version: number;
  software: string;
  sourceName: string;
  /**
   * 32 bytes by which the server proves that it knows the viewer's key (proof.ts). They are there only if the viewer has sent
   * Proof.
   */
  serverProof?: Uint8Array;
}

export interface Goodbye {
  /** A GoodbyeReason, or the number of a reason that a later version added. */
  reason: GoodbyeReason | number;
  text: string;
}

/**
 * Reads the version from a Hello or Welcome of any version. Throws ProtocolError if the other side does not speak Slipstream's
 * protocol.
 */
export function readGreetingVersion(body: Uint8Array): number {
  return readMagicAndVersion(new BodyReader(body, "the greeting"));
}

function readMagicAndVersion(reader: BodyReader): number {
  if (reader.u32() !== MAGIC) throw new ProtocolError("the other side does not speak Slipstream's protocol");
  return reader.u8();
}

export function writeHello(hello: Hello): Uint8Array {
  return new MessageWriter(MessageType.hello)
    .u32(MAGIC)
    .u8(hello.version)
    .string(hello.software, 100)
    .string(hello.camera, MAX_CAMERA_NAME_BYTES)
    .u8((hello.paused ? PAUSED : 0) | (hello.canProve ? CAN_PROVE : 0))
    .finish();
}

/** Reads a Hello of this version. Callers check `readGreetingVersion` first. */
export function readHello(body: Uint8Array): Hello {
  const reader = new BodyReader(body, "Hello");
  const version = readMagicAndVersion(reader);
  const software = reader.string();
  // An older viewer sends no camera name.
  if (reader.isAtEnd) return { version, software, camera: "", paused: false, canProve: false };
  const camera = reader.string();
  const flags = reader.u8();
  return { version, software, camera, paused: (flags & PAUSED) !== 0, canProve: (flags & CAN_PROVE) !== 0 };
}

export function writeWelcome(welcome: Welcome): Uint8Array {
  const writer = new MessageWriter(MessageType.welcome)
    .u32(MAGIC)
    .u8(welcome.version)
    .string(welcome.software, 80)
    .string(welcome.sourceName, 100);
  return (welcome.serverProof === undefined ? writer : writer.bytes(welcome.serverProof)).finish();
}

/** Reads a Welcome of this version. Callers check `readGreetingVersion` first. */
export function readWelcome(body: Uint8Array): Welcome {
  const reader = new BodyReader(body, "Welcome");
  const version = readMagicAndVersion(reader);
  const software = reader.string();
  const sourceName = reader.string();
  if (reader.isAtEnd) return { version, software, sourceName };
  return { version, software, sourceName, serverProof: new Uint8Array(reader.bytes(PROOF_BYTES)) };
}

export function writeGoodbye(goodbye: Goodbye): Uint8Array {
  return new MessageWriter(MessageType.goodbye).u8(goodbye.reason).string(goodbye.text).finish();
}

export function readGoodbye(body: Uint8Array): Goodbye {
  const reader = new BodyReader(body, "Goodbye");
  return { reason: reader.u8(), text: reader.string() };
}
