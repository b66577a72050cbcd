// The wire, byte by byte: the bytes of every message are written by hand from the specification in wire.ts, and tested in both directions.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ProtocolError } from "../../src/core/errors.ts";
import { printable } from "../../src/core/printable.ts";
import { readCameras, writeCameras } from "../../src/protocol/cameras.ts";
import { readClipAsked, readClipPart, writeClipAsked, writeClipPart } from "../../src/protocol/clip.ts";
import {
  readControlSet,
  readControls,
  readSetControl,
  writeControlSet,
  writeControls,
  writeControlsAsked,
  writeSetControl,
} from "../../src/protocol/controls.ts";
import {
  readGoodbye,
  readGreetingVersion,
  readHello,
  readWelcome,
  writeGoodbye,
  writeHello,
  writeWelcome,
} from "../../src/protocol/greeting.ts";
import { readChallenge, readProof, writeChallenge, writeProof } from "../../src/protocol/handshake.ts";
import * as m from "../../src/protocol/messages.ts";
import { type Motion, readMotion, writeMotion } from "../../src/protocol/motion.ts";
import { readRoute, writeRoute } from "../../src/protocol/route.ts";
import { NO_TILES } from "../../src/protocol/tile-list.ts";
import { MAX_CAMERA_NAME_BYTES, MAX_CAMERAS, MAX_MOTION_ZONES, MAX_ZONE_NAME_BYTES } from "../../src/protocol/wire.ts";
import { writePicture } from "../support/whole-pictures.ts";

interface Golden {
  name: string;
  write: () => Uint8Array;
  read: (body: Uint8Array) => unknown;
  value: unknown;
  /** Length and type, then the fields in their order. */
  hex: string;
  /** The field whose bytes extend to the end of the message, so bytes after the fields belong to it. */
  openEnd?: "jpeg" | "bytes";
  /** The length of the body in older versions, which must be readable too. */
  olderBytes?: number;
  /** The last field is left out, so bytes that follow would be read as that field. */
  hasNoLastField?: true;
}

const JPEG = [0xff, 0xd8, 0xff, 0xd9];
const STAMPS = { capturedAt: 0x01_02030405, encodedAt: 0x1f_ffff_ffff_ffff, sentAt: 1 };
const hello = { version: 2, software: "slip 1", camera: "Tür", paused: true, canProve: false };
const cameras = [
  { name: "Tür", hasEnded: false, width: 640, height: 360, framesPerSecond: 29.97 },
  { name: "b", hasEnded: true, width: 0, height: 0, framesPerSecond: 0 },
];
const welcome = { version: 2, software: "a", sourceName: "Kamera·1" };
const integer = { name: "ü", kind: "integer" as const, min: -64, max: 64, step: 1, default: 0, value: -1, items: [] };
const menu = {
  name: "abb",
  kind: "menu" as const,
  min: 1,
  max: 3,
  step: 1,
  default: 3,
  value: 1,
  items: [
    { value: 1, label: "On" },
    { value: 3, label: "Off" },
  ],
};
const controls = { areSettable: true, trouble: "", controls: [integer, menu] };
const goodbye = { reason: 3, text: "end" };
const stream = {
  width: 640,
  height: 360,
  framesPerSecond: 29.97,
  codec: "jsquash",
  quality: 75,
  sourceWidth: 1280,
  sourceHeight: 720,
  jpegHeader: new Uint8Array([0xff, 0xd8]),
};
const tiles = {
  ...STAMPS,
  frameNumber: 9,
  isLast: true,
  tiles: {
    numbers: new Uint32Array([1, 2, 132]),
    lengths: new Uint32Array([1, 0, 2]),
    chunks: [new Uint8Array([0xaa, 0xbb, 0xcc])],
  },
};
const olderAck: m.Ack = { frameNumber: 7, outcome: "shown", transferMicros: 1000, workMicros: 65536, paceMicros: 255 };
const droppedAck: m.Ack = { ...olderAck, outcome: "dropped" };
const ack: m.Ack = { ...olderAck, showMicros: 258 };
const motion: Motion = {
  ...{ phase: "update", number: 7, startedAt: 0x01_02030405, movedAt: 0x1f_ffff_ffff_ffff, sentAt: 1 },
  ...{ area: 0x1234 / 0xffff, height: { area: 1, at: 2 ** 32 } },
  box: { x: 0, y: 0x1000 / 0xffff, width: 1, height: 0x1000 / 0xffff },
  moving: { x: 0x0102 / 0xffff, y: 0, width: 0x0100 / 0xffff, height: 2 / 0xffff },
  zones: ["Tür", ""],
};
const stillMotion: Motion = { ...motion, phase: "end", area: 0, moving: null, zones: [] };
const pong = { sentAt: 5, receivedAt: 2 ** 32, repliedAt: 2 ** 32 + 1 };

/** 32 bytes that count up. */
const nonceFrom = (first: number) => Uint8Array.from({ length: 32 }, (_, index) => first + index);
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

const GOLDEN: Golden[] = [
  {
    name: "Hello",
    write: () => writeHello(hello),
    read: readHello,
    value: hello,
    hex: "15000000 01 534c4950 02 0600 736c69702031 0400 54c3bc72 01",
    olderBytes: 13,
  },
  {
    name: "Welcome",
    write: () => writeWelcome(welcome),
    read: readWelcome,
    value: welcome,
    hex: "14000000 02 534c4950 02 0100 61 0900 4b616d657261c2b731",
    hasNoLastField: true,
  },
  {
    name: "Hello of a viewer that can prove a key",
    write: () => writeHello({ ...hello, paused: false, canProve: true }),
    read: readHello,
    value: { ...hello, paused: false, canProve: true },
    hex: "15000000 01 534c4950 02 0600 736c69702031 0400 54c3bc72 02",
    olderBytes: 13,
  },
  {
    name: "Challenge",
    write: () => writeChallenge({ scheme: 1, nonce: nonceFrom(0x10) }),
    read: readChallenge,
    value: { scheme: 1, nonce: nonceFrom(0x10) },
    hex: `22000000 0c 01 ${hexOf(nonceFrom(0x10))}`,
  },
  {
    name: "Proof",
    write: () => writeProof({ keyId: nonceFrom(0x10).subarray(0, 8), nonce: nonceFrom(0x40), proof: nonceFrom(0x80) }),
    read: readProof,
    value: { keyId: nonceFrom(0x10).slice(0, 8), nonce: nonceFrom(0x40), proof: nonceFrom(0x80) },
    hex: `49000000 0d 1011121314151617 ${hexOf(nonceFrom(0x40))} ${hexOf(nonceFrom(0x80))}`,
  },
  {
    name: "Welcome after a Proof",
    write: () => writeWelcome({ ...welcome, serverProof: nonceFrom(0x20) }),
    read: readWelcome,
    value: { ...welcome, serverProof: nonceFrom(0x20) },
    hex: `34000000 02 534c4950 02 0100 61 0900 4b616d657261c2b731 ${hexOf(nonceFrom(0x20))}`,
    olderBytes: 19,
  },
  {
    name: "Goodbye",
    write: () => writeGoodbye(goodbye),
    read: readGoodbye,
    value: goodbye,
    hex: "07000000 03 03 0300 656e64",
  },
  {
    name: "Stream",
    write: () => m.writeStream(stream),
    read: m.readStream,
    value: stream,
    hex: "1b000000 04 8002 6801 12750000 0700 6a737175617368 4b 0005 d002 0200 ffd8",
  },
  {
    name: "Picture",
    write: () => writePicture(0x0a0b0c0d, STAMPS, new Uint8Array(JPEG)),
    read: m.readPicture,
    value: { frameNumber: 0x0a0b0c0d, ...STAMPS, jpeg: new Uint8Array(JPEG) },
    hex: "21000000 05 0d0c0b0a 0504030201000000 ffffffffffff1f00 0100000000000000 ffd8ffd9",
    openEnd: "jpeg",
  },
  {
    name: "Ack, shown",
    write: () => m.writeAck(ack),
    read: m.readAck,
    value: ack,
    hex: "16000000 06 07000000 00 e8030000 00000100 ff000000 02010000",
    olderBytes: 17,
  },
  {
    name: "Ack of an older viewer",
    write: () => m.writeAck(olderAck),
    read: m.readAck,
    value: olderAck,
    hex: "12000000 06 07000000 00 e8030000 00000100 ff000000",
    hasNoLastField: true,
  },
  {
    name: "Ack, dropped",
    write: () => m.writeAck(droppedAck),
    read: m.readAck,
    value: droppedAck,
    hex: "12000000 06 07000000 01 e8030000 00000100 ff000000",
    hasNoLastField: true,
  },
  {
    name: "Ping",
    write: () => m.writePing({ sentAt: 0x0102_0304_0506 }),
    read: m.readPing,
    value: { sentAt: 0x0102_0304_0506 },
    hex: "09000000 07 0605040302010000",
  },
  {
    name: "Pong",
    write: () => m.writePong(pong),
    read: m.readPong,
    value: pong,
    hex: "19000000 08 0500000000000000 0000000001000000 0100000001000000",
  },
  {
    name: "Wish, paused",
    write: () => m.writeWish({ paused: true, keepsSize: true, width: 640, height: 360 }),
    read: m.readWish,
    value: { paused: true, keepsSize: true, width: 640, height: 360 },
    hex: "06000000 09 03 8002 6801",
  },
  {
    name: "Wish, going on",
    write: () => m.writeWish({ paused: false, keepsSize: false, width: 0, height: 0 }),
    read: m.readWish,
    value: { paused: false, keepsSize: false, width: 0, height: 0 },
    hex: "06000000 09 00 0000 0000",
  },
  {
    name: "Notice, trouble",
    write: () => m.writeNotice({ trouble: true, text: "ü", lastedMicros: 0x0102_0304 * 1000 }),
    read: m.readNotice,
    value: { trouble: true, text: "ü", lastedMicros: 0x0102_0304 * 1000 },
    hex: "0a000000 0a 01 0200 c3bc 04030201",
    olderBytes: 5,
  },
  {
    name: "Notice, all is well",
    write: () => m.writeNotice({ trouble: false, text: "", lastedMicros: 0 }),
    read: m.readNotice,
    value: { trouble: false, text: "", lastedMicros: 0 },
    hex: "08000000 0a 00 0000 00000000",
    olderBytes: 3,
  },
  {
    name: "Cameras",
    write: () => writeCameras(cameras),
    read: readCameras,
    value: cameras,
    hex: "1d000000 80 02 0400 54c3bc72 00 8002 6801 12750000 0100 62 01 0000 0000 00000000",
  },
  {
    name: "Cameras, none",
    write: () => writeCameras([]),
    read: readCameras,
    value: [],
    hex: "02000000 80 00",
  },
  {
    name: "ControlsAsked",
    write: () => writeControlsAsked(),
    read: () => ({}),
    value: {},
    hex: "01000000 81",
  },
  {
    name: "Controls",
    write: () => writeControls(controls),
    read: readControls,
    value: controls,
    hex:
      "4e000000 82 01 0000 0200 0200 c3bc 00 c0ffffff 40000000 01000000 00000000 ffffffff 0000" +
      "0300 616262 02 01000000 03000000 01000000 03000000 01000000 0200 01000000 0200 4f6e 03000000 0300 4f6666",
  },
  {
    name: "Controls, not known",
    write: () => writeControls({ areSettable: false, trouble: "why", controls: [] }),
    read: readControls,
    value: { areSettable: false, trouble: "why", controls: [] },
    hex: "09000000 82 00 0300 776879 0000",
  },
  {
    name: "SetControl",
    write: () => writeSetControl({ name: "a", value: "-1" }),
    read: readSetControl,
    value: { name: "a", value: "-1" },
    hex: "08000000 83 0100 61 0200 2d31",
  },
  {
    name: "ControlSet, done",
    write: () => writeControlSet({ isDone: true, text: "" }),
    read: readControlSet,
    value: { isDone: true, text: "" },
    hex: "04000000 84 00 0000",
  },
  {
    name: "ControlSet, refused",
    write: () => writeControlSet({ isDone: false, text: "no" }),
    read: readControlSet,
    value: { isDone: false, text: "no" },
    hex: "06000000 84 01 0200 6e6f",
  },
  {
    name: "ClipAsked",
    write: () => writeClipAsked({ seconds: 30 }),
    read: readClipAsked,
    value: { seconds: 30 },
    hex: "03000000 85 1e00",
  },
  {
    name: "ClipPart",
    write: () => writeClipPart({ outcome: "part", text: "", bytes: new Uint8Array([1, 2]) }),
    read: readClipPart,
    value: { outcome: "part", text: "", bytes: new Uint8Array([1, 2]) },
    hex: "06000000 86 00 0000 0102",
    openEnd: "bytes",
  },
  {
    name: "ClipPart, refused",
    write: () => writeClipPart({ outcome: "refused", text: "no", bytes: new Uint8Array() }),
    read: readClipPart,
    value: { outcome: "refused", text: "no", bytes: new Uint8Array() },
    hex: "06000000 86 02 0200 6e6f",
    openEnd: "bytes",
  },
  {
    name: "Motion",
    write: () => writeMotion(motion),
    read: readMotion,
    value: motion,
    hex:
      "43000000 87 01 07000000 0504030201000000 ffffffffffff1f00 0100000000000000 3412 ffff 0000000001000000 " +
      "0000 0010 ffff 0020 0201 0000 0202 0200 02 0400 54c3bc72 0000",
  },
  {
    name: "Motion, ended",
    write: () => writeMotion(stillMotion),
    read: readMotion,
    value: stillMotion,
    hex:
      "3b000000 87 02 07000000 0504030201000000 ffffffffffff1f00 0100000000000000 0000 ffff 0000000001000000 " +
      "0000 0010 ffff 0020 0000 0000 0000 0000 00",
  },
  {
    name: "Route",
    write: () => writeRoute(["0102030405060708", "fffe000000000001"]),
    read: readRoute,
    value: ["0102030405060708", "fffe000000000001"],
    hex: "12000000 88 02 0102030405060708 fffe000000000001",
  },
  {
    name: "Tiles",
    write: () => m.writeTiles(tiles),
    read: m.readTiles,
    value: tiles,
    hex: "29000000 0b 09000000 0504030201000000 ffffffffffff1f00 0100000000000000 01 03 0101 0000 8101 02 aa bbcc",
  },
  {
    name: "Tiles, a part without any",
    write: () => m.writeTiles({ ...tiles, isLast: false, tiles: NO_TILES }),
    read: m.readTiles,
    value: { ...tiles, isLast: false, tiles: NO_TILES },
    hex: "1f000000 0b 09000000 0504030201000000 ffffffffffff1f00 0100000000000000 00 00",
  },
];

const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));
const bodyOf = (golden: Golden): Uint8Array => bytesOf(golden.hex).subarray(5);

function openBytesOf({ openEnd, value }: Golden): Uint8Array {
  return openEnd === undefined ? new Uint8Array() : (value as Record<typeof openEnd, Uint8Array>)[openEnd];
}

describe.each(GOLDEN)("$name", (golden) => {
  test(`${golden.name}: is written as specified`, () => {
    expect(Buffer.from(golden.write()).toString("hex")).toBe(golden.hex.replaceAll(" ", ""));
  });

  test(`${golden.name}: reads the values that were written`, () => {
    expect(golden.read(bodyOf(golden))).toEqual(golden.value);
  });

  test(`${golden.name}: can be read at any address in memory`, () => {
    const around = Buffer.concat([Buffer.from([9, 9, 9]), bodyOf(golden), Buffer.from([9])]);
    expect(golden.read(around.subarray(3, around.length - 1))).toEqual(golden.value);
  });

  const testLater = golden.hasNoLastField ? () => undefined : test;
  testLater(`${golden.name}: fields that a later version adds are ignored`, () => {
    const longer = Buffer.concat([bodyOf(golden), Buffer.from([1, 2, 3])]);
    if (golden.openEnd !== undefined) {
      const open = new Uint8Array([...openBytesOf(golden), 1, 2, 3]);
      expect(golden.read(longer)).toEqual({ ...(golden.value as object), [golden.openEnd]: open });
    } else {
      expect(golden.read(longer)).toEqual(golden.value);
    }
  });

  test(`${golden.name}: a message that ends within its fields is refused`, () => {
    const body = bodyOf(golden);
    const fieldBytes = body.length - openBytesOf(golden).length;
    for (let length = 0; length < fieldBytes; length++) {
      if (length === golden.olderBytes) continue;
      expect(() => golden.read(body.subarray(0, length))).toThrow(ProtocolError);
    }
  });
});

describe("strings within messages", () => {
  const text = fc.string({ unit: "binary", maxLength: 700 });

  test("MessageWriter: cuts long strings between characters", () => {
    fc.assert(
      fc.property(text, (long) => {
        const wellFormed = printable(long.toWellFormed());
        const { text: read } = readGoodbye(writeGoodbye({ reason: 0, text: wellFormed }).subarray(5));
        expect(wellFormed.startsWith(read)).toBe(true);
        expect(read.isWellFormed()).toBe(true);
        expect(Buffer.byteLength(read)).toBeLessThanOrEqual(200);
        const next = [...wellFormed.slice(read.length)][0];
        if (next !== undefined) expect(Buffer.byteLength(read + next)).toBeGreaterThan(200);
      }),
    );
  });

  test("greeting: has at most 256 bytes with any texts", () => {
    fc.assert(
      fc.property(text, text, (software, sourceName) => {
        expect(writeHello({ version: 1, software, camera: sourceName, paused: true }).length).toBeLessThanOrEqual(260);
        const serverProof = new Uint8Array(32);
        expect(writeWelcome({ version: 1, software, sourceName, serverProof }).length).toBeLessThanOrEqual(260);
        expect(writeGoodbye({ reason: 1, text: software }).length).toBeLessThanOrEqual(260);
      }),
    );
  });

  test("BodyReader: refuses a string that is not UTF-8", () => {
    expect(() => readGoodbye(bytesOf("00 0200 c328"))).toThrow(ProtocolError);
    expect(() => m.readNotice(bytesOf("00 0100 ff"))).toThrow(ProtocolError);
  });
});

describe("values out of range in messages", () => {
  test("readGreetingVersion: reads the version whatever follows it", () => {
    expect(readGreetingVersion(bytesOf("534c4950 03"))).toBe(3);
    expect(readGreetingVersion(bytesOf("534c4950 ff ffff"))).toBe(255);
  });

  test("Hello: a Hello without a camera, as older viewers send it, means the first camera", () => {
    const older = bodyOf(GOLDEN[0] as Golden).subarray(0, 13);
    expect(readHello(older)).toEqual({ version: 2, software: "slip 1", camera: "", paused: false, canProve: false });
  });

  test("Cameras: the largest number of cameras with the longest names fits; more are refused", () => {
    const camera = { name: "x".repeat(MAX_CAMERA_NAME_BYTES), hasEnded: false, width: 1, height: 1 };
    const all = Array.from({ length: MAX_CAMERAS }, () => ({ ...camera, framesPerSecond: 1 }));
    const bytes = writeCameras(all);
    expect(readCameras(bytes.subarray(5))).toEqual(all);
    bytes[5] = MAX_CAMERAS + 1;
    expect(() => readCameras(bytes.subarray(5))).toThrow(/announces 65/);
  });

  test("Controls: unknown kinds and too many controls are refused, and not written", () => {
    const body = writeControls({ areSettable: true, trouble: "", controls: [integer] }).subarray(5);
    expect(() => readControls(body.with(9, 3))).toThrow(/whose kind is unknown/);
    expect(() => readControls(body.with(4, 2))).toThrow(/announces 513/);
    const items = Array.from({ length: 300 }, (_, value) => ({ value, label: "x".repeat(100) }));
    const name = "y".repeat(100);
    const many = Array.from({ length: 300 }, () => ({ ...integer, name, value: 2 ** 40, min: -(2 ** 40), items }));
    const read = readControls(
      writeControls({ areSettable: true, trouble: name.repeat(3), controls: many }).subarray(5),
    );
    expect(read.controls.length).toBe(256);
    expect(read.controls[255]).toMatchObject({ name: "y".repeat(64), value: 2 ** 31 - 1, min: -(2 ** 31) });
    expect(read.controls[255]?.items.length).toBe(256);
  });

  test("Motion: the most zones with the longest names fit; more are not written, and refused", () => {
    const zones = Array.from({ length: MAX_MOTION_ZONES + 1 }, () => "x".repeat(MAX_ZONE_NAME_BYTES));
    const body = writeMotion({ ...motion, zones: [...zones, "y"] }).slice(5);
    expect(readMotion(body)).toEqual({ ...motion, zones: zones.slice(1) });
    const counts = body.length - (2 + MAX_ZONE_NAME_BYTES) * MAX_MOTION_ZONES - 1;
    expect(() => readMotion(body.with(counts, MAX_MOTION_ZONES + 1))).toThrow(/announces 17/);
    expect(() => readMotion(body.with(0, 3))).toThrow(/phase that is unknown/);
  });

  test("Motion: shares and boxes that leave the picture are cut, and edges in the wrong order have no area", () => {
    const beyond = { x: -1, y: 0.5, width: 9, height: 9 };
    const read = readMotion(writeMotion({ ...motion, area: 7, box: beyond, moving: beyond }).slice(5));
    const half = 0x8000 / 0xffff;
    expect(read.area).toBe(1);
    expect(read.box).toEqual({ x: 0, y: half, width: 1, height: 0x7fff / 0xffff });
    expect(read.moving).toEqual(read.box);
    const turned = { x: 0.6, y: 0.6, width: -0.2, height: 0.1 };
    expect(readMotion(writeMotion({ ...motion, moving: turned }).slice(5)).moving).toBeNull();
  });

  test("greeting: another magic is refused", () => {
    expect(() => readGreetingVersion(bytesOf("50494c53 01 0000"))).toThrow(ProtocolError);
    expect(() => readHello(bytesOf("50494c53 01 0000"))).toThrow(ProtocolError);
    expect(() => readWelcome(Buffer.from("HTTP/1.1 400 Bad Request"))).toThrow(ProtocolError);
  });

  test.each(["0000 d002", "0005 0000", "0120 d002", "0005 0120"])("Stream: the size %s is refused", (size) => {
    expect(() => m.readStream(bytesOf(`${size} 00000000 0000`))).toThrow(ProtocolError);
  });

  test("Stream: the reader returns a copy of the JPEG header, even for a Buffer", () => {
    const body = Buffer.from(m.writeStream(stream).subarray(5));
    const read = m.readStream(body);
    body.fill(0);
    expect(read.jpegHeader).toEqual(stream.jpegHeader);
  });

  test("Tiles: long varints, more tiles than bytes and too large tile numbers are refused", () => {
    const head = bodyOf(GOLDEN.at(-1) as Golden).subarray(0, 29);
    const withList = (list: string) => Buffer.concat([head, bytesOf(list)]);
    expect(() => m.readTiles(withList("808080808001"))).toThrow(/varint/);
    expect(() => m.readTiles(withList("ffffffff0f"))).toThrow(/announces/);
    expect(() => m.readTiles(withList("01 80808008 00"))).toThrow(/tile number/);
  });

  test("BodyReader: refuses 64-bit numbers from 2^53 on", () => {
    expect(m.readPing(bytesOf("ffffffffffff1f00"))).toEqual({ sentAt: Number.MAX_SAFE_INTEGER });
    expect(() => m.readPing(bytesOf("0000000000002000"))).toThrow(ProtocolError);
    expect(() => m.readPong(bytesOf("0100000000000000 0100000000000000 ffffffffffffffff"))).toThrow(ProtocolError);
  });

  test("Ack: durations are rounded and limited to 32 bits", () => {
    const read = m.readAck(m.writeAck({ ...ack, transferMicros: -5, workMicros: 1e12, paceMicros: 3.6 }).subarray(5));
    expect(read).toEqual({ ...ack, transferMicros: 0, workMicros: 0xffff_ffff, paceMicros: 4 });
  });

  test("messages: random bodies are read or refused with a ProtocolError", () => {
    fc.assert(
      fc.property(fc.constantFrom(...GOLDEN), fc.uint8Array({ maxLength: 60 }), (golden, body) => {
        try {
          expect(golden.read(body)).toBeObject();
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
