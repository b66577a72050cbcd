// The reason why a viewer gets no camera.

import type { GoodbyeReason } from "../../protocol/wire.ts";

export interface Refusal {
  reason: GoodbyeReason;
  /** One line for people. */
  text: string;
}
