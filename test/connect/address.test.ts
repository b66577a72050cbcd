// Addresses of servers: parsing and formatting.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { formatAddress, parseAddress, parseLink } from "../../src/connect/address.ts";
import { UsageError } from "../../src/core/errors.ts";

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

const KEY = "k7qf-2mzd-9x4t-b0hn-5rwv";

/** Returns the error that a function throws. Fails the test if it throws none. */
function errorOf(act: () => unknown): Error {
  try {
    act();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}

describe("parseLink", () => {
  test.each([
    [`slips://${KEY}@camera.local`, { host: "camera.local", port: 10050, camera: "" }, "slips", KEY],
    [`slip://${KEY}@camera:7/door`, { host: "camera", port: 7, camera: "door" }, "slip", KEY],
    [
      `SLIPS://${KEY.toUpperCase()}@[::1]:5/front%20door`,
      { host: "::1", port: 5, camera: "front door" },
      "slips",
      KEY.toUpperCase(),
    ],
    [`  slips://${KEY}@camera/dev/video0\n`, { host: "camera", port: 10050, camera: "dev/video0" }, "slips", KEY],
    [
      "slips://K7QF 2MZD 9X4T BOHN 5RWV@camera",
      { host: "camera", port: 10050, camera: "" },
      "slips",
      "K7QF 2MZD 9X4T BOHN 5RWV",
    ],
    [
      "slips://correct%20horse%40battery@camera/100%",
      { host: "camera", port: 10050, camera: "100%" },
      "slips",
      "correct horse@battery",
    ],
    ["slips://a@b@camera/c@d", { host: "camera", port: 10050, camera: "c@d" }, "slips", "a@b"],
    [`slips://${KEY}@[fe80::1%25eth0]`, { host: "fe80::1%eth0", port: 10050, camera: "" }, "slips", KEY],
    ["slips://camera", { host: "camera", port: 10050, camera: "" }, "slips", null],
    ["slip://camera/door", { host: "camera", port: 10050, camera: "door" }, "slip", null],
    ["camera:7/100%20", { host: "camera", port: 7, camera: "100%20" }, null, null],
  ])("parseLink: reads %j", (text, address, scheme, key) => {
    expect(parseLink(text)).toEqual({ address, scheme, key } as ReturnType<typeof parseLink>);
  });

  test.each([
    `${KEY}@camera`,
    `${KEY}@camera:10050/door`,
    `slips://${KEY}`,
    `slips://${KEY.replaceAll("-", "")}`,
    `slips://${KEY}:10050/door`,
    `slips://${KEY}/camera`,
    KEY,
    KEY.replaceAll("-", ""),
    `http://${KEY}@camera`,
    `slips:${KEY}@camera`,
    `slips:/${KEY}@camera`,
    `slipt://${KEY}@camera`,
    `slips://${KEY}@`,
    `slips://${KEY}@/door`,
    `slips://${KEY}@camera:0`,
    `slips://${KEY}@camera:port`,
    `slips://camera:10050@${KEY}`,
    `slips://${KEY}@camera:${KEY}`,
    `slips://${KEY}@a b`,
    `camera:${KEY}`,
    `slips://@camera/${KEY.repeat(3)}`,
    `slips//${KEY}@camera`,
    `slip:/${KEY}@camera`,
    `slips://part/${KEY}@camera`,
    `slips://${KEY}/part@camera:10050`,
    `slips://camera/${KEY.repeat(3)}`,
  ])("parseLink: refuses %j without quoting the key", (text) => {
    const error = errorOf(() => parseLink(text));
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message.toLowerCase().replaceAll("-", "")).not.toContain(KEY.replaceAll("-", ""));
    expect(error.message).toContain("HOST:PORT");
    expect(error.message).not.toContain("\n");
  });

  test("parseLink: no error quotes a text that may be a key, and each link gives its parts", () => {
    const digit = fc.constantFrom(..."0123456789abcdefghjkmnpqrstvwxyz");
    const key = fc.array(digit, { minLength: 20, maxLength: 20 }).map((digits) => digits.join(""));
    const form = fc.constantFrom<(text: string) => string>(
      (text) => text,
      (text) => text.toUpperCase(),
      (text) => (text.match(/.{4}/g) ?? []).join("-"),
      (text) => (text.match(/.{4}/g) ?? []).join("%20"),
    );
    const host = fc.oneof(fc.stringMatching(/^[a-z][a-z.]{0,15}$/), fc.ipV4(), fc.ipV6());
    const camera = fc.stringMatching(/^[^\n]{0,12}$/u).filter((text) => text.isWellFormed());
    fc.assert(
      fc.property(key, form, host, fc.integer({ min: 1, max: 65535 }), camera, (secret, write, name, port, door) => {
        const where = formatAddress({ host: name, port, camera: "" });
        const link = parseLink(`slips://${write(secret)}@${where}/${encodeURIComponent(door)}`);
        expect(link.address).toEqual({ host: name, port, camera: door });
        expect((link.key ?? "").toLowerCase().replaceAll(/[- ]/g, "")).toBe(secret);
        expect(formatAddress(link.address).includes(secret)).toBe(false);
      }),
    );
    const near = fc.constantFrom(
      " slips://",
      "/slip:/",
      ":",
      "/",
      "//",
      "@",
      " ",
      "@host/",
      ":1/",
      "%",
      "[::1]",
      "]",
      ".",
    );
    fc.assert(
      fc.property(fc.array(near, { maxLength: 8 }), fc.nat(8), (parts, place) => {
        const text = [...parts.slice(0, place), KEY, ...parts.slice(place)].join("");
        try {
          const { address } = parseLink(text);
          expect(address.host).not.toContain(KEY);
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
          expect((error as Error).message).not.toContain(KEY);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
