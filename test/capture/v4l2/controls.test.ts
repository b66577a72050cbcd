// Settings of cameras by name: names of controls, values that a control accepts, and the error of one line for other values.

import { describe, expect, test } from "bun:test";
import { UsageError } from "../../../src/core/errors.ts";
import type { SourceControl } from "../../../src/capture/source.ts";
import { controlValue, findControl, parseSetting, withSetting } from "../../../src/capture/control-values.ts";
import { controlName } from "../../../src/capture/v4l2/controls.ts";

function control(title: string, values: Partial<SourceControl> = {}): SourceControl {
  return {
    name: controlName(title),
    title,
    type: "integer",
    minimum: 0,
    maximum: 255,
    step: 1,
    defaultValue: 128,
    value: 128,
    menu: [],
    isReadOnly: false,
    isInactive: false,
    ...values,
  };
}

const AUTO_EXPOSURE = control("Auto Exposure", {
  type: "menu",
  maximum: 3,
  menu: [
    { value: 1, label: "Manual Mode" },
    { value: 3, label: "Aperture Priority Mode" },
  ],
});
const CAMERA = [
  control("Brightness", { minimum: -64, maximum: 64 }),
  AUTO_EXPOSURE,
  control("Exposure Time, Absolute", { minimum: 3, maximum: 2047 }),
  control("White Balance, Automatic", { type: "boolean", maximum: 1 }),
  control("Zoom, Absolute", { minimum: 100, maximum: 500, step: 10 }),
];

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    expect((error as UsageError).message).not.toContain("\n");
    return (error as UsageError).message;
  }
  throw new Error("it did not throw");
}

// The names that `v4l2-ctl --list-ctrls` of v4l-utils 1.22 prints for these titles.
test.each([
  ["Brightness", "brightness"],
  ["Auto Exposure", "auto_exposure"],
  ["Exposure, Auto", "exposure_auto"],
  ["Exposure Time, Absolute", "exposure_time_absolute"],
  ["White Balance Temperature, Auto", "white_balance_temperature_auto"],
  ["Pan (Absolute)", "pan_absolute"],
  ["LED1 Mode", "led1_mode"],
  [" 50 Hz / 60 Hz ", "50_hz_60_hz"],
])("controlName: the name of %p is %p", (title, name) => expect(controlName(title)).toBe(name));

describe("parseSetting: text of a setting", () => {
  test("parseSetting: reads NAME=VALUE", () => {
    expect(parseSetting("brightness=12")).toEqual({ name: "brightness", value: "12" });
    expect(parseSetting("auto_exposure=Manual Mode")).toEqual({ name: "auto_exposure", value: "Manual Mode" });
    expect(parseSetting("brightness=-3").value).toBe("-3");
  });
  test.each(["brightness", "=3", "brightness=", "bright ness=3", ""])("parseSetting: refuses %p", (text) => {
    expect(messageOf(() => parseSetting(text))).toContain("NAME=VALUE");
  });
});

describe("findControl: names", () => {
  test("findControl: finds a control by its name in older and newer kernels", () => {
    expect(findControl(CAMERA, "auto_exposure")).toBe(AUTO_EXPOSURE);
    expect(findControl(CAMERA, "exposure_auto")).toBe(AUTO_EXPOSURE);
    expect(findControl([control("Exposure, Auto")], "auto_exposure").title).toBe("Exposure, Auto");
  });
  test("findControl: lists the controls when there is none of that name", () => {
    expect(messageOf(() => findControl(CAMERA, "sharpness"))).toBe(
      "the camera has no control 'sharpness': its controls are brightness, auto_exposure, exposure_time_absolute, white_balance_automatic, zoom_absolute",
    );
    expect(messageOf(() => findControl([], "sharpness"))).toEndWith("it has no controls");
  });
});

describe("withSetting: order of settings", () => {
  const settings = [
    { name: "exposure_auto", value: "1" },
    { name: "exposure_absolute", value: "100" },
  ];
  test("withSetting: a control that is set again keeps its place, under either name", () => {
    const automatic = withSetting(settings, { name: "auto_exposure", value: "3" });
    const manual = withSetting(automatic, { name: "auto_exposure", value: "1" });
    expect(manual).toEqual([{ name: "auto_exposure", value: "1" }, settings[1] as (typeof settings)[0]]);
  });
  test("withSetting: a setting of another control comes last", () => {
    const gain = { name: "gain", value: "2" };
    expect(withSetting(settings, gain)).toEqual([...settings, gain]);
    expect(withSetting([...settings, gain], { name: "exposure_auto", value: "3" }).at(-1)).toEqual(gain);
  });
});

describe("controlValue: values of each kind of control", () => {
  test.each([
    ["brightness", "-64", -64],
    ["brightness", "0", 0],
    ["auto_exposure", "1", 1],
    ["auto_exposure", "manual mode", 1],
    ["white_balance_automatic", "on", 1],
    ["white_balance_automatic", "false", 0],
    ["zoom_absolute", "110", 110],
  ])("controlValue: %s accepts %p", (name, text, value) =>
    expect(controlValue(findControl(CAMERA, name), text)).toBe(value),
  );

  test.each([
    ["brightness", "65", "-64 to 64"],
    ["brightness", "-65", "-64 to 64"],
    ["brightness", "1.5", "-64 to 64"],
    ["brightness", "much", "-64 to 64"],
    ["brightness", "", "-64 to 64"],
    ["white_balance_automatic", "constructor", "0 or 1"],
    ["auto_exposure", "2", "1 (Manual Mode), 3 (Aperture Priority Mode)"],
    ["white_balance_automatic", "2", "0 or 1"],
    ["zoom_absolute", "105", "100 to 500 in steps of 10"],
  ])("controlValue: %s does not accept %p", (name, text, allowed) => {
    expect(messageOf(() => controlValue(findControl(CAMERA, name), text))).toBe(
      `'${text}' is not a value for '${name}': write ${allowed}`,
    );
  });

  test("controlValue: refuses a read-only control", () => {
    expect(messageOf(() => controlValue(control("Brightness", { isReadOnly: true }), "1"))).toContain("read-only");
  });
});
