// Both ends of a connection get mutated messages. `bun test/fuzz/wire.ts` runs any number of them.

import { expect, test } from "bun:test";
import { fuzzWire } from "../fuzz/wire.ts";

test("Viewer and Connection: mutated messages in any chunks throw nothing", async () => {
  const { messages, goodbyes, proven, findings } = await fuzzWire({ count: 20_000, seed: 7 });
  expect(findings).toEqual([]);
  expect(messages).toBeGreaterThanOrEqual(20_000);
  expect(proven).toBeGreaterThan(100);
  expect(goodbyes).toBeGreaterThan(100); // shows that the mutations do break messages
});
