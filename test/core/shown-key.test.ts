// withoutKeys: it removes keys from shown text, and changes no other text.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { looksLikeKey, withoutKeys } from "../../src/core/shown-key.ts";

describe("withoutKeys: text with and without keys", () => {
  test.each([
    ["error: unknown host: k7qf-2mzd-9x4t-b0hn-5rwv", "error: unknown host: …"],
    ["'slips://K7QF-2MZD-9X4T-B0HN-5RWV' is not an address", "'slips://…' is not an address"],
    ["k7qf2mzd9x4tb0hn5rwv@camera:1", "…@camera:1"],
    ["k7qf–2mzd–9x4t–b0hn–5rwv", "…"],
    ["camera.local:10050 and 192.168.100.200", "camera.local:10050 and 192.168.100.200"],
    ["kitchen-and-living-room-camera-2", "kitchen-and-living-room-camera-2"],
    ["cannot read /tmp/slipstream-keys-17SVs2/key-file", "cannot read /tmp/slipstream-keys-17SVs2/key-file"],
    ["0123-4567-89ab-cdef", "0123-4567-89ab-cdef"],
    ["the certificate has changed: sha256:8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4", null],
    ["the key was SHA256:uIdgbqD+k7qf2mzd9x4tb0hn5rwv/vh52zA6sTqeeKs and is another now", null],
  ])("withoutKeys: the shown text is right for %j", (text, shown) => {
    expect(withoutKeys(text)).toBe(shown ?? text);
  });

  test("withoutKeys: removes random keys in any form", () => {
    const digit = fc.constantFrom(..."0123456789abcdefghjkmnpqrstvwxyz");
    const random = fc.array(digit, { minLength: 20, maxLength: 20 }).map((digits) => digits.join(""));
    fc.assert(
      fc.property(random, fc.boolean(), (key, isUpper) => {
        const text = isUpper ? key.toUpperCase() : key;
        const groups = (text.match(/.{4}/g) ?? []).join("-");
        expect(withoutKeys(`before '${groups}' after`)).toBe("before '…' after");
        if (/\d.*\d/.test(text)) {
          expect(looksLikeKey(text)).toBe(true);
          expect(withoutKeys(`before ${text}@after`)).toBe("before …@after");
        }
      }),
    );
  });
});
