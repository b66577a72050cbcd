// JPEGs of a source that ffmpeg scales, each as soon as it has come.

import { expect, test } from "bun:test";
import { nowMicros } from "../../../src/core/clock.ts";
import { SourceError } from "../../../src/core/errors.ts";
import { SILENT_LOG } from "../../../src/core/log.ts";
import { scaleJpegs } from "../../../src/capture/pipe/scaled-jpegs.ts";
import { deliverJpeg, type Source } from "../../../src/capture/source.ts";
import { ffmpeg } from "../../support/jpeg-tools.ts";
import { PICTURES } from "../../support/multipart-streams.ts";
import { RecordingSink } from "../../support/recording-sink.ts";
import { until } from "../../support/wait-until.ts";

const SIZE = { width: 24, height: 16 };
const OPTIONS = { size: SIZE, sampling: "420", log: SILENT_LOG } as const;

function expected(jpeg: Uint8Array): Uint8Array {
  const filter = "scale=24:16:out_range=full:out_color_matrix=bt601,format=yuvj420p";
  return ffmpeg(["-f", "mjpeg", "-i", "pipe:0", "-vf", filter, "-f", "rawvideo", "pipe:1"], jpeg).bytes;
}

test("scaleJpegs: delivers each picture in the requested size before the next one comes", async () => {
  const sink = new RecordingSink();
  const stopping = new AbortController();
  const source: Source = {
    name: "the camera",
    framesPerSecond: 0,
    async run(to) {
      for (const [index, jpeg] of PICTURES.entries()) {
        deliverJpeg(to, jpeg, nowMicros());
        await until(() => sink.frames.length === index + 1, "the picture", 10_000);
      }
      throw new SourceError("the camera has ended", { retry: "soon" });
    },
  };
  expect(scaleJpegs({ source, ...OPTIONS }).run(sink, stopping.signal)).rejects.toThrow("the camera has ended");
  await until(() => sink.frames.length === PICTURES.length, "all pictures", 20_000);
  for (const [index, { width, height, bytes }] of sink.frames.entries()) {
    expect({ width, height }).toEqual(SIZE);
    expect(Buffer.compare(bytes, expected(PICTURES[index] as Buffer))).toBe(0);
  }
  expect(sink.jpegs).toEqual([]);
  expect(sink.lostFrames).toBe(0);
});

test("scaleJpegs: the newest picture replaces those that ffmpeg has not read, and each is counted", async () => {
  const sink = new RecordingSink();
  const stopping = new AbortController();
  const source: Source = {
    name: "the camera",
    framesPerSecond: 0,
    async run(to, signal) {
      for (let count = 0; count < 200; count++) deliverJpeg(to, PICTURES[count % 4] as Buffer, nowMicros());
      await new Promise((resolve) => void signal.addEventListener("abort", resolve));
    },
  };
  const running = scaleJpegs({ source, ...OPTIONS }).run(sink, stopping.signal);
  await until(() => sink.frames.length + sink.lostFrames === 200, "the pictures", 20_000);
  expect(sink.lostFrames).toBeGreaterThan(190);
  stopping.abort();
  await running;
});

test("scaleJpegs: passes on the pixels of a source that delivers pixels", async () => {
  const sink = new RecordingSink();
  const source: Source = {
    name: "the camera",
    framesPerSecond: 5,
    async run(to) {
      const slot = to.reserve("rgba", SIZE);
      slot?.bytes.fill(7);
      if (slot !== null) to.pixels(slot, "rgba", SIZE, 1);
      to.lost();
      to.trouble("a trouble");
    },
  };
  await scaleJpegs({ source, ...OPTIONS }).run(sink, new AbortController().signal);
  expect(sink.frames.length).toBe(1);
  expect(sink.lostFrames).toBe(1);
  expect(sink.troubles).toEqual(["a trouble"]);
});
