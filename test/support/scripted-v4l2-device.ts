// A device whose answers come from a test, with the real structures, for answers that no available driver gives.

import { Device } from "../../src/system/v4l2/device.ts";
import type { RequestName } from "../../src/system/v4l2/layouts.ts";
import type { Struct } from "../../src/system/v4l2/struct.ts";

type Answer = (struct: Struct) => number;

/**
 * Creates a device. Each answer fills in the structure and returns 0 or an error number. Requests without an answer are refused
 * with the error `otherwise`. `asked` lists the requests.
 */
export function scriptedDevice(answers: Partial<Record<RequestName, Answer>>, otherwise: number) {
  const asked: RequestName[] = [];
  return {
    path: "/dev/video0",
    asked,
    attempt(name: RequestName, struct: Struct): number {
      asked.push(name);
      return answers[name]?.(struct) ?? otherwise;
    },
    // These methods of a device only call `attempt`.
    request: Device.prototype.request,
    enumerate: Device.prototype.enumerate,
    capability: Device.prototype.capability,
  };
}
