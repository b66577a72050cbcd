// The cameras of a running server when one of the new ones cannot be made.

import { expect, test } from "bun:test";
import type { Source } from "../../../src/capture/source.ts";
import { CodecError } from "../../../src/core/errors.ts";
import { SILENT_LOG } from "../../../src/core/log.ts";
import type { Camera } from "../../../src/server/cameras/camera.ts";
import { CameraGroup } from "../../../src/server/cameras/camera-group.ts";
import { resolveServeOptions } from "../../../src/server/settings/resolve.ts";

const SOURCE: Source = { name: "a source", framesPerSecond: 1, run: () => Promise.resolve() };

function settingsOf(...names: string[]) {
  return resolveServeOptions({ cameras: names.map((name) => ({ source: SOURCE, name })) }).cameras;
}

/** A camera that runs until it is retired or the group ends. */
function fakeCamera(name: string): Camera {
  const retired = new AbortController();
  const camera: Pick<Camera, "name" | "run" | "retire" | "close" | "giveBackMemory"> = {
    name,
    async run(signal) {
      const either = AbortSignal.any([signal, retired.signal]);
      if (!either.aborted) await new Promise((resolve) => either.addEventListener("abort", resolve));
    },
    retire: () => retired.abort(),
    close: () => Promise.resolve(),
    giveBackMemory: () => Promise.resolve(),
  };
  return camera as Camera;
}

test("CameraGroup: after a camera could not be made, the group still ends, and the next settings make the camera again", async () => {
  let room = Number.POSITIVE_INFINITY;
  const removed: string[] = [];
  const group = new CameraGroup(settingsOf("first", "old"), {
    create({ name }) {
      if (room-- <= 0) throw new CodecError("there is not enough memory");
      return fakeCamera(name);
    },
    onRemoved: ({ name }) => removed.push(name),
    logOf: () => SILENT_LOG,
    log: SILENT_LOG,
  });
  const names = () => group.cameras.map(({ name }) => name);
  const stopping = new AbortController();
  const ended = group.run(stopping.signal);
  room = 1;
  await expect(group.replace(settingsOf("new", "large", "first"))).rejects.toThrow(CodecError);
  expect(names()).toEqual(["first"]);
  room = 2;
  const changes = await group.replace(settingsOf("new", "large", "first"));
  expect(changes).toMatchObject({ kept: ["first"], started: ["new", "large"] });
  expect(names()).toEqual(["new", "large", "first"]);
  expect(removed).toEqual(["old", "new"]);
  room = 1;
  await expect(group.replace(settingsOf("first", "more", "most"))).rejects.toThrow(CodecError);
  stopping.abort();
  await ended;
  expect(group.isRunning).toBe(false);
});
