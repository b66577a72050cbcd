// carriagesFor: whether a viewer connects with or without TLS, by link, known server and address.

import { describe, expect, test } from "bun:test";
import { asksForTls, carriagesFor, ServerNotTrusted } from "../../src/connect/carriage.ts";
import { writeGoodbye } from "../../src/protocol/greeting.ts";
import { GoodbyeReason } from "../../src/protocol/wire.ts";

const far = { host: "192.0.2.7", port: 10050, camera: "" };
const near = { ...far, host: "127.0.0.1" };

describe("carriagesFor", () => {
  test("carriagesFor: for unknown servers, TLS comes first beyond this machine, and no TLS on it", () => {
    expect(carriagesFor(far, null, null)).toEqual(["tls", "plain"]);
    for (const host of ["127.0.0.1", "::1", "localhost"]) {
      expect(carriagesFor({ ...near, host }, null, null)).toEqual(["plain", "tls"]);
    }
  });

  test("carriagesFor: a server whose last connection was without TLS is tried without TLS first, and with TLS next", () => {
    expect(carriagesFor(far, null, null, true)).toEqual(["plain", "tls"]);
    expect(carriagesFor(far, "slips", null, true)).toEqual(["tls"]);
    expect(carriagesFor(far, null, { usesTls: true }, true)).toEqual(["tls"]);
  });

  test("carriagesFor: the scheme of a link decides", () => {
    for (const address of [near, far]) {
      expect(carriagesFor(address, "slips", null)).toEqual(["tls"]);
      expect(carriagesFor(address, "slip", null)).toEqual(["plain"]);
    }
  });

  test("carriagesFor: a server that has used TLS always gets TLS, whatever the link says", () => {
    for (const known of [{ usesTls: true }, { publicKey: "pin" }, { publicKey: "pin", usesTls: false }]) {
      expect(carriagesFor(near, null, known)).toEqual(["tls"]);
      expect(() => carriagesFor(near, "slip", known)).toThrow(ServerNotTrusted);
    }
    expect(carriagesFor(far, null, { key: "k" })).toEqual(["tls", "plain"]);
  });
});

test("asksForTls: is true for a Goodbye with that reason and for a TLS alert, and for no other bytes", () => {
  expect(asksForTls(writeGoodbye({ reason: GoodbyeReason.needsTls, text: "no" }))).toBe(true);
  expect(asksForTls(Buffer.from("15030100020246", "hex"))).toBe(true);
  expect(asksForTls(writeGoodbye({ reason: GoodbyeReason.full, text: "no" }))).toBe(false);
  expect(asksForTls(new Uint8Array())).toBe(false);
});
