// access/gatekeeper.ts: it answers for every door, and wrong keys count at all of them.

import { expect, test } from "bun:test";
import { Gatekeeper } from "../../../src/server/access/gatekeeper.ts";
import { recordOfKey } from "../../../src/server/access/key-record.ts";
import { KeyRing } from "../../../src/server/access/key-ring.ts";
import { EVERYBODY, type Role } from "../../../src/server/access/role.ts";
import { GoodbyeReason } from "../../../src/protocol/wire.ts";

const KEY = "k7qf-2mzd-9x4w-hcv3-tb8n";
const S = 1e6;

function createGatekeeper() {
  const counted = { wrong: 0 };
  const ring = new KeyRing([{ record: recordOfKey(KEY), role: { ...EVERYBODY, name: "ours" } }]);
  const gatekeeper = new Gatekeeper({ keys: ring, onWrongKey: () => counted.wrong++ });
  const tryKey = (ip: string, key: string, at = 0) => gatekeeper.authenticate(ip, { key }, at);
  return { gatekeeper, ring, counted, tryKey };
}

test("Gatekeeper: a right key gets its role, a wrong one is refused, and five wrong ones cause a pause", () => {
  const { gatekeeper, counted, tryKey } = createGatekeeper();
  expect(tryKey("192.0.2.1", KEY)).toMatchObject({ role: { name: "ours" } });
  gatekeeper.left("192.0.2.1", -300 * S);
  for (let attempt = 0; attempt < 5; attempt++) {
    expect(tryKey("192.0.2.1", "wrong")).toMatchObject({ reason: GoodbyeReason.wrongKey });
  }
  const text = "too many wrong keys came from 192.0.2.1: wait 1 s";
  expect(tryKey("192.0.2.1", KEY)).toEqual({ reason: GoodbyeReason.full, text });
  expect(gatekeeper.refusal("192.0.2.1", 0)).toEqual({ reason: GoodbyeReason.full, text });
  expect(counted.wrong).toBe(7);
  expect(tryKey("192.0.2.2", KEY)).toMatchObject({ role: { name: "ours" } });
  expect(tryKey("192.0.2.1", KEY, 1 * S)).toMatchObject({ role: { name: "ours" } });
});

test("Gatekeeper: all hosts of a /64 IPv6 network count as one address", () => {
  const { gatekeeper, tryKey } = createGatekeeper();
  for (let host = 1; host <= 5; host++) tryKey(`2001:db8:0:1::${host}`, "wrong");
  expect(gatekeeper.refusal("2001:db8:0:1::99", 0)).not.toBeNull();
  expect(gatekeeper.refusal("2001:db8:0:2::1", 0)).toBeNull();
});

test("Gatekeeper: a role is valid until its key is removed; without keys everybody has a role", () => {
  const { gatekeeper, ring, tryKey } = createGatekeeper();
  const { role } = tryKey("::1", KEY) as { role: Role };
  expect(gatekeeper.holds(role)).toBe(true);
  ring.replace([]);
  expect(gatekeeper.holds(role)).toBe(false);
  const open = new Gatekeeper({ keys: null, onWrongKey: () => undefined });
  expect(open.needsKey).toBe(false);
  expect(open.authenticate("::1", { key: "" }, 0)).toEqual({ role: EVERYBODY });
  expect(open.holds(EVERYBODY)).toBe(true);
});
