// The route of a relay: loops and too long chains are found before the first picture.

import { expect, test } from "bun:test";
import { RelayRoute } from "../../../src/server/relay/relay-route.ts";

/** Connects a relay to another one, as Route messages do. */
const connect = (relay: RelayRoute, origin: RelayRoute) => relay.follow(origin.relays);

test("RelayRoute: a relay without a connection is the only one of its route", () => {
  const [one, other] = [new RelayRoute(), new RelayRoute()];
  expect(one.relays).toHaveLength(1);
  expect(one.relays[0]).not.toBe(other.relays[0] as string);
});

test("RelayRoute: tells its viewers when the relays before it change, and only then", () => {
  const [edge, middle] = [new RelayRoute(), new RelayRoute()];
  let told = 0;
  edge.onChanged = () => told++;
  expect(connect(edge, middle)).toBeNull();
  expect(edge.relays).toEqual([...edge.relays.slice(0, 1), ...middle.relays]);
  expect(connect(edge, middle)).toBeNull();
  expect(told).toBe(1);
  edge.follow([]);
  expect([edge.relays.length, told]).toEqual([1, 2]);
});

test("RelayRoute: a camera of itself, and a loop over other relays, are refused and change nothing", () => {
  const [one, two, three] = [new RelayRoute(), new RelayRoute(), new RelayRoute()];
  expect(connect(one, one)).toContain("is this camera itself");
  connect(two, one);
  connect(three, two);
  expect(connect(one, three)).toContain("form a loop");
  expect(one.relays).toHaveLength(1);
});

test("RelayRoute: eight relays are allowed, and the ninth is refused", () => {
  let last = new RelayRoute();
  for (let relays = 2; relays <= 8; relays++) {
    const next = new RelayRoute();
    expect(connect(next, last)).toBeNull();
    last = next;
  }
  expect(last.relays).toHaveLength(8);
  expect(connect(new RelayRoute(), last)).toContain("is behind 8 relays, which is the limit");
});
