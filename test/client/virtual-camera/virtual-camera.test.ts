// VirtualCamera: devices that cannot be used, with the real thread. output-session.test.ts has devices that can.

import { expect, test } from "bun:test";
import { VirtualCamera } from "../../../src/client/virtual-camera/virtual-camera.ts";
import { MissingError } from "../../../src/core/errors.ts";
import { SILENT_LOG } from "../../../src/core/log.ts";
import { hasLibc } from "../../../src/system/v4l2/libc.ts";
import { runToEnd, TEST_TIMEOUT_MS } from "../../support/programs.ts";

const ABSENT = "/dev/video987";
const MODPROBE = "sudo modprobe v4l2loopback video_nr=987 exclusive_caps=1";
const ADVICE = "name a device of v4l2loopback, for example /dev/video9 (docs/usage.md)";

const REFUSED = [
  ["that does not exist", ABSENT, `there is no ${ABSENT}: '${MODPROBE}' makes it (docs/usage.md)`],
  ["that is no path of a device", "", `there is no '': ${ADVICE}`],
  ["that is a folder", import.meta.dir, `${import.meta.dir} is a folder: ${ADVICE}`],
  ["that is another device", "/dev/null", "/dev/null is no video device: name a device of v4l2loopback"],
  ["that is a file", import.meta.path, `${import.meta.path} is no video device: name a device of v4l2loopback`],
] as const;

function open(path: string, signal: AbortSignal): Promise<VirtualCamera> {
  return VirtualCamera.open({ path, sizeFor: (size) => size, log: SILENT_LOG }, signal);
}

test.skipIf(!hasLibc()).each(REFUSED)("VirtualCamera: refuses a path %s", async (_, path, text) => {
  const opening = open(path, new AbortController().signal);
  expect(opening).rejects.toBeInstanceOf(MissingError);
  expect(opening).rejects.toThrow(text);
  await opening.catch(() => undefined);
});

test.skipIf(!hasLibc())("VirtualCamera: an abort ends the opening", async () => {
  const stopping = new AbortController();
  const opening = open("/dev/null", stopping.signal);
  stopping.abort(new Error("stopped"));
  expect(await opening.catch((error: unknown) => error)).toBe(stopping.signal.reason);
});

test.skipIf(!hasLibc())(
  "view --to: ends with one line and exit code 1 before it connects",
  async () => {
    const { code, remarks } = await runToEnd("view", ["127.0.0.1:9", "--display", "none", "--to", ABSENT]);
    expect({ code, remarks }).toEqual({
      code: 1,
      remarks: `error: there is no ${ABSENT}: '${MODPROBE}' makes it (docs/usage.md)\n`,
    });
  },
  TEST_TIMEOUT_MS,
);
