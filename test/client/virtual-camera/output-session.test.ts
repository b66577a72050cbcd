// OutputSession: pixel formats, sizes, write(2) and buffers, with a driver in the test. test/camera has the tests with real drivers.

import { describe, expect, test } from "bun:test";
import { OutputSession } from "../../../src/client/virtual-camera/output-session.ts";
import { PIXEL_LAYOUTS } from "../../../src/client/virtual-camera/pixel-layouts.ts";
import type { Size } from "../../../src/core/pixel-format.ts";
import { V4L2 } from "../../../src/system/v4l2/layouts.ts";
import { ERRNO, hasLibc } from "../../../src/system/v4l2/libc.ts";
import { testPicture, toRgbaBytes } from "../../support/samples.ts";
import { OutputDriver } from "../../support/v4l2-output-driver.ts";

const SIZE: Size = { width: 64, height: 48 };

const pictureOf = (size: Size, shift = 0) => ({ ...size, pixels: toRgbaBytes(testPicture(size, shift)) });
const PICTURE = pictureOf(SIZE);

/** The picture as the device should get it. */
function expected(fourcc: string, picture = PICTURE): Uint8Array {
  const layout = PIXEL_LAYOUTS.find((one) => one.fourcc === fourcc);
  if (layout === undefined) throw new Error(`no layout ${fourcc}`);
  const lineBytes = layout.lineBytes(picture.width);
  const frame = new Uint8Array(layout.pictureBytes(lineBytes, picture.height));
  layout.convert(picture, frame, lineBytes);
  return frame;
}

function prepare(settings: Partial<OutputDriver> = {}) {
  const driver = Object.assign(new OutputDriver(), settings);
  const session = new OutputSession(() => driver.open());
  let reads = 0;
  const offer = (picture = PICTURE, wanted: Size = picture) => session.offer(picture, wanted, () => reads++);
  return { driver, session, offer, readsSoFar: () => reads };
}

const last = ({ frames }: OutputDriver) => frames.at(-1) ?? new Uint8Array();

describe.skipIf(!hasLibc())("OutputSession", () => {
  test("OutputSession: writes the best of the offered formats", () => {
    for (const [formats, chosen] of [
      [["RGB3", "YU12", "YUYV"], "YUYV"],
      [["GREY", "BGR4", "RGB3"], "RGB3"],
      [["XR24", "RGB4"], "XR24"],
    ] as const) {
      const { driver, session, offer } = prepare({ formats });
      expect(offer()).toBe("taken");
      expect([driver.format, session.formatText]).toEqual([`64x48 ${chosen}`, `64x48 ${chosen}`]);
      expect(Buffer.compare(last(driver), expected(chosen))).toBe(0);
    }
  });

  test("OutputSession: takes the next format when the driver changes the best one", () => {
    const { driver, offer } = prepare({ formats: ["YUYV", "RGB3"], refusedFormats: ["YUYV"] });
    expect(offer()).toBe("taken");
    expect(driver.format).toBe("64x48 RGB3");
    expect(Buffer.compare(last(driver), expected("RGB3"))).toBe(0);
  });

  test("OutputSession: lines may be longer than the pixels", () => {
    const { driver, offer } = prepare({ paddingBytes: 32 });
    offer();
    expect(last(driver).length).toBe((64 * 2 + 32) * 48);
    expect(Buffer.compare(last(driver).subarray(0, 128), expected("YUYV").subarray(0, 128))).toBe(0);
  });

  test("OutputSession: a device that has no room for a frame costs this frame", () => {
    const { driver, offer, readsSoFar } = prepare({ writeError: ERRNO.EAGAIN });
    expect([offer(), readsSoFar(), driver.frames.length]).toEqual(["busy", 1, 0]);
    driver.writeError = 0;
    expect([offer(), driver.frames.length]).toEqual(["taken", 1]);
  });

  const BUFFERS_ONLY = { capabilities: V4L2.CAP_VIDEO_OUTPUT | V4L2.CAP_STREAMING };

  test("OutputSession: a device without write(2) gets frames in its buffers, and costs frames while it has all buffers", () => {
    const { driver, session, offer, readsSoFar } = prepare(BUFFERS_ONLY);
    expect([offer(), offer(), offer(), offer()]).toEqual(["taken", "taken", "taken", "busy"]);
    expect([driver.queued.length, readsSoFar()]).toEqual([3, 3]);
    expect(Buffer.compare(last(driver), expected("YUYV"))).toBe(0);
    driver.showOne();
    const other = pictureOf(SIZE, 9);
    expect([offer(other), offer(other)]).toEqual(["taken", "busy"]);
    expect(Buffer.compare(last(driver), expected("YUYV", other))).toBe(0);
    session[Symbol.dispose]();
    expect([driver.queued.length, driver.opened, driver.closed]).toEqual([0, 1, 1]);
  });

  test("OutputSession: a device that refuses write(2) is opened again, and gets frames in its buffers", () => {
    const { driver, session, offer } = prepare({ writeError: ERRNO.EINVAL });
    expect([offer(), offer()]).toEqual(["busy", "taken"]);
    expect(Buffer.compare(last(driver), expected("YUYV"))).toBe(0);
    session[Symbol.dispose]();
    expect([driver.opened, driver.closed]).toEqual([2, 2]);
  });

  test.each([
    ["write(2)", {}],
    ["buffers", BUFFERS_ONLY],
  ])("OutputSession: pictures of another size set the format again (%s)", (_, settings) => {
    const { driver, offer } = prepare(settings);
    offer();
    const larger = pictureOf({ width: 80, height: 60 });
    expect([offer(larger), driver.format]).toEqual(["taken", "80x60 YUYV"]);
    expect(Buffer.compare(last(driver), expected("YUYV", larger))).toBe(0);
    offer();
    expect([driver.format, last(driver).length]).toEqual(["64x48 YUYV", 64 * 48 * 2]);
  });

  test("OutputSession: says once for each format that frames come, before write(2)", () => {
    const { driver, session, offer } = prepare();
    offer();
    offer();
    expect(driver.starts).toEqual(["VIDIOC_STREAMON"]);
    offer(pictureOf({ width: 80, height: 60 }));
    session[Symbol.dispose]();
    expect(driver.starts).toEqual(["VIDIOC_STREAMON", "VIDIOC_STREAMON"]);
  });

  test("OutputSession: a device that keeps its size gets scaled pictures with black bars", () => {
    const { driver, offer } = prepare({ formats: ["RGB3"], onlySize: SIZE });
    const white = { width: 32, height: 48, pixels: new Uint8Array(32 * 48 * 4).fill(255) };
    expect([offer(white), driver.format]).toEqual(["taken", "64x48 RGB3"]);
    const row = last(driver).subarray(0, 64 * 3);
    expect([...new Set(row.subarray(0, 16 * 3))]).toEqual([0]);
    expect([...new Set(row.subarray(16 * 3, 48 * 3))]).toEqual([255]);
    expect([...new Set(row.subarray(48 * 3))]).toEqual([0]);
  });

  test("OutputSession: a device that is in use by readers keeps its format, and pictures are scaled", () => {
    const { driver, offer } = prepare();
    offer();
    driver.keptFormat = "64x48 YUYV";
    expect(offer(pictureOf({ width: 128, height: 96 }))).toBe("taken");
    expect([driver.format, last(driver).length]).toEqual(["64x48 YUYV", 64 * 48 * 2]);
    expect([driver.opened, driver.closed]).toEqual([2, 1]);
  });

  test("OutputSession: asks for even sides where pixels share colours", () => {
    const { driver, offer } = prepare();
    offer(pictureOf({ width: 65, height: 49 }));
    expect(driver.format).toBe("64x48 YUYV");
  });

  test("OutputSession: refuses devices that take no pictures, with the reason", () => {
    const open = (settings: Partial<OutputDriver>) => () => prepare(settings);
    expect(open({ capabilities: V4L2.CAP_VIDEO_CAPTURE | V4L2.CAP_STREAMING })).toThrow(
      "/dev/video9 takes no pictures (it is a camera, or another program gives it pictures): name a free device",
    );
    expect(open({ capabilities: V4L2.CAP_STREAMING })).toThrow(
      "/dev/video9 takes no pictures (it is no output device)",
    );
    expect(open({ formats: ["MJPG", "GREY"] })).toThrow("its formats are MJPG, GREY");
    const busy = prepare({ setFormatError: ERRNO.EBUSY });
    expect(() => busy.offer()).toThrow("VIDIOC_S_FMT /dev/video9: EBUSY");
    const odd = prepare({ onlySize: { width: 63, height: 48 } });
    expect(() => odd.offer()).toThrow("/dev/video9 takes no pictures of 64x48: try another --size");
  });
});
