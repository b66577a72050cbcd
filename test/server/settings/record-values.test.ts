// The texts of the settings of recordings.

import { expect, test } from "bun:test";
import { UsageError } from "../../../src/core/errors.ts";
import { parseKeep, parsePast, parseSegmentSeconds } from "../../../src/server/settings/record-values.ts";

test("parseSegmentSeconds: reads seconds, minutes and hours", () => {
  expect(["10s", "10m", "1.5h", "1d"].map(parseSegmentSeconds)).toEqual([10, 600, 5400, 86_400]);
});

test.each(["", "10", "9s", "25h", "-5m", "10 m", "1e3s", "m"])("parseSegmentSeconds: refuses '%s'", (text) => {
  expect(() => parseSegmentSeconds(text)).toThrow(UsageError);
});

test("parseKeep: reads an age, a size, or both", () => {
  expect(["7d", "50GB", "7d,50GB", "1.5TB, 12h", "500mb"].map(parseKeep)).toEqual([
    { seconds: 604_800, bytes: null },
    { seconds: null, bytes: 5e10 },
    { seconds: 604_800, bytes: 5e10 },
    { seconds: 43_200, bytes: 1.5e12 },
    { seconds: null, bytes: 5e8 },
  ]);
});

test.each(["", ",", "7", "7d,8d", "1GB,2GB", "7d,50GB,1h", "0d", "-1GB", "7d;50GB"])(
  "parseKeep: refuses '%s'",
  (text) => {
    expect(() => parseKeep(text)).toThrow(UsageError);
  },
);

test("parsePast: reads a time, or a time and a size", () => {
  expect(["30s", "2m,100MB", "1h, 4gb"].map(parsePast)).toEqual([
    { seconds: 30, bytes: undefined },
    { seconds: 120, bytes: 1e8 },
    { seconds: 3600, bytes: 4e9 },
  ]);
});

test.each(["", "30", "64MB", "0.5s", "61m", "30s,10s", "30s,0.5MB", "30s,5GB", "30s,64"])(
  "parsePast: refuses '%s'",
  (text) => {
    expect(() => parsePast(text)).toThrow(UsageError);
  },
);
