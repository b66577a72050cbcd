// The zones of motion detection: what the settings file and the library accept, and what they say about the rest.

import { expect, test } from "bun:test";
import { resolveServeOptions } from "../../../src/server/settings/resolve.ts";
import { combine } from "../../../src/server/settings/settings.ts";
import { parseSettings } from "../../../src/server/settings/settings-file.ts";

const CAMERA = '[[cameras]]\nsource = "pattern"\nmotion = true\n';
const read = (zones: string) => parseSettings(`${CAMERA}${zones}`, "slipstream.toml");
const refusal = (zones: string) => {
  try {
    read(zones);
  } catch (error) {
    return String((error as Error).message);
  }
  return null;
};

test("zones: rectangles and polygons of the file become those of the motion detection", () => {
  const file = read(`
motion-area = 2
motion-for = 100
motion-quiet = 1.5
[[cameras.zones]]
name = "door"
rectangle = [0.7, 0, 0.3, 0.5]
[[cameras.zones]]
name = "street"
ignore = true
polygon = [[0, 0], [1, 0], [1, 0.25]]
`);
  const [camera] = resolveServeOptions(combine({}, file)).cameras;
  expect(camera?.motion).toEqual({
    area: 0.02,
    forMicros: 100_000,
    quietMicros: 1_500_000,
    command: null,
    webhook: null,
    zones: [
      {
        name: "door",
        isWatched: true,
        polygon: [
          [0.7, 0],
          [1, 0],
          [1, 0.5],
          [0.7, 0.5],
        ],
      },
      {
        name: "street",
        isWatched: false,
        polygon: [
          [0, 0],
          [1, 0],
          [1, 0.25],
        ],
      },
    ],
  });
});

test("zones: without `motion` nothing is detected, and flags have priority over the file", () => {
  const [off] = resolveServeOptions(combine({}, parseSettings('[[cameras]]\nsource = "pattern"\n', "f"))).cameras;
  expect(off?.motion).toBeNull();
  const [on] = resolveServeOptions(combine({ motionArea: 1 }, read("motion-area = 2"))).cameras;
  expect(on?.motion).toEqual({
    area: 0.01,
    forMicros: 300_000,
    quietMicros: 5_000_000,
    zones: [],
    command: null,
    webhook: null,
  });
});

test("zones: each error is one line with the place in the file", () => {
  const zone = (text: string) => `zones = [\n  { name = "door", ${text} },\n]\n`;
  const place = "slipstream.toml:5: cameras[0].zones[0]";
  expect(refusal(zone("polygon = [[0, 0], [1, 1], [1, 0], [0, 1]]"))).toBe(
    `${place}.polygon: crosses itself: the side from [0, 0] to [1, 1] and the side from [1, 0] to [0, 1] meet; name the corners in their order along the edge`,
  );
  expect(refusal(zone("rectangle = [0.5, 0, 0.6, 1]"))).toBe(
    `${place}.rectangle: has the corner [1.1, 0], which is outside of the picture: x and y must be from 0 to 1`,
  );
  for (const size of ["-0.2, 0.2", "0.2, -0.2", "0, 0.2"]) {
    expect(refusal(zone(`rectangle = [0.5, 0.5, ${size}]`))).toBe(
      `${place}.rectangle: has the size ${size.replace(", ", " × ")}: after x and y, write a width and a height above 0`,
    );
  }
  expect(refusal(zone('rectangle = "all"'))).toStartWith(`${place}.rectangle: must be [x, y, width, height]`);
  expect(refusal(zone("rectangle = [0, 0, 1, 1, 1]"))).toStartWith(
    `${place}.rectangle[4]: must be [x, y, width, height]`,
  );
  expect(refusal(zone("polygon = [[0, 0, 0], [1, 0], [1, 1]]"))).toContain(": must be a list of corners");
  expect(refusal(zone("rectangle = [0, 0, 1, 1], colour = 1"))).toBe(
    `${place}.colour: there is no such setting; there are name, ignore, rectangle, polygon`,
  );
  expect(refusal("zones = [{ rectangle = [0, 0, 1, 1] }]")).toBe(
    "slipstream.toml:4: cameras[0].zones[0].name: is missing",
  );
  expect(refusal(zone("ignore = true"))).toBe(
    "slipstream.toml:4: cameras[0].zones: the zone 'door' needs either a rectangle or a polygon",
  );
  expect(refusal('zones = ["door"]')).toStartWith("slipstream.toml:4: cameras[0].zones[0]: must be");
  expect(refusal("zones = 1")).toStartWith("slipstream.toml:4: cameras[0].zones: must be a list of tables");
  const twice = '{ name = "door", rectangle = [0, 0, 1, 1] }';
  expect(refusal(`zones = [${twice}, ${twice}]`)).toContain("'door' is already the name of another zone");
});

test("zones: the library checks them too, and refuses motion without a comparison", () => {
  const resolve = (motion: object, noise?: null) => () =>
    resolveServeOptions({ cameras: [{ source: "pattern", motion, ...(noise === undefined ? {} : { noise }) }] });
  expect(resolve({ area: 0 })).toThrow("motionArea must be a number from 0.0001 to 1, not 0");
  expect(
    resolve({
      zones: [
        {
          name: "x",
          polygon: [
            [0, 0],
            [2, 0],
            [1, 1],
          ],
        },
      ],
    }),
  ).toThrow("the zone 'x' has the corner");
  expect(resolve({ zones: [{ name: " ", rectangle: [0, 0, 1, 1] }] })).toThrow("' ' is not a name of a zone");
  expect(resolve({}, null)).toThrow("motion cannot be detected with noise off");
  expect(resolve({})).not.toThrow();
  expect(() => resolveServeOptions({ codec: "jsquash", cameras: [{ source: "pattern", motion: {} }] })).toThrow(
    "motion cannot be detected with the codec jsquash: use simd",
  );
});
