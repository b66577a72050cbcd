// A part of the server that follows a camera like a viewer: the recorder, the past, and the motion detection.

import type { Size } from "../../core/pixel-format.ts";
import type { AudienceMember } from "./audience-member.ts";
import { type PictureTaker, TakenFrames } from "./taken-frames.ts";
import type { WatchedCamera } from "./viewer-host.ts";

/** The camera of such a part. The class Audience implements it. */
export type FollowedCamera = Pick<WatchedCamera, "name" | "onChanged" | "onGone">;

/** Follows the best pictures of a camera, and takes every frame. */
export abstract class InnerMember implements AudienceMember, PictureTaker {
  readonly door = "mjpeg";
  readonly countsAsViewer = false;
  readonly keepsSize = true;
  readonly roundTripMicros = 0;
  readonly wishedSize: Size = { width: 0, height: 0 };
  readonly frames = new TakenFrames(this);
  readonly awaitsFrame = true;
  watching = true;
  /** The name of the part, for the trace. */
  abstract readonly address: string;
  protected readonly camera: FollowedCamera;

  constructor(camera: FollowedCamera) {
    this.camera = camera;
  }

  /** Chooses the best level. */
  choose(): number {
    return 0;
  }

  /** Joins the audience of the camera. */
  begin(): void {
    this.camera.onChanged(this);
  }

  /** What is wrong with the camera is not part of its pictures. */
  notify(): void {}

  abstract frameCame(): void;

  abstract leave(): void;
}
