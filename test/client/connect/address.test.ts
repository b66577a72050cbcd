// Addresses of servers: parsing and formatting.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { formatAddress, parseAddress } from "../../../src/client/connect/address.ts";
import { UsageError } from "../../../src/core/errors.ts";

describe("parseAddress", () => {
  test.each([
    ["camera", { host: "camera", port: 10050 }],
    ["camera.local:8080", { host: "camera.local", port: 8080 }],
    ["192.168.0.7", { host: "192.168.0.7", port: 10050 }],
    ["192.168.0.7:1", { host: "192.168.0.7", port: 1 }],
    ["[::1]", { host: "::1", port: 10050 }],
    ["[2001:db8::7]:65535", { host: "2001:db8::7", port: 65535 }],
    ["[fe80::1%eth0]:5", { host: "fe80::1%eth0", port: 5 }],
    ["[::ffff:10.0.0.1]", { host: "::ffff:10.0.0.1", port: 10050 }],
    ["bücher.example", { host: "bücher.example", port: 10050 }],
  ])("parseAddress: reads %j", (text, address) => {
    expect(parseAddress(text)).toEqual({ ...address, camera: "" });
  });

  test.each([
    ["camera/door", { host: "camera", port: 10050, camera: "door" }],
    ["camera:1/front door", { host: "camera", port: 1, camera: "front door" }],
    ["[::1]:5//dev/video0", { host: "::1", port: 5, camera: "/dev/video0" }],
    ["camera/", { host: "camera", port: 10050, camera: "" }],
  ])("parseAddress: reads the camera of %j", (text, address) => {
    expect(parseAddress(text)).toEqual(address);
  });

  test("parseAddress: refuses a name that is too long for a camera", () => {
    expect(parseAddress(`a/${"é".repeat(32)}`).camera.length).toBe(32);
    expect(() => parseAddress(`a/${"é".repeat(32)}x`)).toThrow(/is too long for the name of a camera/);
  });

  test.each(
    [
      ["", " ", ":", ":10050", "host:", "host:0", "host:65536", "host:99999999", "host:-1", "host:1.5", "host:port"],
      [
        "::1",
        "::1:10050",
        "[]",
        "[::1",
        "::1]",
        "[::1]:",
        "[::1]10050",
        "[::1]:0",
        "a b",
        "host :1",
        "host: 1",
        "host:1 ",
      ],
      ["http://host", "/door", "host:/door", "host:1:2", "host/a\nb", "[[::1]]", "host\n", "[::1]\n"],
    ].flat(),
  )("parseAddress: refuses %j and says how to write an address", (text) => {
    expect(() => parseAddress(text)).toThrow(UsageError);
    expect(() => parseAddress(text)).toThrow(/HOST:PORT/);
  });

  test("parseAddress: returns an address with a usable port or throws UsageError, for any text", () => {
    const near = fc.array(fc.constantFrom("a", "1", ".", ":", "[", "]", "%", "-", " ", "/", "65535"), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          near.map((parts) => parts.join("")),
        ),
        (text) => {
          try {
            const { host, port, camera } = parseAddress(text);
            expect(text.endsWith(camera)).toBe(true);
            expect(host.length).toBeGreaterThan(0);
            expect(host).not.toMatch(/[\s/[\]]/);
            expect(Number.isInteger(port) && port >= 1 && port <= 65535).toBe(true);
          } catch (error) {
            expect(error).toBeInstanceOf(UsageError);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe("formatAddress", () => {
  test("formatAddress: parseAddress returns the same address", () => {
    const name = fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,20}$/);
    const host = fc.oneof(name, fc.ipV4(), fc.ipV6());
    fc.assert(
      fc.property(
        host,
        fc.integer({ min: 1, max: 65535 }),
        fc.stringMatching(/^[^\n]{0,12}$/),
        (each, port, camera) => {
          expect(parseAddress(formatAddress({ host: each, port, camera }))).toEqual({ host: each, port, camera });
        },
      ),
    );
  });

  test("formatAddress: puts IPv6 addresses into brackets, and no others", () => {
    expect(formatAddress({ host: "::1", port: 5, camera: "" })).toBe("[::1]:5");
    expect(formatAddress({ host: "10.0.0.1", port: 5, camera: "" })).toBe("10.0.0.1:5");
  });
});
