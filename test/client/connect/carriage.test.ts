// Whether a viewer speaks with TLS or without, by link, known server and address.

import { describe, expect, test } from "bun:test";
import { asksForTls, carriagesFor, ServerNotTrusted } from "../../../src/client/connect/carriage.ts";
import { writeGoodbye } from "../../../src/protocol/greeting.ts";
import { GoodbyeReason } from "../../../src/protocol/wire.ts";

const far = { host: "192.0.2.7", port: 10050, camera: "" };
const near = { ...far, host: "127.0.0.1" };

describe("carriagesFor", () => {
  test("unknown servers: TLS first beyond this machine, without TLS first on it", () => {
    expect(carriagesFor(far, null, null)).toEqual(["tls", "plain"]);
    for (const host of ["127.0.0.1", "::1", "localhost"]) {
      expect(carriagesFor({ ...near, host }, null, null)).toEqual(["plain", "tls"]);
    }
  });

  test("a link decides", () => {
    for (const address of [near, far]) {
      expect(carriagesFor(address, "slips", null)).toEqual(["tls"]);
      expect(carriagesFor(address, "slip", null)).toEqual(["plain"]);
    }
  });

  test("a server that has used TLS is never spoken to without it, whatever the link says", () => {
    for (const known of [{ usesTls: true }, { publicKey: "pin" }, { publicKey: "pin", usesTls: false }]) {
      expect(carriagesFor(near, null, known)).toEqual(["tls"]);
      expect(() => carriagesFor(near, "slip", known)).toThrow(ServerNotTrusted);
    }
    expect(carriagesFor(far, null, { key: "k" })).toEqual(["tls", "plain"]);
  });
});

test("asksForTls: a Goodbye with that reason, and an alert of TLS, and nothing else", () => {
  expect(asksForTls(writeGoodbye({ reason: GoodbyeReason.needsTls, text: "no" }))).toBe(true);
  expect(asksForTls(Buffer.from("15030100020246", "hex"))).toBe(true);
  expect(asksForTls(writeGoodbye({ reason: GoodbyeReason.full, text: "no" }))).toBe(false);
  expect(asksForTls(new Uint8Array())).toBe(false);
});
