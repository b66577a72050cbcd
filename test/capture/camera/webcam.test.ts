// The source `webcam`: device names that are safe in a shell, and real pictures by fswebcam.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { MissingError, SourceError, UsageError } from "../../../src/core/errors.ts";
import { createWebcam } from "../../../src/capture/camera/webcam.ts";
import { djpeg } from "../../support/jpeg-tools.ts";
import { until } from "../../support/wait-until.ts";
import { RecordingSink } from "../../support/recording-sink.ts";

const SIZE = { width: 160, height: 120 };
const hasProgram = process.platform !== "linux" || Bun.which("fswebcam") !== null;

/** Creates the source of a device. */
const webcam = (device: string, framesPerSecond: number) =>
  createWebcam({ device, size: SIZE, framesPerSecond, quality: 80 });

/** Whether a name passes the check. A missing fswebcam is reported only after the check. */
function isAccepted(device: string): boolean {
  try {
    expect(webcam(device, 1).name).toBe(device);
    return true;
  } catch (error) {
    if (error instanceof MissingError) return true;
    expect(error).toBeInstanceOf(UsageError);
    return false;
  }
}

test.skipIf(!hasProgram)("webcam: refuses a folder for temporary files that a shell would misread", () => {
  const before = process.env["TMPDIR"];
  try {
    for (const folder of ["/tmp/a b", "/tmp/$(id)", "/tmp/a;b", "/tmp/'a'"]) {
      process.env["TMPDIR"] = folder;
      expect(() => webcam("TEST:colourbars", 1)).toThrow(/set TMPDIR to another folder/);
    }
    process.env["TMPDIR"] = "/tmp/slip-stream_1.0";
    expect(webcam("TEST:colourbars", 1).name).toBe("TEST:colourbars");
  } finally {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
  }
});

describe("webcam: device names", () => {
  const names = ["/dev/video0", "/dev/v4l/by_id/cam.1", "TEST:colourbars", "0", "FILE:a.png"];
  test.each(names)("webcam: takes the device name '%s'", (name) => {
    expect(isAccepted(name)).toBe(true);
  });

  test.each([
    "",
    " ",
    "-",
    "--help",
    "-d",
    "/-d",
    "/",
    "//",
    ".",
    "..",
    "a b",
    "a;b",
    "a&b",
    "a|b",
    "a>b",
    "a<b",
    "$HOME",
    "a$(b)",
    "`a`",
    "a'b",
    'a"b',
    "a\\b",
    "a*b",
    "a?b",
    "a~b",
    "~a",
    "a!b",
    "a#b",
    "a{b}",
    "a[b]",
    "a(b)",
    "a\nb",
    "a\n",
    "a\0",
    "ä",
    "%PATH%",
    "^",
    "x".repeat(101),
  ])("webcam: refuses the device name '%s'", (name) => {
    expect(isAccepted(name)).toBe(false);
  });

  test("webcam: no accepted name has special characters of a shell or begins like an option", () => {
    const risky = fc.constantFrom(..." \t\n\r;&|<>$`'\"\\*?[](){}!#~^%=,-@+\0");
    const usual = fc.constantFrom(..."abcXYZ019_.:/");
    const name = fc.array(fc.oneof({ weight: 6, arbitrary: usual }, { weight: 1, arbitrary: risky }), {
      maxLength: 20,
    });
    let accepted = 0;
    fc.assert(
      fc.property(
        fc.oneof(
          name.map((characters) => characters.join("")),
          fc.string(),
          fc.string({ unit: "binary" }),
        ),
        (text) => {
          if (!isAccepted(text)) return;
          accepted++;
          expect(text).toMatch(/^[A-Za-z0-9_.:/]+$/);
          expect(text.startsWith("-")).toBe(false);
          expect(text.replace(/^\//, "")).toMatch(/^[A-Za-z0-9]/);
        },
      ),
      { numRuns: 2000 },
    );
    expect(accepted).toBeGreaterThan(20);
  });
});

describe.skipIf(!hasProgram || process.platform !== "linux")("webcam, pictures", () => {
  test("webcam: delivers fswebcam's test picture as whole JPEGs until the abort", async () => {
    const sink = new RecordingSink();
    const stopping = new AbortController();
    const running = webcam("TEST:colourbars", 20).run(sink, stopping.signal);
    await until(() => sink.jpegs.length >= 2, "two pictures", 10_000);
    stopping.abort();
    await running;
    for (const jpeg of sink.jpegs) expect(djpeg(jpeg)).toMatchObject(SIZE);
  });

  test("webcam: a missing camera gives a SourceError of one line", async () => {
    const run = webcam("/dev/video9999", 5).run(new RecordingSink(), new AbortController().signal);
    const error = await run.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SourceError);
    expect((error as SourceError).message).toStartWith("/dev/video9999 delivered no picture: ");
    expect((error as SourceError).message).not.toContain("\n");
    expect((error as SourceError).retry).toBe("soon");
  });
});
