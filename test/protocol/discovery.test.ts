// The TXT record of a server: any name fits into what DNS allows, and control characters are removed.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readServiceText, writeServiceText } from "../../src/protocol/discovery.ts";

const bytes = (texts: readonly string[]) => texts.map((text) => Buffer.from(text));

describe("TXT record", () => {
  test("TXT record: is read as written, and cut to what DNS allows", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 300 }), fc.nat(), (name, wire) => {
        const strings = bytes(writeServiceText({ name, wire }));
        for (const each of strings) expect(each.length).toBeLessThanOrEqual(255);
        const read = readServiceText(strings);
        expect(read.wire).toBe(wire);
        if (/^[\x20-\x7e]{0,100}$/.test(name)) expect(read.name).toBe(name);
      }),
    );
  });

  test("TXT record: control characters and values that are no numbers are removed", () => {
    const strings = ["name=\u001b]0;owned\u0007cam\u202Eera\r\n\u009b2J", "wire=1e999", "other=1"];
    expect(readServiceText(bytes(strings))).toEqual({ name: "]0;ownedcamera2J", wire: 0 });
    expect(readServiceText(bytes([]))).toEqual({ name: "", wire: 0 });
    expect(readServiceText([new Uint8Array([0xff, 0xfe])])).toEqual({ name: "", wire: 0 });
  });
});
