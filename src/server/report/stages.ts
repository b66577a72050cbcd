// The way of a camera's frames by stage, as histograms: from capture to encoder, to the connection, to the viewer, to the decoder,
// to the screen. They are recorded only while the server has an HTTP door, because only its metrics show them.
//
//   captured ─ encode ─ encoded ─ send ─ sent ─ transfer ─ received ─ decode ─ decoded ─ show ─ shown
//   └────────────────────────────────────── age on the screen ──────────────────────────────────────┘
//
// The server knows when it has captured, encoded and sent a frame. The viewer reports the transfer and the showing in its
// acknowledgement, which arrives half a round trip later. The stages of a frame add up to its age. Viewers over plain HTTP
// acknowledge nothing, so their frames have the first two stages only.

import type { Micros } from "../../core/clock.ts";
import type { CameraFollower } from "../cameras/camera-surroundings.ts";
import type { DoorName } from "../deliver/audience-member.ts";
import { estimateShown, type FrameAck, type FrameFollower, type FrameOnItsWay } from "../deliver/frame-follower.ts";
import { DurationsInBuckets } from "./durations-in-buckets.ts";

/** The stages that depend on the viewer. */
export const VIEWER_STAGES = ["send", "transfer", "decode", "show", "decodeAndShow", "age"] as const;
export type ViewerStage = (typeof VIEWER_STAGES)[number];

/** The frames of one camera. */
export class CameraStages implements CameraFollower {
  /** From capture until the frame is encoded. */
  readonly encode = new DurationsInBuckets();
  /** The processor time of the codec. */
  readonly codec = new DurationsInBuckets();
  readonly #doors = new Map<DoorName, DoorStages>();

  /** The stages by the door by which viewers came. A door without viewers so far is missing. */
  get doors(): ReadonlyMap<DoorName, DoorStages> {
    return this.#doors;
  }

  encoded(capturedAt: Micros, encodedAt: Micros): void {
    this.encode.record(encodedAt - capturedAt);
  }

  codecBusy(micros: number): void {
    this.codec.record(micros);
  }

  viewersOf(door: DoorName): DoorStages {
    const known = this.#doors.get(door);
    if (known !== undefined) return known;
    const stages = new DoorStages();
    this.#doors.set(door, stages);
    return stages;
  }
}

/** The frames of all viewers of a camera that came by one door. */
export class DoorStages implements FrameFollower {
  /** `decodeAndShow` is for viewers that report both together, because they are older than the field of the acknowledgement. */
  readonly stages: Readonly<Record<ViewerStage, DurationsInBuckets>> = {
    send: new DurationsInBuckets(),
    transfer: new DurationsInBuckets(),
    decode: new DurationsInBuckets(),
    show: new DurationsInBuckets(),
    decodeAndShow: new DurationsInBuckets(),
    age: new DurationsInBuckets(),
  };
  /** The number of frames that were sent, and their bytes. */
  sentFrames = 0;
  sentBytes = 0;
  /** The number of frames that viewers have received and not shown, because a newer one came or they could not be decoded. */
  droppedFrames = 0;

  sent({ bytes, encodedAt, sentAt }: FrameOnItsWay): void {
    this.sentFrames++;
    this.sentBytes += bytes;
    this.stages.send.record(sentAt - encodedAt);
  }

  acknowledged(frame: FrameOnItsWay, ack: FrameAck): void {
    if (ack.outcome === "dropped") {
      this.droppedFrames++;
      return;
    }
    const { transfer, decode, show, decodeAndShow, age } = this.stages;
    const { receivedAt, shownAt } = estimateShown(frame, ack);
    // A frame that is sent in parts is sent before it is encoded completely.
    transfer.record(receivedAt - Math.max(frame.sentAt, frame.encodedAt));
    if (ack.showMicros === undefined) {
      decodeAndShow.record(shownAt - receivedAt);
    } else {
      const showMicros = Math.min(ack.showMicros, shownAt - receivedAt);
      decode.record(shownAt - receivedAt - showMicros);
      show.record(showMicros);
    }
    age.record(shownAt - frame.capturedAt);
  }
}
