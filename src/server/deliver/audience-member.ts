// A member of an audience: a viewer of any door, as its camera sees it. Viewer (Slipstream's own protocol) and MultipartViewer
// (multipart JPEG over HTTP) implement it.

import type { Micros } from "../../core/clock.ts";
import type { MotionNow } from "../../core/motion.ts";
import type { Size } from "../../core/pixel-format.ts";
import type { Notice } from "../../protocol/messages.ts";
import type { Route } from "../../protocol/route.ts";
import type { GoodbyeReason } from "../../protocol/wire.ts";
import type { Feed } from "../renditions/feed.ts";
import type { Part, Rendition } from "../renditions/rendition.ts";
import type { FrameFollower } from "./frame-follower.ts";
import type { Adaptation } from "./quality/adaptation.ts";

/** The kinds of connections by which viewers come. `mjpeg` is multipart JPEG over HTTP. */
export const DOOR_NAMES = ["tcp", "tls", "websocket", "mjpeg"] as const;
export type DoorName = (typeof DOOR_NAMES)[number];

export interface AudienceMember {
  /** False for a member that takes single pictures. It is not counted as a viewer, and not logged. */
  readonly countsAsViewer: boolean;
  readonly door: DoorName;
  /** The address of the viewer, as text for people. */
  readonly address: string;
  /** Whether the viewer wants pictures now. */
  readonly watching: boolean;
  /** Whether all pictures of the viewer must have the same size. */
  readonly keepsSize: boolean;
  /** The picture size that is enough for the viewer. 0 × 0 means the size of the source. */
  readonly wishedSize: Size;
  readonly roundTripMicros: Micros;
  /** What the member needs of a source whose JPEGs are passed on, if it needs tiles. Undefined for one that takes the JPEGs. */
  readonly fromJpegs?: FromJpegs;
  /** Sends the pictures. */
  readonly frames: MemberFrames;
  /** Tells the viewer what is wrong with the camera, or that all is well again. */
  notify(notice: Notice): void;
  /** Tells the viewer what moves in the picture, if its protocol can. */
  tellMotion?(motion: MotionNow): void;
  /** Tells the viewer through which relays the pictures come, if its protocol can. */
  tellRoute?(relays: Route): void;
  /** Tells the viewer why it gets no more pictures, if its protocol can, and closes the connection. */
  leave(reason: GoodbyeReason, text: string): void;
}

/** The tiles of a source whose JPEGs are passed on, which have to be decoded for them. */
export interface FromJpegs {
  /** The shortest time between two of them that the member needs. */
  readonly intervalMicros: Micros;
  /** Returns how often a picture of the source is halved. */
  halvings(source: Size): number;
}

/** The sender of a viewer's pictures. It sends the newest frame of its feed when the viewer can take one. */
export interface MemberFrames {
  readonly adaptation: Pick<Adaptation, "choose">;
  /** The number of frames that were replaced by newer ones before they could be sent. */
  readonly picturesSkipped: number;
  /** The number of frames that were sent completely. */
  readonly picturesSent: number;
  /** Whether the viewer was sent the newest frame and, as far as is known, has received all its frames. */
  readonly settled: boolean;
  /** Whether the next frame could be sent as soon as it is encoded, as far as is known. */
  readonly awaitsFrame: boolean;
  /** Called for each frame that is sent. Null while nobody needs it, so it costs no time. */
  follower: FrameFollower | null;
  /** Changes to another feed. Null means that no more frames are sent. */
  follow(feed: Feed | null): void;
  /** Notes that the feed has a newer complete frame. `sendNewest` sends it. */
  offer(): void;
  /** Sends the newest frame if the viewer can take it now. */
  sendNewest(): void;
  /** Handles the beginning of the encoding of a frame, whose parts may be sent before it is complete. */
  beginFrame(rendition: Rendition, frameNumber: number): void;
  /** Handles an encoded part of that frame. */
  sendPart(rendition: Rendition, part: Part): void;
  /** Handles the failure of that frame, which will not be completed. */
  abortFrame(rendition: Rendition): void;
}
