// access/key-ring.ts and key-record.ts: roles for proofs and for keys, and the record that a server keeps of a key.

import { describe, expect, test } from "bun:test";
import { UsageError } from "../../../src/core/errors.ts";
import { newNonce, proveAsViewer, viewerKey } from "../../../src/protocol/proof.ts";
import { formatKeyRecord, parseKeyRecord, recordOfKey } from "../../../src/server/access/key-record.ts";
import { KeyRing, type RingKey } from "../../../src/server/access/key-ring.ts";
import { maySee, type Role } from "../../../src/server/access/role.ts";

const KEYS = ["k7qf-2mzd-9x4w-hcv3-tb8n", "aaaa-bbbb-cccc-dddd-eeee", "2222-3333-4444-5555-6666"];
const [FIRST = "", SECOND = "", THIRD = ""] = KEYS;
const role = (name: string, may: ("view" | "control")[] = ["view"], cameras: string[] | null = null): Role => ({
  name,
  may: new Set(may),
  cameras: cameras && new Set(cameras),
});
const ringKey = (key: string, of: Role): RingKey => ({ record: recordOfKey(key), role: of });

/** The proof of a viewer that knows `key`, with the id of `as`. */
function proofOf(key: string, as = key) {
  const { id } = viewerKey(as);
  const input = { binding: null, serverNonce: newNonce(), viewerNonce: newNonce(), keyId: id, hello: newNonce() };
  return { proof: { keyId: id, nonce: input.viewerNonce, proof: proveAsViewer(viewerKey(key), input) }, input };
}

describe("KeyRing: roles", () => {
  const ring = new KeyRing([ringKey(FIRST, role("one")), ringKey(SECOND, role("two"))]);

  test("KeyRing: each key has its role, both for a proof and for the key itself", () => {
    expect(ring.authenticate(proofOf(FIRST))?.role.name).toBe("one");
    expect(ring.authenticate(proofOf(SECOND))?.role.name).toBe("two");
    expect(ring.authenticate({ key: SECOND.toUpperCase().replaceAll("-", " ") })?.role.name).toBe("two");
  });

  test("KeyRing: an unknown key, a known id with another key and a short key have no role", () => {
    for (const credentials of [
      proofOf(THIRD),
      proofOf(THIRD, FIRST),
      proofOf(FIRST, SECOND),
      { key: THIRD },
      { key: "" },
    ]) {
      expect(ring.authenticate(credentials)).toBeNull();
    }
    expect(new KeyRing().authenticate(proofOf(FIRST))).toBeNull();
  });

  test("KeyRing: after a change, a key that stays keeps its role, and a removed or changed key loses it", () => {
    const changing = new KeyRing([
      ringKey(FIRST, role("one")),
      ringKey(SECOND, role("two")),
      ringKey(THIRD, role("three")),
    ]);
    const roles = KEYS.map((key) => changing.authenticate({ key })?.role as Role);
    changing.replace([ringKey(SECOND, role("two", ["view", "control"])), ringKey(FIRST, role("one"))]);
    expect(roles.map((each) => changing.holds(each))).toEqual([true, false, false]);
    expect(changing.authenticate({ key: THIRD })).toBeNull();
  });

  test("KeyRing: an unknown id takes the same time as a wrong proof", () => {
    // The test compares medians of both, taken by turns. A branch that skips the work would be faster by a factor of ten or more.
    const unknown = proofOf(THIRD);
    const wrong = proofOf(THIRD, FIRST);
    const time = (credentials: ReturnType<typeof proofOf>) => {
      const start = performance.now();
      for (let turn = 0; turn < 20; turn++) ring.authenticate(credentials);
      return performance.now() - start;
    };
    const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1] as number;
    const pairs = Array.from({ length: 60 }, () => [time(unknown), time(wrong)] as const);
    const ratio = median(pairs.map(([a]) => a)) / median(pairs.map(([, b]) => b));
    expect(ratio).toBeGreaterThan(0.5);
    expect(ratio).toBeLessThan(2);
  });
});

describe("key record: text", () => {
  test("key record: its text can be read again, and contains neither the key nor a secret that a viewer could use", () => {
    const text = formatKeyRecord(recordOfKey(FIRST));
    expect(text).toMatch(/^slipstream-1\$[\w-]{11}\$[\w-]{43}\$[\w-]{43}$/);
    expect(parseKeyRecord(text)).toEqual(recordOfKey(FIRST));
    const { clientKey } = viewerKey(FIRST);
    expect(text).not.toContain(Buffer.from(clientKey).toString("base64url"));
    expect(text).not.toContain("k7qf");
  });

  test.each([
    "",
    FIRST,
    "slipstream-2$a$b$c",
    "slipstream-1$AAAAAAAAAAA$AA$AA",
    "slipstream-1$$$",
    "$2b$10$abcdefghijklmnopqrstuv",
  ])("key record: %j is refused, and the error does not quote it", (text) => {
    expect(() => parseKeyRecord(text)).toThrow(UsageError);
    if (text === "") return;
    expect(() => parseKeyRecord(text)).not.toThrow(text);
  });
});

test("maySee: needs the right to view, and the whole name of the camera", () => {
  expect(maySee(role("a"), "door")).toBe(true);
  expect(maySee(role("a", ["view"], ["door"]), "door")).toBe(true);
  expect(maySee(role("a", ["view"], ["door"]), "door 2")).toBe(false);
  expect(maySee(role("a", ["control"]), "door")).toBe(false);
  expect(maySee(role("a", ["view"], []), "door")).toBe(false);
});
