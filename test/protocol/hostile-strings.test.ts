// Strings of a hostile peer: the readers of messages remove control characters and line breaks.

import { expect, test } from "bun:test";
import { MessageWriter } from "../../src/protocol/bytes.ts";
import { readCameras, writeCameras } from "../../src/protocol/cameras.ts";
import * as c from "../../src/protocol/controls.ts";
import {
  readGoodbye,
  readHello,
  readWelcome,
  writeGoodbye,
  writeHello,
  writeWelcome,
} from "../../src/protocol/greeting.ts";
import * as m from "../../src/protocol/messages.ts";
import { type Motion, readMotion, writeMotion } from "../../src/protocol/motion.ts";
import { MessageType } from "../../src/protocol/wire.ts";

/** ESC, BEL, the one-byte CSI (C1), four kinds of line break, a change of writing direction, DEL and NUL. */
const HOSTILE = "\u001b]0;a\u0007b\u009b2Jc\r\n12:00:00 d\u0085e\u2028f\u202eg\u007f\0";
const READ = "]0;ab2Jc12:00:00 defg";

const numbers = { min: 1, max: 3, step: 1, default: 3, value: 1 };
const control = { name: HOSTILE, kind: "menu" as const, ...numbers, items: [{ value: 1, label: HOSTILE }] };
const camera = { name: HOSTILE, hasEnded: false, width: 0, height: 0, framesPerSecond: 0 };
const stream = { width: 16, height: 16, framesPerSecond: 1, codec: HOSTILE, quality: 1 };
const source = { sourceWidth: 16, sourceHeight: 16, jpegHeader: new Uint8Array() };

const nowhere = { x: 0, y: 0, width: 0, height: 0 };
const motion: Motion = {
  ...{ phase: "start", number: 1, startedAt: 1, movedAt: 1, sentAt: 1, area: 0, height: { area: 0, at: 1 } },
  ...{ box: nowhere, moving: null, zones: [HOSTILE, HOSTILE] },
};

const messages: [string, Uint8Array, (body: Uint8Array) => unknown][] = [
  ["Hello", writeHello({ version: 2, software: HOSTILE, camera: HOSTILE, paused: false }), readHello],
  ["Welcome", writeWelcome({ version: 2, software: HOSTILE, sourceName: HOSTILE }), readWelcome],
  ["Goodbye", writeGoodbye({ reason: 0, text: HOSTILE }), readGoodbye],
  ["Stream", m.writeStream({ ...stream, ...source }), m.readStream],
  ["Notice", m.writeNotice({ trouble: true, text: HOSTILE, lastedMicros: 0 }), m.readNotice],
  ["Cameras", writeCameras([camera]), readCameras],
  ["Motion", writeMotion(motion), readMotion],
  ["Controls", c.writeControls({ areSettable: true, trouble: HOSTILE, controls: [control] }), c.readControls],
  ["SetControl", c.writeSetControl({ name: HOSTILE, value: HOSTILE }), c.readSetControl],
  ["ControlSet", c.writeControlSet({ isDone: false, text: HOSTILE }), c.readControlSet],
];

test.each(messages)("%s: control characters in its strings are removed", (_, message, read) => {
  const texts: string[] = [];
  JSON.stringify(read(message.subarray(5)), (_key, value: unknown) => {
    if (typeof value === "string" && value !== "menu" && value !== "start") texts.push(value);
    return value;
  });
  expect(texts.length).toBeGreaterThan(0);
  for (const text of texts) expect(text).toBe(READ);
});

test("BodyReader: cuts a string that exceeds its limit", () => {
  const long = new MessageWriter(MessageType.goodbye, 4096).u8(0).string("x".repeat(3000), 3000).finish();
  expect(readGoodbye(long.subarray(5)).text).toBe("x".repeat(400));
});

test("BodyReader: keeps letters of all scripts, and zero-width joiners", () => {
  for (const text of ["Tür", "カメラ", "می‌خواهم", "👩‍🔬"]) {
    expect(readGoodbye(writeGoodbye({ reason: 0, text }).subarray(5)).text).toBe(text);
  }
});
