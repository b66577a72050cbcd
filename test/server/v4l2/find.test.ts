// Which camera is meant, and where one is that was pulled out and put back.

import { describe, expect, test } from "bun:test";
import { UsageError } from "../../../src/core/errors.ts";
import { chooseCamera, findAgain, isStillAt } from "../../../src/server/sources/v4l2/find.ts";

const CAMERAS = [
  { index: 0, path: "/dev/video0", card: "Integrated Camera: Integrated C", bus: "usb-0000:00:14.0-8" },
  { index: 1, path: "/dev/video2", card: "HD Pro Webcam C920", bus: "usb-0000:00:14.0-1" },
  { index: 2, path: "/dev/video4", card: "HD Pro Webcam C920", bus: "usb-0000:00:14.0-2" },
  { index: 3, path: "/dev/video6", card: "HD Pro", bus: "usb-0000:00:14.0-3" },
];

describe("by what the user wrote", () => {
  test.each([
    ["0", "/dev/video0"],
    ["1", "/dev/video2"],
    ["integrated", "/dev/video0"],
    ["hd pro", "/dev/video6"], // a whole name counts before parts of others
  ])("%p is %s", (text, path) => expect(chooseCamera(CAMERAS, text).path).toBe(path));

  test.each([
    ["4", "there is no camera 4; there are: 0 Integrated Camera: Integrated C (/dev/video0), 1 "],
    ["c920", "'c920' may be more than one camera; there are: 0 "],
    ["elgato", "'elgato' is neither a file nor a camera; there are: 0 "],
  ])("%p is wrong use, and what there is is listed", (text, expected) => {
    const choose = () => chooseCamera(CAMERAS, text);
    expect(choose).toThrow(UsageError);
    expect(choose).toThrow(expected);
    expect(choose).toThrow("3 HD Pro (/dev/video6)");
  });

  test("without any camera", () => {
    expect(() => chooseCamera([], "0")).toThrow("there is no camera 0; no camera is there");
  });
});

describe("plugged in again", () => {
  const [, first, second] = CAMERAS as [(typeof CAMERAS)[0], (typeof CAMERAS)[0], (typeof CAMERAS)[0]];
  test("under another number: by name and socket", () => {
    const moved = [{ ...second, path: "/dev/video9" }, first];
    expect(findAgain(moved, second, "/dev/video4", [first.bus])?.path).toBe("/dev/video9");
  });
  test("another camera at the old path is not taken for it", () => {
    expect(findAgain([{ ...CAMERAS[0], path: "/dev/video2" } as typeof first], first, "/dev/video2", [])).toBeNull();
  });
  test("in another socket: by its name, the one at the old path first", () => {
    const identity = { card: first.card, bus: "usb-elsewhere" };
    expect(findAgain([first, second], identity, "/dev/video4", [])?.path).toBe("/dev/video4");
    expect(findAgain([first, second], identity, "/dev/video8", [])?.path).toBe("/dev/video2");
  });
  test("another one of the same name, which was there all the time, is not taken for it", () => {
    expect(findAgain([second], first, "/dev/video2", [second.bus])).toBeNull();
    const moved = { ...first, path: "/dev/video6", bus: "usb-elsewhere" };
    expect(findAgain([second, moved], first, "/dev/video2", [second.bus])?.path).toBe("/dev/video6");
  });
  test("what is at the old path now is it only where it would be found there", () => {
    const known = { identity: first, others: [] as string[] };
    const at = (here: typeof first, all: (typeof first)[], others: string[] = []) =>
      isStillAt(here.path, here, { ...known, others, all: () => all });
    expect(at(first, [])).toBe(true);
    const elsewhere = { ...first, bus: "usb-elsewhere" };
    expect(at(elsewhere, [elsewhere])).toBe(true); // in another socket
    expect(at(elsewhere, [elsewhere, { ...first, path: "/dev/video6" }])).toBe(false); // one like it, while it is elsewhere
    expect(at({ ...second, path: first.path }, [second], [second.bus])).toBe(false); // one that was there all the time
    const other = { ...CAMERAS[0], path: first.path } as typeof first;
    expect(at(other, [other])).toBe(false);
  });
  test("nowhere", () => expect(findAgain([], first, "/dev/video2", [])).toBeNull());
});
