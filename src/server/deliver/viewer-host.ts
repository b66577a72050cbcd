// The interfaces through which a viewer on the server uses other parts: its connection, its camera, and the owner of all viewers.

import type { Micros } from "../../core/clock.ts";
import type { CameraEntry } from "../../protocol/cameras.ts";
import type { Proof } from "../../protocol/handshake.ts";
import type { ProofInput } from "../../protocol/proof.ts";
import type { Transport } from "../../protocol/transport.ts";
import type { Authenticated } from "../access/key-ring.ts";
import type { AccessLimits, LimitName } from "../access/limits.ts";
import type { Role } from "../access/role.ts";
import type { Session } from "../access/session.ts";
import type { AudienceMember, DoorName } from "./audience-member.ts";
import type { CameraControls } from "./camera-controls.ts";
import type { AdaptationLimits } from "./quality/adaptation.ts";
import type { Refusal } from "../access/refusal.ts";
import type { ClipMaker } from "./saved-clip.ts";
import type { SharedBitrate } from "./shared-bitrate.ts";
import type { Viewer } from "./viewer.ts";
import type { WaitingMemory } from "./waiting-memory.ts";

/** The other end of a connection. */
export interface Client {
  /** The address of the other end as text for people, for example `127.0.0.1:41234`. */
  readonly address: string;
  /** The IP address of the other end. Limits for each address count by it. */
  readonly ip: string;
  /**
   * True for a viewer on this machine that tries a connection without TLS and comes back with TLS when it is refused. So the
   * refusal is not worth a line in the log.
   */
  readonly isAttempt?: boolean;
  /** The login of the browser that has opened the connection. */
  readonly session?: Session | null;
}

/** The connection of a viewer of Slipstream's own protocol. */
export interface ViewerConnection extends Transport, Client {
  readonly door: DoorName;
  /** The rights of the viewer, if the door has checked its key. Undefined if the viewer has to prove a key, or none is needed. */
  readonly role?: Role;
}

/** The requests in a viewer's Hello, and its connection. */
export interface CameraRequest {
  /** The name of a camera, or a part of it. An empty name means the first camera. */
  name: string;
  /** False if the viewer only asks questions, or is paused. */
  wantsPictures: boolean;
  connection: Client;
  /** The rights that the viewer's key gives. */
  role: Role;
}

/** The camera that a viewer watches. */
export interface WatchedCamera {
  readonly name: string;
  captureIntervalMicros(): number;
  readonly controls: CameraControls;
  /** Makes clips of the last seconds. Null or undefined if they are not kept. */
  readonly clips?: ClipMaker | null;
  /**
   * The viewer calls this when it has sent Hello (its first message) or Wish (which size of pictures it wants, or none), because
   * the encoders may have to make other pictures.
   */
  onChanged(viewer: AudienceMember): void;
  /** The viewer calls this when it has acknowledged a frame at `now`, because the estimate of its link may have changed. */
  onAcknowledged(viewer: AudienceMember, now: Micros): void;
  /** The viewer calls this when it can be sent a newer frame than the encoders have made. */
  onReady(): void;
  /** The viewer calls this once, when it gets no more pictures. `reason` is for the log. */
  onGone(viewer: AudienceMember, reason: string): void;
}

/** The owner of the viewers. The class Reception implements it. */
export interface ViewerHost {
  readonly limits: AdaptationLimits;
  readonly access: AccessLimits;
  /** The limit of the bit rate of all viewers together. */
  readonly bitrate: SharedBitrate;
  /** The memory for pictures of all viewers together. */
  readonly waiting: WaitingMemory;
  /** Whether a viewer has to prove a key. */
  readonly needsKey: boolean;
  /** Checks the key of a viewer. The viewer calls this once, when it has sent Proof. */
  authenticate(viewer: Viewer, proof: Proof, input: ProofInput): Authenticated | Refusal;
  /**
   * Returns the camera for a viewer, or the reason why it gets none. The viewer calls this once, when it has sent Hello, and has
   * proven its key if it needs one.
   */
  findCamera(request: CameraRequest): WatchedCamera | Refusal;
  /** Returns the cameras of the server that a role may see, in their order. */
  listCameras(role: Role): CameraEntry[];
  /**
   * A viewer without a camera calls this once, when it is refused, or when it leaves after it has sent bytes. `reason` is for the
   * log.
   */
  onRefused(viewer: Viewer, reason: string): void;
  /** The viewer calls this once, if it is disconnected because it exceeded a limit. */
  onExceeded(viewer: Viewer, limit: LimitName): void;
  /** The viewer calls this once, as its last call, when the connection is closed. */
  onClosed(viewer: Viewer): void;
}
