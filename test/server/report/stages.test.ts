// The stages of frames: histograms that are read by their counts and sums.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { writeAck } from "../../../src/protocol/messages.ts";
import { BUCKET_BOUNDS, DurationsInBuckets } from "../../../src/server/report/durations-in-buckets.ts";
import { CameraStages } from "../../../src/server/report/stages.ts";
import { FakeViewer } from "../../support/fake-viewer.ts";
import { picture } from "../../support/picture-camera.ts";

const frame = { frameNumber: 1, bytes: 900, capturedAt: 1_000_000, encodedAt: 1_004_000, sentAt: 1_005_000 };
const times = { frameNumber: 1, transferMicros: 2_000, workMicros: 3_000, paceMicros: 3_000 };

describe("DurationsInBuckets", () => {
  test("DurationsInBuckets: each count is that of the durations that do not exceed the bound", () => {
    const durations = fc.array(fc.integer({ min: -1_000, max: 20_000_000 }), { maxLength: 50 });
    fc.assert(
      fc.property(durations, (micros) => {
        const buckets = new DurationsInBuckets();
        for (const each of micros) buckets.record(each);
        const bounds = [...BUCKET_BOUNDS, Number.POSITIVE_INFINITY];
        expect(buckets.cumulative()).toEqual(
          bounds.map((bound) => micros.filter((each) => each <= bound * 1e6).length),
        );
        const sum = micros.reduce((total, each) => total + Math.max(0, each), 0);
        expect(buckets.sum).toBeCloseTo(sum / 1e6, 6);
      }),
    );
  });
});

describe("CameraStages", () => {
  test("CameraStages: the stages of a shown frame add up to its age on the screen", () => {
    const camera = new CameraStages();
    camera.encoded(frame.capturedAt, frame.encodedAt);
    const door = camera.viewersOf("tcp");
    door.sent(frame);
    const ack = { ...times, outcome: "shown", showMicros: 1_500 } as const;
    door.acknowledged(frame, { ...ack, now: 1_020_000, roundTripMicros: 4_000 });
    const { send, transfer, decode, show, decodeAndShow, age } = door.stages;
    expect([camera.encode, send, transfer, decode, show, age].map(({ sum }) => Math.round(sum * 1e6))).toEqual([
      4_000, 1_000, 4_000, 7_500, 1_500, 18_000,
    ]);
    expect(decodeAndShow.cumulative().at(-1)).toBe(0);
    expect(door).toMatchObject({ sentFrames: 1, sentBytes: 900, droppedFrames: 0 });
  });

  test("CameraStages: an older viewer reports decoding and showing together, and no split is made up", () => {
    const { stages, ...door } = run({ ...times, outcome: "shown" });
    expect(Math.round(stages.decodeAndShow.sum * 1e6)).toBe(9_000);
    expect(stages.decode.cumulative().at(-1)).toBe(0);
    expect(stages.show.cumulative().at(-1)).toBe(0);
    expect(door.droppedFrames).toBe(0);
  });

  test("CameraStages: a frame that a viewer dropped counts as dropped, and has no age", () => {
    const { stages, droppedFrames } = run({ ...times, outcome: "dropped" });
    expect(droppedFrames).toBe(1);
    expect(stages.age.cumulative().at(-1)).toBe(0);
  });

  test("CameraStages: a viewer that reports wrong times changes no stage below 0 or above the age", () => {
    for (const showMicros of [0, 1e9]) {
      const { stages } = run({ ...times, transferMicros: 0xffff_ffff, outcome: "shown", showMicros });
      for (const stage of [stages.transfer, stages.decode, stages.show]) {
        expect(stage.sum).toBeGreaterThanOrEqual(0);
        expect(stage.sum).toBeLessThanOrEqual(stages.age.sum);
      }
    }
  });

  test("CameraStages: a frame in parts is sent before it is encoded, and its transfer begins when it is encoded", () => {
    const door = new CameraStages().viewersOf("tcp");
    const inParts = { ...frame, sentAt: frame.capturedAt + 1_000 };
    door.sent(inParts);
    const ack = { ...times, transferMicros: 4_000, outcome: "shown", showMicros: 1_000 } as const;
    door.acknowledged(inParts, { ...ack, now: 1_020_000, roundTripMicros: 2_000 });
    expect(door.stages.send.sum).toBe(0);
    expect(Math.round(door.stages.transfer.sum * 1e6)).toBe(2_000);
  });

  function run(ack: Parameters<typeof writeAck>[0]) {
    const door = new CameraStages().viewersOf("tcp");
    door.sent(frame);
    door.acknowledged(frame, { ...ack, now: 1_020_000, roundTripMicros: 4_000 });
    return door;
  }
});

test("FrameSender: its follower learns of each frame that is sent and acknowledged, with its times and bytes", () => {
  const far = new FakeViewer().greet();
  const calls: unknown[] = [];
  far.viewer.frames.follower = {
    sent: ({ frameNumber, encodedAt, bytes }) => calls.push(["sent", frameNumber, encodedAt, bytes > 1000]),
    left: ({ frameNumber }) => calls.push(["left", frameNumber]),
    acknowledged: ({ frameNumber }, { outcome, showMicros }) => calls.push([outcome, frameNumber, showMicros]),
  };
  far.offer(picture(3, 1000));
  const ack = { frameNumber: 3, outcome: "shown", transferMicros: 1, workMicros: 1, paceMicros: 1 } as const;
  far.viewer.receive(writeAck({ ...ack, showMicros: 77 }));
  far.offer(picture(4, 1000));
  far.ack(4, "dropped");
  expect(calls).toEqual([
    ["sent", 3, 3005, true],
    ["left", 3],
    ["shown", 3, 77],
    ["sent", 4, 4005, true],
    ["left", 4],
    ["dropped", 4, undefined],
  ]);
});
