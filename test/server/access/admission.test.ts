// Admission: how many connections and viewers are admitted, in all and from one address, and when they are forgotten.

import { describe, expect, test } from "bun:test";
import { addressGroup, isLoopback } from "../../../src/server/access/address-group.ts";
import { Admission, type Excess, type Guest } from "../../../src/server/access/admission.ts";
import { type AccessLimits, DEFAULT_ACCESS_LIMITS } from "../../../src/server/access/limits.ts";

const FEW: AccessLimits = {
  ...DEFAULT_ACCESS_LIMITS,
  maxViewers: 4,
  maxViewersPerAddress: 2,
  maxGreetings: 5,
  maxGreetingsPerAddress: 3,
  connectsPerSecond: 4,
};

class Door {
  readonly admission = new Admission(FEW);
  readonly aborted: number[] = [];
  now = 0;
  #next = 0;

  connect(ip: string): Guest | Excess {
    const number = this.#next++;
    return this.admission.connect(ip, () => void this.aborted.push(number), this.now);
  }

  /** A connection that the admission must accept. */
  enter(ip: string): Guest {
    const guest = this.connect(ip);
    if ("limit" in guest) throw new Error(guest.text);
    return guest;
  }

  /** A viewer that the admission must accept. */
  watch(ip: string): Guest {
    const guest = this.enter(ip);
    expect(this.admission.greet(guest)).toBeNull();
    return guest;
  }
}

describe("Admission: limits", () => {
  test("Admission: refuses viewers beyond the limit in all, until one of them has gone", () => {
    const door = new Door();
    const viewers = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "127.0.0.1"].map((ip) => door.watch(ip));
    expect(door.admission.greet(door.enter("10.0.0.4"))?.limit).toBe("viewers");
    door.admission.gone(viewers[0] as Guest);
    door.admission.gone(viewers[0] as Guest); // a second call counts once
    expect(door.admission.greet(door.enter("10.0.0.5"))).toBeNull();
    expect(door.admission.greet(door.enter("10.0.0.6"))?.limit).toBe("viewers");
    expect(door.admission.refused.byReason.viewers).toBe(2);
  });

  test("Admission: refuses viewers beyond the limit for one address, but never viewers from loopback", () => {
    const door = new Door();
    door.watch("10.0.0.1");
    door.watch("10.0.0.1");
    const third = door.enter("10.0.0.1");
    expect(door.admission.greet(third)).toMatchObject({ limit: "viewersPerAddress" });
    door.watch("127.0.0.1");
    door.watch("127.0.0.1");
    expect(door.admission.refused.byReason).toMatchObject({ viewersPerAddress: 1, viewers: 0 });
  });

  test("Admission: ends the oldest connection without a greeting when there are too many, and keeps greeted ones", () => {
    const door = new Door();
    door.watch("127.0.0.1"); // number 0
    for (let count = 0; count < 7; count++) door.enter("127.0.0.1");
    expect(door.aborted).toEqual([1, 2]);
    expect(door.admission.refused.byReason.greetings).toBe(2);
  });

  test("Admission: ends greetings of the address that has the most, so a slow viewer keeps its place", () => {
    const door = new Door();
    const slow = door.enter("10.0.0.9"); // number 0, the oldest
    for (let round = 0; round < 4; round++) {
      for (const ip of ["10.0.0.1", "10.0.0.2", "10.0.0.3"]) door.connect(ip);
    }
    expect(door.aborted.length).toBeGreaterThan(3);
    expect(door.aborted).not.toContain(0);
    expect(door.admission.greet(slow)).toBeNull();
  });

  test("Admission: refuses connections without a greeting beyond the limit for one address, until one has gone", () => {
    const door = new Door();
    const [first] = [door.enter("10.0.0.1"), door.enter("10.0.0.1"), door.enter("10.0.0.1")];
    expect(door.connect("10.0.0.1")).toMatchObject({ limit: "greetingsPerAddress" });
    expect("limit" in door.connect("10.0.0.2")).toBe(false);
    door.admission.gone(first);
    expect("limit" in door.connect("10.0.0.1")).toBe(false);
  });

  test("Admission: refuses connections that come too fast from one address, and not from others", () => {
    const door = new Door();
    const connect = (ip: string) => {
      const guest = door.connect(ip);
      if ("limit" in guest) return guest.limit;
      door.admission.gone(guest);
      return "in";
    };
    const tries = (ip: string, count: number) => Array.from({ length: count }, () => connect(ip));
    expect(tries("10.0.0.1", 12).filter((each) => each === "in").length).toBe(10); // a burst of 2.5 seconds' worth
    expect(connect("10.0.0.2")).toBe("in");
    door.now += 1e6;
    expect(tries("10.0.0.1", 6)).toEqual(["in", "in", "in", "in", "connects", "connects"]);
    expect(tries("::1", 101).filter((each) => each === "in").length).toBe(100); // loopback may open ten times as many
  });

  test("Admission: an address that floods messages may open fewer connections", () => {
    const door = new Door();
    door.admission.exceeded(door.watch("10.0.0.1"), "messages", door.now);
    expect(door.connect("10.0.0.1")).toMatchObject({ limit: "connects" });
    expect(door.admission.refused.byReason.messages).toBe(1);
  });

  test("Admission: floods cost an address new connections even if it has none left", () => {
    const door = new Door();
    let floods = 0;
    for (let tenths = 0; tenths < 100; tenths++) {
      door.now += 1e5;
      const guest = door.connect("10.0.0.1"); // ten a second, and the limit is four
      if ("limit" in guest || door.admission.greet(guest) !== null) continue;
      door.admission.exceeded(guest, "messages", door.now);
      door.admission.gone(guest);
      floods++;
    }
    expect(floods).toBeLessThanOrEqual(5); // each costs eleven connections, of 10 and 40 that are allowed
  });

  test("Admission: counts all addresses of a /64 IPv6 network as one", () => {
    const door = new Door();
    door.watch("2001:db8::1");
    door.watch("2001:db8::2");
    expect(door.admission.greet(door.enter("2001:db8:0:0:ffff::3"))?.limit).toBe("viewersPerAddress");
    expect(door.admission.greet(door.enter("2001:db8:0:1::3"))).toBeNull();
  });
});

test.each([
  ["127.0.0.1", "127.0.0.1", true],
  ["127.200.0.9", "127.200.0.9", true],
  ["::ffff:127.0.0.1", "127.0.0.1", true],
  ["::1", "0:0:0:0::/64", true],
  ["::ffff:192.0.2.7", "192.0.2.7", false],
  ["192.0.2.7", "192.0.2.7", false],
  ["2001:DB8::5", "2001:db8:0:0::/64", false],
  ["2001:0db8:0000:0001:2:3:4:5", "2001:db8:0:1::/64", false],
  ["fe80::1%eth0", "fe80:0:0:0::/64", false],
])("addressGroup: the address %s is counted in the group %s", (ip, group, isOwn) => {
  expect(addressGroup(ip)).toBe(group);
  expect(isLoopback(ip)).toBe(isOwn);
});
