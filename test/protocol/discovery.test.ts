// The TXT record of a server: any name is cut to the length that DNS allows, and control characters are removed.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readServiceText, writeServiceText } from "../../src/protocol/discovery.ts";

const bytes = (texts: readonly string[]) => texts.map((text) => Buffer.from(text));

describe("TXT record: writing and reading", () => {
  test("TXT record: reads the values that were written, and strings have at most 255 bytes", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme", maxLength: 300 }),
        fc.nat(),
        fc.boolean(),
        fc.boolean(),
        fc.oneof(fc.constant(""), fc.stringMatching(/^[0-9a-f]{16}$/)),
        (name, wire, needsKey, usesTls, fingerprint) => {
          const strings = bytes(writeServiceText({ name, wire, needsKey, usesTls, fingerprint }));
          for (const each of strings) expect(each.length).toBeLessThanOrEqual(255);
          const read = readServiceText(strings);
          expect(read).toEqual({ name: read.name, wire, needsKey, usesTls, fingerprint });
          if (/^[\x20-\x7e]{0,100}$/.test(name)) expect(read.name).toBe(name);
        },
      ),
    );
  });

  test("TXT record: control characters are removed, and a version that is not a number reads as 0", () => {
    const strings = ["name=\u001b]0;owned\u0007cam\u202Eera\r\n\u009b2J", "wire=1e999", "other=1"];
    const nothing = { name: "", wire: 0, needsKey: false, usesTls: false, fingerprint: "" };
    expect(readServiceText(bytes(strings))).toEqual({ ...nothing, name: "]0;ownedcamera2J" });
    expect(readServiceText(bytes(["key=yes", "tls=2", "fp=00112233445566zz"]))).toEqual(nothing);
    expect(readServiceText(bytes(["fp=0011223344556677\n"]))).toEqual(nothing);
    expect(readServiceText(bytes([]))).toEqual(nothing);
    expect(readServiceText([new Uint8Array([0xff, 0xfe])])).toEqual(nothing);
  });
});
