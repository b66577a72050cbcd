// Which servers are announced: those that other machines can reach. That viewers find them: test/e2e/discovery.test.ts.

import { expect, test } from "bun:test";
import { isLoopback } from "../../../src/server/doors/announce.ts";

test.each([
  ["127.0.0.1", true],
  ["127.1.2.3", true],
  ["::1", true],
  ["localhost", true],
  ["0.0.0.0", false],
  ["::", false],
  ["192.168.1.27", false],
  ["127host.lan", false],
  ["camera.local", false],
])("isLoopback: %s is reached from this machine only: %p", (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});
