// A device that answers as a test tells it: for what no kernel driver at hand does, on the real structures.

import { Device } from "../../src/capture/v4l2/device.ts";
import type { RequestName } from "../../src/capture/v4l2/layouts.ts";
import type { Struct } from "../../src/capture/v4l2/struct.ts";

type Answer = (struct: Struct) => number;

/** Each answer fills in the structure and returns 0 or an error's number; requests without one are refused with `otherwise`. */
export function scriptedDevice(answers: Partial<Record<RequestName, Answer>>, otherwise: number) {
  const asked: RequestName[] = [];
  return {
    path: "/dev/video0",
    asked,
    attempt(name: RequestName, struct: Struct): number {
      asked.push(name);
      return answers[name]?.(struct) ?? otherwise;
    },
    // These only attempt.
    request: Device.prototype.request,
    enumerate: Device.prototype.enumerate,
    capability: Device.prototype.capability,
  };
}
