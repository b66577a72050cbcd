// Controls by the kernel's requests: the list skips controls that do not answer, settings get the intended value, and refusals are explained.

import { describe, expect, test } from "bun:test";
import { SourceError, UsageError } from "../../../src/core/errors.ts";
import { applySetting, applySettings, checkSettings, listControls } from "../../../src/capture/v4l2/controls.ts";
import { explainSystemCall } from "../../../src/system/v4l2/explain.ts";
import { V4L2 } from "../../../src/system/v4l2/layouts.ts";
import { ERRNO, SystemCallError } from "../../../src/system/v4l2/libc.ts";
import { ControlDriver, type DriverControl } from "../../support/v4l2-control-driver.ts";

const integer = (id: number, title: string, more: Partial<DriverControl> = {}): DriverControl => ({
  id,
  title,
  type: V4L2.CTRL_TYPE_INTEGER,
  value: 1n,
  ...more,
});
const brightness = () => integer(0x00980900, "Brightness");
const gain = (more: Partial<DriverControl> = {}) => integer(0x00980913, "Gain", more);
const time = (more: Partial<DriverControl> = {}) => integer(0x009a0902, "Exposure Time, Absolute", more);
const focus = () => integer(0x009a090a, "Focus, Absolute");
/** A menu of vivid (drivers/media/test-drivers/vivid/vivid-ctrls.c): some labels are the indices of other items. */
const numbers = (): DriverControl => ({
  id: 0x0098f00a,
  title: "Integer Menu",
  type: V4L2.CTRL_TYPE_INTEGER_MENU,
  maximum: 8n,
  value: 0n,
  items: [1, 1, 2, 3, 5, 8, 13, 21, 42],
});

function caught(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error("it did not throw");
}

describe("listControls: requests", () => {
  const namesOf = (driver: ControlDriver) => listControls(driver).map(({ name }) => name);

  test("listControls: lists controls with values and menus", () => {
    const driver = new ControlDriver(brightness(), numbers());
    expect(listControls(driver)).toMatchObject([
      { name: "brightness", type: "integer", maximum: 255, value: 1, menu: [] },
      { name: "integer_menu", type: "menu", value: 0, isReadOnly: false },
    ]);
    expect(listControls(driver)[1]?.menu[5]).toEqual({ value: 5, label: "8" });
  });

  test("listControls: removes control characters from titles", () => {
    const driver = new ControlDriver(integer(0x00980913, "Ga\u001b[2J\u0007in\n", { items: [] }));
    expect(listControls(driver)[0]?.title).toBe("Ga[2Jin");
  });

  test.each([["EIO"], ["EPIPE"], ["EBUSY"]] as const)("listControls: leaves out controls that answer %s", (errno) => {
    const broken = { queryErrno: ERRNO[errno] };
    expect(namesOf(new ControlDriver(brightness(), gain(broken), time(broken), focus()))).toEqual([
      "brightness",
      "focus_absolute",
    ]);
    expect(namesOf(new ControlDriver(gain(broken), time()))).toEqual(["exposure_time_absolute"]);
    expect(namesOf(new ControlDriver(brightness(), focus(), integer(0x009a090d, "Zoom", broken)))).toEqual([
      "brightness",
      "focus_absolute",
    ]);
  });

  test.each([["ENODEV"], ["ETIMEDOUT"]] as const)("listControls: throws when the device answers %s", (errno) => {
    const driver = new ControlDriver(brightness(), time({ queryErrno: ERRNO[errno] }), focus());
    for (const ask of [
      () => listControls(driver),
      () => applySetting(driver, { name: "focus_absolute", value: "1" }),
      () => checkSettings(driver, [{ name: "focus_absolute", value: "1" }]),
    ]) {
      expect(caught(ask)).toMatchObject({ name: "SystemCallError", code: errno });
    }
  });

  test("listControls: a device that refuses everything gets a limited number of requests", () => {
    const driver = new ControlDriver();
    driver.gone = ERRNO.EIO;
    expect(caught(() => listControls(driver))).toMatchObject({ code: "EIO" });
    expect(driver.asked["VIDIOC_QUERY_EXT_CTRL"]).toBeLessThan(200);
    driver.gone = ERRNO.ENOTTY; // a driver without controls
    expect(listControls(driver)).toEqual([]);
  });
});

describe("applySetting: values", () => {
  test.each([
    ["8", 5n], // a label has priority
    ["5", 4n],
    ["7", 7n], // it is not a label, so it is an index
  ])("applySetting: reads %s for an integer menu once, as a label or an index", (value, index) => {
    const driver = new ControlDriver(numbers());
    applySetting(driver, { name: "integer_menu", value });
    expect(driver.value("Integer Menu")).toBe(index);
  });

  test("applySetting: reads no values and no menus of other controls", () => {
    const driver = new ControlDriver(brightness(), numbers(), time(), focus());
    applySetting(driver, { name: "exposure_absolute", value: "50" });
    expect(driver.value("Exposure Time, Absolute")).toBe(50n);
    expect(driver.asked).toEqual({ VIDIOC_QUERY_EXT_CTRL: 5, VIDIOC_S_EXT_CTRLS: 1 });
  });

  test("applySetting: sets 64-bit values up to the largest exact number", () => {
    const limits = { minimum: -(2n ** 63n), maximum: 2n ** 63n - 1n };
    const driver = new ControlDriver(gain({ ...limits, type: V4L2.CTRL_TYPE_INTEGER64 }));
    for (const value of [2n ** 53n - 1n, -(2n ** 53n) + 1n]) {
      applySetting(driver, { name: "gain", value: String(value) });
      expect(driver.value("Gain")).toBe(value);
    }
    for (const value of ["9223372036854775807", "-9223372036854775808", "9007199254740992"]) {
      const error = caught(() => applySetting(driver, { name: "gain", value }));
      expect(error).toBeInstanceOf(UsageError);
      expect(error.message).toBe(`'${value}' is too large for 'gain': values beyond 9007199254740991 cannot be set`);
    }
  });

  test("applySetting: sets all 32 bits of a bitmask", () => {
    const driver = new ControlDriver(gain({ type: V4L2.CTRL_TYPE_BITMASK, maximum: -1n }));
    applySetting(driver, { name: "gain", value: "0xffffffff" });
    expect(driver.value("Gain")).toBe(-1n);
    expect(caught(() => applySetting(driver, { name: "gain", value: "0x100000000" })).message).toContain(
      "write 0 to 4294967295",
    );
  });

  test.each([
    ["EACCES", "exposure_absolute cannot be set now, because its automatic mode is on"],
    [
      "EBUSY",
      "exposure_absolute cannot be set now, because the running camera needs the current value, or another program has locked the control",
    ],
    ["ERANGE", "exposure_absolute was not set: the camera does not accept the value 50"],
    [
      "EIO",
      "exposure_absolute was not set: the camera did not answer correctly (VIDIOC_S_EXT_CTRLS /dev/video9: EIO): try again",
    ],
  ] as const)("applySetting: explains a refusal by %s", (errno, text) => {
    const driver = new ControlDriver(brightness(), time({ setErrno: ERRNO[errno] }));
    const setting = { name: "exposure_absolute", value: "50" };
    const error = caught(() => applySetting(driver, setting));
    expect(error).toBeInstanceOf(SourceError);
    expect(error.message).toBe(text);
    expect(applySettings(driver, [setting, { name: "brightness", value: "9" }])).toEqual([text]);
    expect(driver.value("Brightness")).toBe(9n);
  });

  test("applySetting: an unplugged device is reported as gone, not as a refused setting", () => {
    const driver = new ControlDriver(time({ setErrno: 108 })); // ESHUTDOWN (uapi/asm-generic/errno.h)
    const error = caught(() => applySetting(driver, { name: "exposure_absolute", value: "50" }));
    expect(error).toBeInstanceOf(SystemCallError);
    expect(explainSystemCall(error, "/dev/video9")).toBe("/dev/video9 is not there any more");
  });
});

describe("applySettings: several settings", () => {
  const settings = ["brightness", "gain", "exposure_absolute"].map((name) => ({ name, value: "7" }));

  test("applySettings: lists the controls once for all settings", () => {
    const driver = new ControlDriver(brightness(), gain(), time());
    expect(applySettings(driver, settings)).toEqual([]);
    expect(driver.asked).toEqual({ VIDIOC_QUERY_EXT_CTRL: 4, VIDIOC_S_EXT_CTRLS: 3 });
    expect(applySettings(driver, [])).toEqual([]);
    expect(driver.asked["VIDIOC_QUERY_EXT_CTRL"]).toBe(4);
  });

  test("applySettings: returns a line for each failed setting, and throws if the device is gone", () => {
    const driver = new ControlDriver(brightness());
    expect(applySettings(driver, settings.slice(0, 2))).toEqual([
      "the camera has no control 'gain': its controls are brightness",
    ]);
    driver.gone = ERRNO.ETIMEDOUT;
    expect(applySettings(driver, settings)).toEqual([
      "no controls were set: the camera does not list its controls (VIDIOC_QUERY_EXT_CTRL /dev/video9: ETIMEDOUT)",
    ]);
    driver.gone = ERRNO.ENODEV;
    expect(() => applySettings(driver, settings)).toThrow("ENODEV");
  });
});
