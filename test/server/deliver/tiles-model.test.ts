// Random sequences of all events that concern tiles, between encoders and viewers, compared with a model.

import { afterEach, expect, test } from "bun:test";
import fc from "fast-check";
import { resetClock, stopClock } from "../../support/moved-clock.ts";
import { TILES, World } from "../../support/tile-delivery-model.ts";

/** The number of sequences for each set of limits. SLIPSTREAM_FUZZ_RUNS sets another number. */
const RUNS = Number(process.env["SLIPSTREAM_FUZZ_RUNS"] ?? 1_000);

afterEach(resetClock);

const viewer = fc.nat(5);
const changes = fc.array(fc.boolean(), { minLength: TILES, maxLength: TILES });
const micros = fc.constantFrom(100, 5_000, 40_000, 400_000);

const operation = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("open" as const),
      changed: changes,
      partTiles: fc.constantFrom(1, 3, TILES),
      prepares: fc.boolean(),
      lag: fc.constantFrom(null, 0, 0, 1, 3),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("part" as const), which: fc.nat(TILES) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("commit" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("abort" as const) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("acknowledge" as const),
      viewer,
      which: fc.nat(8),
      outcome: fc.constantFrom("shown", "shown", "dropped"),
      times: fc.record({ transfer: micros, work: micros }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("read" as const), viewer, bytes: fc.constantFrom(0, 9, 700, 5_000, 1e9) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("read-waiting" as const), viewer }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("join" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("hang-up" as const), viewer }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("wish" as const),
      viewer,
      paused: fc.boolean(),
      width: fc.constantFrom(0, 300, 600),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("source" as const), halvings: fc.nat(2) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("jpeg" as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("tick" as const), milliseconds: fc.constantFrom(50, 400, 3_000) }),
  },
);
type Operation = typeof operation extends fc.Arbitrary<infer Each> ? Each : never;

function perform(world: World, step: Operation, pass: (milliseconds: number) => void): unknown {
  const model = "viewer" in step ? world.models[step.viewer % Math.max(1, world.models.length)] : undefined;
  switch (step.kind) {
    case "open":
      return world.openFrame(step.changed, step.partTiles, step.prepares, step.lag);
    case "part":
      return world.encodePart(step.which);
    case "commit":
      return world.commitFrame();
    case "abort":
      return world.abortFrame();
    case "acknowledge":
      return model?.acknowledge(step.which, step.outcome, step.times);
    case "read":
      return model?.read(step.bytes);
    case "read-waiting":
      return model?.readWaiting();
    case "join":
      return world.models.length < 6 ? world.join() : null;
    case "hang-up":
      return model?.hangUp();
    case "wish":
      return model?.wish(step.paused, step.width, (step.width * 9) / 16);
    case "source":
      world.size = { width: 1280 >> step.halvings, height: 720 >> step.halvings };
      return null;
    case "jpeg":
      return world.jpeg();
    case "tick":
      pass(step.milliseconds);
      for (const each of world.models) each.ping();
      return world.reception.tick();
  }
}

/** When all messages are read and acknowledged and one more frame has come, each viewer that watches must have the newest frame. */
function expectNewestAtTheEnd(world: World, pass: (milliseconds: number) => void, endsInJpegs: boolean): void {
  world.commitFrame();
  for (let round = 1; round <= 2; round++) {
    world.settle();
    pass(60_000); // no budget is overdrawn after this time
    for (const each of world.models) each.ping();
    world.reception.tick();
    if (endsInJpegs) world.jpeg();
    world.openFrame([], 2, true, endsInJpegs ? 0 : null);
    world.commitFrame();
  }
  world.settle();
  for (const model of world.models.filter(({ watches }) => watches)) expect(model.lastFrame).toBe(world.frame);
  expect(world.audience.settled).toBe(true);
}

test.each([
  ["no limits", { maxLatencyMicros: null, maxBitsPerSecond: null }],
  ["a bound of latency", { maxLatencyMicros: 150_000, maxBitsPerSecond: null }],
  ["a bound of bits, too", { maxLatencyMicros: 250_000, maxBitsPerSecond: 4e6 }],
] as const)(
  "tile delivery: each shown frame has the right tiles after any sequence of events, with %s",
  (_, limits) => {
    let shown = 0;
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 80, size: "max" }), fc.boolean(), (steps, endsInJpegs) => {
        const pass = stopClock();
        using world = new World(limits);
        world.join();
        for (const step of steps) perform(world, step, pass);
        expectNewestAtTheEnd(world, pass, endsInJpegs);
        shown += world.models.reduce((sum, { framesSeen }) => sum + framesSeen, 0);
      }),
      { numRuns: RUNS, includeErrorInReport: true },
    );
    expect(shown).toBeGreaterThan(3 * RUNS);
  },
  60_000,
);
