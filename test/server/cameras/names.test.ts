// Names of cameras: each camera has a unique name, and viewers can ask for a part of it.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { UsageError } from "../../../src/core/errors.ts";
import { printable } from "../../../src/core/printable.ts";
import { MAX_TEXT_BYTES } from "../../../src/protocol/bytes.ts";
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

test("findByName: the text of a refusal fits into a Goodbye, whatever the names are", () => {
  const name = fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 16 })
    .filter((text) => Buffer.byteLength(text) <= 64);
  fc.assert(
    fc.property(fc.uniqueArray(name, { maxLength: 64 }), name, (names, wanted) => {
      const found = findByName(
        names.map((each) => ({ name: each })),
        wanted,
      );
      if (!("text" in found)) return;
      expect(Buffer.byteLength(found.text)).toBeLessThanOrEqual(MAX_TEXT_BYTES);
      if (names.length === 0 || found.text.startsWith("several")) return;
      const more = Number(/ and (\d+) more$/.exec(found.text)?.[1] ?? 0);
      const listed = names.slice(0, names.length - more);
      expect(listed.length).toBeGreaterThan(0);
      expect(found.text).toStartWith(`there is no camera '${wanted}': the cameras are ${listed.join(", ")}`);
    }),
  );
});

test("findByName: the text of a refusal fits into a Goodbye, however many cameras it lists", () => {
  const many = Array.from({ length: 64 }, (_, index) => ({ name: `camera ${index}` }));
  const refusal = findByName(many, "x".repeat(MAX_CAMERA_NAME_BYTES));
  const text = "text" in refusal ? refusal.text : "";
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(200);
  expect(text).toMatch(/camera 0, camera 1, .* and \d+ more$/);
});
