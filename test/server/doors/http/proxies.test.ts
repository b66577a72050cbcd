// The client behind trusted proxies, and the headers of others, which do not count.

import { describe, expect, test } from "bun:test";
import { TrustedProxies } from "../../../../src/server/doors/http/proxies.ts";

const proxies = new TrustedProxies({ trustedProxies: ["127.0.0.1", "2001:db8::1"] });

const clientOf = (headers: Record<string, string>, peerIp: string) =>
  proxies.clientOf(new Request("http://localhost/", { headers }), peerIp, false);
const clientBehind = (forwardedFor: string, peerIp = "127.0.0.1") =>
  clientOf({ "x-forwarded-for": forwardedFor }, peerIp).ip;

describe("proxies", () => {
  test.each([
    ["one entry", "192.0.2.1", "192.0.2.1"],
    ["an invented entry before the proxy's", "198.51.100.1, 192.0.2.1", "192.0.2.1"],
    ["two trusted proxies", "198.51.100.1, 192.0.2.1, 2001:db8::1", "192.0.2.1"],
    ["a port behind an IPv4 address", "198.51.100.1, 192.0.2.1:4711", "192.0.2.1"],
    ["a port behind an IPv6 address", "198.51.100.1, [2001:db8:7::5]:4711", "2001:db8:7::5"],
    ["brackets without a port", "[2001:db8:7::5]", "2001:db8:7::5"],
    ["a word in the place of the address", "198.51.100.1, unknown", "127.0.0.1"],
    ["nothing", "", "127.0.0.1"],
  ])("%s in X-Forwarded-For", (_, header, ip) => {
    expect(clientBehind(header)).toBe(ip);
  });

  test.each(["::ffff:127.0.0.1", "2001:db8:0:0::1"])("the proxy %s is trusted in each way to write it", (peerIp) => {
    expect(clientBehind("192.0.2.1", peerIp)).toBe("192.0.2.1");
  });

  test.each(["2001:db8::2", "127.0.0.2", "::1"])(
    "the headers of %s do not count, although it is near a proxy",
    (peerIp) => {
      const headers = { "x-forwarded-for": "192.0.2.1", "x-forwarded-proto": "https", "x-forwarded-host": "localhost" };
      expect(clientOf(headers, peerIp)).toEqual({ ip: peerIp, isSecure: false, host: null });
    },
  );
});
