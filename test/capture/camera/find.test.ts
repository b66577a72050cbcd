// Cameras: the list of cameras, the camera that a text means, and the place of a camera that was unplugged.

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

describe("chooseCamera: names, indices and paths", () => {
  test.each([
    ["0", "/dev/video0"],
    ["1", "/dev/video2"],
    ["integrated", "/dev/video0"],
    ["hd pro", "/dev/video6"], // a whole name has priority over parts of other names
  ])("chooseCamera: %p chooses %s", (text, path) => expect(chooseCamera(CAMERAS, text).path).toBe(path));

  test.each([
    ["4", "there is no camera 4: the cameras are 0 Integrated Camera: Integrated C (/dev/video0), 1 "],
    ["c920", "'c920' matches more than one camera: the cameras are 0 "],
    ["elgato", "there is no camera 'elgato': the cameras are 0 "],
  ])("chooseCamera: %p is refused with a list of the cameras", (text, expected) => {
    const choose = () => chooseCamera(CAMERAS, text);
    expect(choose).toThrow(UsageError);
    expect(choose).toThrow(expected);
    expect(choose).toThrow("3 HD Pro (/dev/video6)");
  });

  test("chooseCamera: its error says so when there is no camera at all", () => {
    expect(() => chooseCamera([], "0")).toThrow("there is no camera 0: no camera is connected");
  });

  test("chooseCamera: a name chooses the first node of a camera, an index any node", () => {
    const [laptop] = CAMERAS as [(typeof CAMERAS)[0]];
    const both = [laptop, { ...laptop, index: 1, path: "/dev/video2", nodeIndex: 2 }];
    expect(chooseCamera(both, "integrated").path).toBe("/dev/video0");
    expect(chooseCamera(both, "1").path).toBe("/dev/video2");
    const unknown = both.map((camera) => ({ ...camera, bus: "" })); // neither node could be opened, so they may belong to two cameras
    expect(() => chooseCamera(unknown, "integrated")).toThrow("matches more than one camera");
  });

  test("chooseCamera: a missing camera can be retried, an ambiguous name cannot", () => {
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

describe("listCameras: nodes of the kernel", () => {
  const folder = mkdtempSync(join(tmpdir(), "slipstream-nodes-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const node = (name: string, files: Record<string, string>) => {
    mkdirSync(join(folder, name));
    for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, name, file), `${text}\n`);
  };
  // No device is behind these nodes, so each is listed with its name from sysfs.
  node("video9912", { index: "0", name: "Twelve" });
  node("video9909", { index: "0", name: "Nine" });
  node("video9910", { name: "Going" }); // its index has vanished already
  node("video9911", { index: "1", name: "Nine" }); // this node may be for metadata or a second picture; only opening it would tell
  node("video9913", { index: "0" }); // its name has vanished already
  node("vbi9900", { index: "0", name: "Teletext" });

  test("listCameras: a node that vanishes during the listing does not hide the others", () => {
    const plain = { bus: "", ...PLAIN };
    expect(listCameras(folder)).toEqual([
      { index: 0, path: "/dev/video9909", card: "Nine", ...plain },
      { index: 1, path: "/dev/video9912", card: "Twelve", ...plain },
    ]);
  });

  test("nodeIndexOf: reads the index of a node, even through a symbolic link", () => {
    expect(
      ["video9909", "video9911", "video9910", "video1"].map((name) => nodeIndexOf(join(folder, name), folder)),
    ).toEqual([0, 1, 0, 0]);
    symlinkSync(join(folder, "video9911"), join(folder, "by-id"));
    expect(nodeIndexOf(join(folder, "by-id"), folder)).toBe(1);
  });

  test("listCameras: returns no cameras if the kernel's folder does not exist", () => {
    expect(listCameras(join(folder, "nothing"))).toEqual([]);
  });
});

describe("findAgain: a camera that was unplugged", () => {
  const [, first, second] = CAMERAS as [(typeof CAMERAS)[0], (typeof CAMERAS)[0], (typeof CAMERAS)[0]];
  test("findAgain: finds a camera by name and socket under another number", () => {
    const moved = [{ ...second, path: "/dev/video9" }, first];
    expect(findAgain(moved, { identity: second, path: "/dev/video4", others: [first.bus] })?.path).toBe("/dev/video9");
  });
  test("findAgain: does not take another camera at the old path", () => {
    const other = { ...CAMERAS[0], path: "/dev/video2" } as typeof first;
    expect(findAgain([other], { identity: first, path: "/dev/video2", others: [] })).toBeNull();
  });
  test("findAgain: finds a camera in another socket by its name, and prefers the one at the old path", () => {
    const identity = { card: first.card, bus: "usb-elsewhere", nodeIndex: 0 };
    expect(findAgain([first, second], { identity, path: "/dev/video4", others: [] })?.path).toBe("/dev/video4");
    expect(findAgain([first, second], { identity, path: "/dev/video8", others: [] })?.path).toBe("/dev/video2");
  });
  test("findAgain: does not take a camera of the same name that was always there", () => {
    expect(findAgain([second], { identity: first, path: "/dev/video2", others: [second.bus] })).toBeNull();
    const moved = { ...first, path: "/dev/video6", bus: "usb-elsewhere" };
    expect(findAgain([second, moved], { identity: first, path: "/dev/video2", others: [second.bus] })?.path).toBe(
      "/dev/video6",
    );
  });
  test("findAgain: finds the same node of a camera with two nodes", () => {
    const infrared = { ...first, path: "/dev/video3", nodeIndex: 2 };
    expect(findAgain([first, infrared], { identity: infrared, path: "/dev/video3", others: [] })?.path).toBe(
      "/dev/video3",
    );
    const moved = { ...infrared, path: "/dev/video9", bus: "usb-elsewhere" };
    expect(findAgain([first, moved], { identity: infrared, path: "/dev/video3", others: [] })?.path).toBe(
      "/dev/video9",
    );
    expect(findAgain([first], { identity: infrared, path: "/dev/video3", others: [] })).toBeNull();
  });
  test("isStillAt: is true only if findAgain would find the camera at its old path", () => {
    const at = (here: typeof first, all: (typeof first)[], others: string[] = []) =>
      isStillAt({ path: here.path, identity: first, others }, here, () => all);
    expect(at(first, [])).toBe(true);
    const elsewhere = { ...first, bus: "usb-elsewhere" };
    expect(at(elsewhere, [elsewhere])).toBe(true); // this camera is in another socket
    expect(at(elsewhere, [elsewhere, { ...first, path: "/dev/video6" }])).toBe(false); // the camera itself is at another path
    expect(at({ ...second, path: first.path }, [second], [second.bus])).toBe(false); // this camera was always there
    const other = { ...CAMERAS[0], path: first.path } as typeof first;
    expect(at(other, [other])).toBe(false);
  });
  test("findAgain: returns null without cameras", () => {
    expect(findAgain([], { identity: first, path: "/dev/video2", others: [] })).toBeNull();
  });
});
