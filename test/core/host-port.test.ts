// Hosts that only this machine can reach. Servers there are not announced, which test/e2e/discovery.test.ts shows.

import { expect, test } from "bun:test";
import { isLoopbackHost } from "../../src/core/host-port.ts";

test.each([
  ["127.0.0.1", true],
  ["127.1.2.3", true],
  ["::1", true],
  ["localhost", true],
  ["LocalHost", true],
  ["127.0.0.1.evil.example", false],
  ["0.0.0.0", false],
  ["::", false],
  ["192.168.1.27", false],
  ["127host.lan", false],
  ["camera.local", false],
])("isLoopbackHost: %s is reached from this machine only: %p", (host, expected) => {
  expect(isLoopbackHost(host)).toBe(expected);
});
