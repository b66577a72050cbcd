// The events of a viewer's connection to a server.

import type { CameraEntry } from "../protocol/cameras.ts";
import type { ClipPart } from "../protocol/clip.ts";
import type { Controls, ControlSet } from "../protocol/controls.ts";
import type { Welcome } from "../protocol/greeting.ts";
import type { Notice, Picture, StreamHeader, Tiles } from "../protocol/messages.ts";
import type { Motion } from "../protocol/motion.ts";
import type { Arrival } from "../protocol/origin.ts";
import type { Route } from "../protocol/route.ts";

/** The events of a connection in the order of the server's messages. A ProtocolError thrown by a handler ends the connection. */
export interface ConnectionEvents {
  /** Takes the server's Welcome. It may throw ServerNotTrusted, which ends the connection before any request is sent. */
  onWelcome(welcome: Welcome): void;
  /** Takes the list of all cameras of the server. The connection calls this once, before the first message after Welcome. */
  onCameras?(cameras: CameraEntry[]): void;
  onStream(stream: StreamHeader): void;
  /** Takes a whole picture. Its bytes are valid only during the call. */
  onPicture(picture: Picture, arrival: Arrival): void;
  /** Takes a Tiles message. Its bytes are valid only during the call. */
  onTiles(tiles: Tiles, arrival: Arrival): void;
  onNotice(notice: Notice): void;
  /** Takes what the server tells about motion. Its times are in the server's clock. */
  onMotion?(motion: Motion): void;
  /** Takes the relays through which the pictures come, also when they have changed. Only a relay sends them. */
  onRoute?(route: Route): void;
  /** Called once, when the offset of the server's clock is known, so that times of the server can be converted. */
  onClockKnown?(): void;
  /** Takes the answer to `askForControls`. */
  onControls?(controls: Controls): void;
  /** Takes the answer to `setControl`. */
  onControlSet?(outcome: ControlSet): void;
  /** Takes the answer to `askForClip`. Its bytes are valid only during the call. */
  onClipPart?(part: ClipPart): void;
}
