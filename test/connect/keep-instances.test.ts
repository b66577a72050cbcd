// keepInstances chooses those servers from a multicast DNS response to which a viewer would connect.

import { expect, test } from "bun:test";
import type { ResponsePacket } from "multicast-dns";
import { type FoundServer, keepInstances } from "../../src/connect/discover.ts";
import { SERVICE } from "../../src/protocol/discovery.ts";

const OWN = [{ family: "IPv4", address: "192.168.7.20", netmask: "255.255.255.0" }];

function response(name: string, port: number, hosts: readonly string[]): ResponsePacket {
  const instance = `${name}.${SERVICE}`;
  const target = `${name}.local`;
  const answers = [
    { name: SERVICE, type: "PTR", ttl: 120, data: instance },
    { name: instance, type: "SRV", ttl: 120, data: { port, target, priority: 0, weight: 0 } },
    { name: instance, type: "TXT", ttl: 120, data: ["name=door", "wire=2"] },
    ...hosts.map((data) => ({ name: target, type: "A", ttl: 120, data })),
  ];
  return { type: "response", answers } as ResponsePacket;
}

function found(hosts: readonly string[], from: string): string[] {
  const servers = new Map<string, FoundServer>();
  keepInstances(servers, response("a", 10050, hosts), from, OWN);
  return [...servers.values()].map(({ address }) => address.host);
}

test("keepInstances: takes the address of the machine that answers, or another one on its network", () => {
  expect(found(["10.0.0.1", "192.168.7.9", "192.168.7.5"], "192.168.7.5")).toEqual(["192.168.7.5"]);
  expect(found(["10.0.0.1", "192.168.7.9"], "192.168.7.5")).toEqual(["192.168.7.9"]);
});

test.each([["203.0.113.7"], ["127.0.0.1"], ["192.168.8.1"]])("keepInstances: refuses an announcement of %s", (host) => {
  expect(found([host], "192.168.7.5")).toEqual([]);
});

test("keepInstances: refuses an answer from another network", () => {
  expect(found(["203.0.113.7"], "203.0.113.7")).toEqual([]);
});

test("keepInstances: keeps at most 64 servers, and still updates the ones that it knows", () => {
  const servers = new Map<string, FoundServer>();
  for (let server = 0; server < 1_000; server++) {
    keepInstances(servers, response(`s${server}`, 1 + server, ["192.168.7.5"]), "192.168.7.5", OWN);
  }
  expect(servers.size).toBe(64);
  keepInstances(servers, response("s3", 999, ["192.168.7.5"]), "192.168.7.5", OWN);
  expect(servers.get(`s3.${SERVICE}`)?.address.port).toBe(999);
});

test("keepInstances: returns key, TLS and public key of an announcement", () => {
  const servers = new Map<string, FoundServer>();
  const safe = response("safe", 10050, ["192.168.7.5"]);
  for (const record of safe.answers ?? []) {
    if (record.type === "TXT") record.data = ["name=", "wire=2", "key=1", "tls=1", "fp=0123456789abcdef"];
  }
  keepInstances(servers, safe, "192.168.7.5", OWN);
  expect([...servers.values()]).toEqual([
    {
      address: { host: "192.168.7.5", port: 10050, camera: "" },
      name: "",
      wire: 2,
      needsKey: true,
      usesTls: true,
      fingerprint: "0123456789abcdef",
    },
  ]);
});
