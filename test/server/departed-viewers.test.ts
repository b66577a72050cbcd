// Viewers that have left leave nothing in the server's memory: objects are counted by class after rounds of viewers that came and went.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { serve } from "../../src/server/serve.ts";
import type { Server } from "../../src/server/server.ts";
import { BoundViewer } from "../support/bound-viewer.ts";
import { until } from "../support/wait-until.ts";

setDefaultTimeout(60_000);

const VIEWERS = 25;
const ROUNDS = 3;
/** What the engine makes of code that has become hot, and of names. Their numbers depend on time, not on viewers. */
const OF_THE_ENGINE = /CodeBlock|Executable|Structure|SymbolTable|string|StrippedProvider|PropertyTable|Watchpoint/i;

let server: Server;
beforeAll(async () => {
  server = await serve({ cameras: [{ source: "pattern", size: { width: 160, height: 120 } }], port: 0, workers: 1 });
});
afterAll(() => server.close());

/** Viewers come at the same time, get pictures, and leave: half of them with a Goodbye, the others without a word. */
async function comeAndGo(): Promise<void> {
  const viewers = await Promise.all(
    Array.from({ length: VIEWERS }, () => BoundViewer.connect(server.port, "127.0.0.1")),
  );
  await until(() => viewers.every(({ frames }) => frames > 1), "a picture for each viewer", 20_000);
  for (const [index, viewer] of viewers.entries()) {
    if (index % 2 === 0) viewer.connection.close();
    viewer[Symbol.dispose]();
  }
  await until(() => server.report().viewers === 0, "the end of the viewers", 20_000);
}

/** The number of objects of each class, after garbage collection. */
async function countObjects(): Promise<Map<string, number>> {
  for (let turn = 0; turn < 3; turn++) {
    Bun.gc(true);
    await Bun.sleep(20); // sockets and timers are released in turns of the event loop
  }
  const { nodes, nodeClassNames } = Bun.generateHeapSnapshot();
  const counts = new Map<string, number>();
  for (let at = 2; at < nodes.length; at += 4) {
    const name = nodeClassNames[nodes[at] as number] as string; // each node has an id, a size, a class and flags
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

test("a server keeps no object for each viewer that has left", async () => {
  await comeAndGo();
  const before = await countObjects();
  for (let round = 0; round < ROUNDS; round++) await comeAndGo();
  const after = await countObjects();
  expect(before.has("Audience")).toBe(true); // the names of our classes are there
  const grown = [...after].filter(
    ([name, count]) => !OF_THE_ENGINE.test(name) && count - (before.get(name) ?? 0) >= VIEWERS,
  );
  expect(grown).toEqual([]);
});
