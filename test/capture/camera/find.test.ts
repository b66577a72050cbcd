// Which cameras there are, which is meant, and where one is that was pulled out and put back.

import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UsageError } from "../../../src/core/errors.ts";
import { chooseCamera, findAgain, listCameras, isStillAt, nodeIndexOf } from "../../../src/capture/camera/find.ts";

const PLAIN = { nodeIndex: 0, isMultiPlanar: false };
const CAMERAS = [
  { index: 0, path: "/dev/video0", card: "Integrated Camera: Integrated C", bus: "usb-0000:00:14.0-8", ...PLAIN },
  { index: 1, path: "/dev/video2", card: "HD Pro Webcam C920", bus: "usb-0000:00:14.0-1", ...PLAIN },
  { index: 2, path: "/dev/video4", card: "HD Pro Webcam C920", bus: "usb-0000:00:14.0-2", ...PLAIN },
  { index: 3, path: "/dev/video6", card: "HD Pro", bus: "usb-0000:00:14.0-3", ...PLAIN },
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
    ["elgato", "there is no camera 'elgato'; there are: 0 "],
  ])("%p is wrong use, and what there is is listed", (text, expected) => {
    const choose = () => chooseCamera(CAMERAS, text);
    expect(choose).toThrow(UsageError);
    expect(choose).toThrow(expected);
    expect(choose).toThrow("3 HD Pro (/dev/video6)");
  });

  test("without any camera", () => {
    expect(() => chooseCamera([], "0")).toThrow("there is no camera 0; no camera is there");
  });

  test("of two nodes of one camera its name means the first, an index either", () => {
    const [laptop] = CAMERAS as [(typeof CAMERAS)[0]];
    const both = [laptop, { ...laptop, index: 1, path: "/dev/video2", nodeIndex: 2 }];
    expect(chooseCamera(both, "integrated").path).toBe("/dev/video0");
    expect(chooseCamera(both, "1").path).toBe("/dev/video2");
    const unknown = both.map((camera) => ({ ...camera, bus: "" })); // neither could be asked: they may be two cameras
    expect(() => chooseCamera(unknown, "integrated")).toThrow("may be more than one camera");
  });

  test("what is not there may be there later; what is not clear will not be", () => {
    const retryOf = (text: string) => {
      try {
        chooseCamera(CAMERAS, text);
      } catch (error) {
        return (error as UsageError).retry;
      }
      return null;
    };
    expect(["4", "elgato", "c920"].map(retryOf)).toEqual([true, true, false]);
  });
});

describe("the kernel's list of nodes", () => {
  const folder = mkdtempSync(join(tmpdir(), "slipstream-nodes-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const node = (name: string, files: Record<string, string>) => {
    mkdirSync(join(folder, name));
    for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, name, file), `${text}\n`);
  };
  // None of these has a device, so each is what sysfs says of it.
  node("video9912", { index: "0", name: "Twelve" });
  node("video9909", { index: "0", name: "Nine" });
  node("video9910", { name: "Going" }); // its index is gone already
  node("video9911", { index: "1", name: "Nine" }); // metadata, or a second picture: nobody can say without opening it
  node("video9913", { index: "0" }); // its name is gone already
  node("vbi9900", { index: "0", name: "Teletext" });

  test("one that vanishes while it is read costs the others nothing", () => {
    const plain = { bus: "", ...PLAIN };
    expect(listCameras(folder)).toEqual([
      { index: 0, path: "/dev/video9909", card: "Nine", ...plain },
      { index: 1, path: "/dev/video9912", card: "Twelve", ...plain },
    ]);
  });

  test("which of its device's nodes one is, by a link to it too", () => {
    expect(
      ["video9909", "video9911", "video9910", "video1"].map((name) => nodeIndexOf(join(folder, name), folder)),
    ).toEqual([0, 1, 0, 0]);
    symlinkSync(join(folder, "video9911"), join(folder, "by-id"));
    expect(nodeIndexOf(join(folder, "by-id"), folder)).toBe(1);
  });

  test("without any", () => expect(listCameras(join(folder, "nothing"))).toEqual([]));
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
    const identity = { card: first.card, bus: "usb-elsewhere", nodeIndex: 0 };
    expect(findAgain([first, second], identity, "/dev/video4", [])?.path).toBe("/dev/video4");
    expect(findAgain([first, second], identity, "/dev/video8", [])?.path).toBe("/dev/video2");
  });
  test("another one of the same name, which was there all the time, is not taken for it", () => {
    expect(findAgain([second], first, "/dev/video2", [second.bus])).toBeNull();
    const moved = { ...first, path: "/dev/video6", bus: "usb-elsewhere" };
    expect(findAgain([second, moved], first, "/dev/video2", [second.bus])?.path).toBe("/dev/video6");
  });
  test("the same one of a camera's nodes, not the other", () => {
    const infrared = { ...first, path: "/dev/video3", nodeIndex: 2 };
    expect(findAgain([first, infrared], infrared, "/dev/video3", [])?.path).toBe("/dev/video3");
    const moved = { ...infrared, path: "/dev/video9", bus: "usb-elsewhere" };
    expect(findAgain([first, moved], infrared, "/dev/video3", [])?.path).toBe("/dev/video9");
    expect(findAgain([first], infrared, "/dev/video3", [])).toBeNull();
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
