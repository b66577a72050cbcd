// Motion detection in a running server: pixels, JPEGs that are passed on, metrics, and the events that programs get.

import { expect, setDefaultTimeout, test } from "bun:test";
import { createCamera, encodeJpeg, nowMicros, serve } from "../../../src/index.ts";
import { lineLog } from "../../../src/core/log.ts";
import type { MotionReport } from "../../../src/core/motion.ts";
import type { MotionOptions } from "../../../src/server/settings/options.ts";
import { TEST_TIMEOUT_MS } from "../../support/programs.ts";
import { until } from "../../support/wait-until.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const SIZE = { width: 640, height: 480 };
const MOTION: MotionOptions = { forMs: 200, quietSeconds: 3600 };

/** A grey picture with a white square, or none. */
function pixels(squareX: number | null): Uint8Array {
  const frame = new Uint8Array(SIZE.width * SIZE.height * 4).fill(100);
  if (squareX === null) return frame;
  for (let row = 200; row < 300; row++) {
    frame.fill(255, (row * SIZE.width + squareX) * 4, (row * SIZE.width + squareX + 100) * 4);
  }
  return frame;
}

/** Serves a camera, and delivers its frames at 30 a second of its own time. */
async function start(motion: MotionOptions) {
  const source = createCamera();
  const events: MotionReport[] = [];
  const lines: string[] = [];
  const log = lineLog((text, level, subjects) => lines.push(`${level} ${subjects.join(":")}: ${text}`));
  const server = await serve({
    cameras: [{ source, name: "door", motion }],
    port: 0,
    http: { port: 0 },
    log,
    onEvent: (event) => events.push(event),
  });
  let capturedAt = nowMicros() - 60_000_000;
  /** Delivers a frame until it is taken, and waits until it is encoded. */
  const deliver = async (push: (capturedAt: number) => string) => {
    const isDone = () => {
      const { encoded, dropped } = server.report();
      return encoded + dropped;
    };
    const before = isDone();
    capturedAt += 33_333;
    await until(() => !push(capturedAt).startsWith("dropped"), "a place for the frame", 20_000);
    await until(() => isDone() > before, "the frame", 20_000);
  };
  return { server, source, events, lines, deliver };
}

test("serve: pixels that move are an event, without a viewer, and the end comes with the camera", async () => {
  const { server, source, events, lines, deliver } = await start(MOTION);
  {
    await using _ = server;
    for (let frame = 0; frame < 70; frame++)
      await deliver((at) => source.push(pixels(null), { ...SIZE, capturedAt: at }));
    expect(server.report().motion).toEqual({ moving: false, events: 0, leftOut: 0, lost: 0 });
    for (let frame = 0; frame < 50; frame++) {
      await deliver((at) => source.push(pixels(10 * frame), { ...SIZE, capturedAt: at }));
    }
    await until(() => events.length > 0, "the event");
    expect(server.report()).toMatchObject({ viewers: 0, motion: { moving: true, events: 1, leftOut: 0, lost: 0 } });
    const metrics = await (await fetch(`http://127.0.0.1:${server.http?.port}/metrics`)).text();
    expect(metrics).toMatch(/^slipstream_motion_events_total\{camera="door"\} 1$/m);
    expect(metrics).toMatch(/^slipstream_motion_active\{camera="door"\} 1$/m);
  }
  const [first] = events as [MotionReport];
  const last = events.at(-1) as MotionReport;
  expect(first).toMatchObject({ event: "motion", phase: "start", camera: "door", number: 1, zones: [] });
  expect(Date.parse(first.moved) - Date.parse(first.start)).toBeGreaterThanOrEqual(200);
  expect(Date.parse(first.moved) - Date.parse(first.start)).toBeLessThanOrEqual(200 + 2 * 34);
  expect(events.slice(1, -1).map(({ phase }) => phase)).toEqual(events.slice(1, -1).map(() => "update"));
  expect(last).toMatchObject({ phase: "end", number: 1, start: first.start, area: 0 });
  // The square moves between the rows 200 and 300, and the tiles have 16 rows.
  expect(last.box).toMatchObject({ y: 0.4, height: 0.2333 });
  expect(lines.filter((line) => line.startsWith("info motion: motion 1"))).toHaveLength(2);
});

test("serve: motion in JPEGs that are passed on is an event, and one in some time is decoded for it", async () => {
  const { server, source, events, deliver } = await start({ ...MOTION, forMs: 300 });
  await using _ = server;
  const still = await encodeJpeg(pixels(null), SIZE);
  const moving = await Promise.all([0, 100, 200, 300, 400].map((x) => encodeJpeg(pixels(x), SIZE)));
  for (let frame = 0; frame < 70; frame++) await deliver((at) => source.pushJpeg(still, { capturedAt: at }));
  for (let frame = 0; events.length === 0 && frame < 600; frame++) {
    await deliver((at) => source.pushJpeg(moving[Math.floor(frame / 10) % 5] as Uint8Array, { capturedAt: at }));
    await Bun.sleep(2); // the decoding thread takes the newest picture when it is ready
  }
  await until(() => events.length > 0, "the event");
  expect(events[0]).toMatchObject({ phase: "start", camera: "door" });
  expect(events[0]?.box.y).toBeCloseTo(0.4, 6);
  // Motion is found in half size, and nobody else is there.
  expect(server.report().renditions).toMatchObject([{ width: 320, height: 240 }]);
  expect(server.report()).toMatchObject({ motion: { moving: true, events: 1 }, droppedBy: { encode: 0 } });
});
