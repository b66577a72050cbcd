// isLoopbackHost: hosts that only this machine can reach. test/e2e/discovery.test.ts tests that their servers are not announced.

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
])("isLoopbackHost: whether %s can be reached from this machine only is %p", (host, expected) => {
  expect(isLoopbackHost(host)).toBe(expected);
});
