// areOnLink: it accepts the addresses of this machine's networks and no others.

import { expect, test } from "bun:test";
import { areOnLink } from "../../src/protocol/on-link.ts";

const OWN = [
  { family: "IPv4", address: "127.0.0.1", netmask: "255.0.0.0" },
  { family: "IPv4", address: "192.168.7.20", netmask: "255.255.255.0" },
  { family: "IPv4", address: "10.5.200.1", netmask: "255.255.128.0" },
  { family: "IPv6", address: "fe80::1", netmask: "ffff:ffff:ffff:ffff::" },
];

test.each([
  [["192.168.7.1"], true],
  [["192.168.7.1", "192.168.7.254"], true],
  [["192.168.8.1"], false],
  [["192.168.7.1", "192.168.8.1"], false],
  [["192.168.7.1", "10.5.128.9"], false], // each address is on a network, but they share none
  [["10.5.255.255"], true],
  [["10.5.127.255"], false],
  [["127.9.9.9"], true],
  [["203.0.113.7"], false],
  [["192.168.7.256"], false],
  [["fe80::2"], false],
  [["camera.local"], false],
  [[""], false],
])("areOnLink: the result for %j is %p", (addresses, expected) => {
  expect(areOnLink(addresses, OWN)).toBe(expected);
});

test("areOnLink: an address without a network is on no link", () => {
  expect(areOnLink(["8.8.8.8"], [{ family: "IPv4", address: "0.0.0.0", netmask: "0.0.0.0" }])).toBe(false);
  expect(areOnLink(["8.8.8.8"], [])).toBe(false);
});
