// Names of cameras: each camera has a unique name, and viewers can ask for a part of it.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { UsageError } from "../../../src/core/errors.ts";
import { printable } from "../../../src/core/printable.ts";
import { GoodbyeReason, MAX_CAMERA_NAME_BYTES } from "../../../src/protocol/wire.ts";
import { findByName, nameAfterSource } from "../../../src/server/cameras/names.ts";
import { checkCameraName } from "../../../src/server/settings/camera-name.ts";

test("nameAfterSource: makes usable and unique names from any source names", () => {
  const sourceName = fc.oneof(fc.constant("pattern"), fc.string({ unit: "binary", maxLength: 90 }));
  fc.assert(
    fc.property(fc.array(sourceName, { maxLength: 12 }), (sources) => {
      const taken: string[] = [];
      for (const source of sources) taken.push(nameAfterSource(source, taken));
      expect(new Set(taken).size).toBe(sources.length);
      for (const name of taken) {
        expect(Buffer.byteLength(name)).toBeLessThanOrEqual(MAX_CAMERA_NAME_BYTES);
        expect(name).toBe(printable(name));
        expect(name).not.toBe("");
      }
    }),
  );
  expect(nameAfterSource("pattern", ["pattern", "a"])).toBe("pattern-2");
  expect(nameAfterSource("pattern", ["pattern", "pattern-2"])).toBe("pattern-3");
});

test.each(["", "  ", "a\nb", "\u007f", "a\u009b2J", "a\u202eb", "x".repeat(65), "é".repeat(33)])(
  "checkCameraName: refuses '%s'",
  (name) => {
    expect(() => checkCameraName(name)).toThrow(UsageError);
  },
);

const cameras = ["door", "front door", "Yard", "/dev/video0"].map((name) => ({ name }));

test.each([
  ["", "door"],
  ["door", "door"],
  ["front", "front door"],
  ["FRONT DOOR", "front door"],
  ["yard", "Yard"],
  ["video0", "/dev/video0"],
])("findByName: '%s' finds the camera '%s'", (wanted, name) => {
  expect(findByName(cameras, wanted)).toEqual({ name });
});

test.each([
  ["roof", "there is no camera 'roof': the cameras are door, front door, Yard, /dev/video0"],
  ["d", "several cameras are called 'd': door, front door, Yard, /dev/video0"],
])("findByName: refuses '%s' with a list of the cameras", (wanted, text) => {
  expect(findByName(cameras, wanted)).toEqual({ reason: GoodbyeReason.noCamera, text });
});

test("findByName: the text of a refusal fits into a Goodbye, however many cameras it lists", () => {
  const many = Array.from({ length: 64 }, (_, index) => ({ name: `camera ${index}` }));
  const refusal = findByName(many, "x".repeat(MAX_CAMERA_NAME_BYTES));
  const text = "text" in refusal ? refusal.text : "";
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(200);
  expect(text).toMatch(/camera 0, camera 1, .* and \d+ more$/);
});
