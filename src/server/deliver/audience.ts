// The audience of one camera: all its viewers. It passes frames, reports of trouble, and the end of the camera to them.

import { type Micros, nowMicros } from "../../core/clock.ts";
import type { Health } from "../../core/health.ts";
import type { Log } from "../../core/log.ts";
import type { MotionNow } from "../../core/motion.ts";
import type { Size } from "../../core/pixel-format.ts";
import type { Trace } from "../../core/trace.ts";
import type { Notice } from "../../protocol/messages.ts";
import type { Route } from "../../protocol/route.ts";
import type { EncodedPicture } from "../picture.ts";
import type { PictureFeed } from "../renditions/feed.ts";
import type { Part, Rendition } from "../renditions/rendition.ts";
import type { Demand, PictureSink, RelaySink, TileSink } from "../renditions/sinks.ts";
import { ArrivalLog } from "./arrival-log.ts";
import { Assignment, type ReadyFeed, type SourceKind, type Supply } from "./quality/assignment.ts";
import type { CameraControls } from "./camera-controls.ts";
import type { Refusal } from "../access/refusal.ts";
import type { AudienceMember, DoorName } from "./audience-member.ts";
import { followFrames, type FrameFollower } from "./frame-follower.ts";
import type { ClipMaker } from "./saved-clip.ts";
import { SendRound } from "./send-round.ts";
import type { WatchedCamera } from "./viewer-host.ts";

/**
 * A frame is sent in parts when encoding it takes at least this time. Then the viewer decodes while the server still encodes. A
 * part costs about 100 µs on either side. Measured with server and viewer on the same two cores, the time from capture to pixels
 * is 7.9 ms instead of 8.5 at 1080p, and 24 ms instead of 27 at 4K.
 */
const PARTS_FROM_MICROS = 2_000;
/** With more viewers than this, each frame is sent in one message, because many small writes would cost more than they save. */
const MOST_VIEWERS_OF_PARTS = 4;

/** Receives the events of the viewers. */
export interface AudienceListener {
  /**
   * Called when the wanted sizes or qualities may have changed: a viewer has come or left or sent a Wish message (which size of
   * pictures it wants, or none), or its link needs another quality.
   */
  demandChanged(): void;
  /** Called when a viewer has acknowledged a frame. */
  frameAcknowledged(): void;
  /** Called when a viewer could take another frame, but already has the newest one. */
  frameAwaited(): void;
}

export interface AudienceOptions extends Supply {
  /** The camera's name for viewers. */
  name: string;
  /** The whole pictures. */
  pictures: PictureFeed;
  /** The relays through which the pictures come, if the source is another server. Call `tellRoute` when they change. */
  route: { readonly relays: Route } | null;
  controls: CameraControls;
  /** Whether the source's JPEGs can be decoded and encoded in other sizes and qualities (renditions). */
  transcodes: boolean;
  /** The camera's troubles. Call `notifyAll` when its text changes. */
  health: Pick<Health, "text" | "since">;
  listener: AudienceListener;
  log: Log;
  trace: Trace | null;
  /** Returns the follower of the frames of all viewers of one door. Null if no figures of their way are needed. */
  followDoor: ((door: DoorName) => FrameFollower) | null;
}

export class Audience implements WatchedCamera, Demand, TileSink, PictureSink, RelaySink {
  readonly name: string;
  readonly controls: CameraControls;
  clips: ClipMaker | null = null;
  readonly #options: AudienceOptions;
  /** The viewers that have sent Hello (the first message of a viewer), with the choice of their size and quality. */
  readonly #assignments = new Map<AudienceMember, Assignment>();
  readonly #round = new SendRound();
  readonly #arrivals: ArrivalLog;
  /** The viewers that have wanted pictures at any time. */
  readonly #haveWatched = new WeakSet<AudienceMember>();
  /** The form of the source's pictures, or null before the first frame. */
  #source: SourceKind | null = null;
  /** The reason why there are no more pictures, or null while more may come. */
  #farewell: Refusal | null = null;
  /** The motion that goes on, or null. */
  #motion: MotionNow | null = null;
  /** The counts of the viewers that have left. */
  #departedSkipped = 0;
  #departedSent = 0;

  constructor(options: AudienceOptions) {
    this.#options = options;
    this.#arrivals = new ArrivalLog(options.log);
    this.name = options.name;
    this.controls = options.controls;
  }

  /** The number of viewers that have sent Hello. */
  get count(): number {
    return this.#assignments.keys().reduce((sum, { countsAsViewer }) => sum + (countsAsViewer ? 1 : 0), 0);
  }

  /** The number of viewers by the door by which they came. */
  get countByDoor(): Record<DoorName, number> {
    const counts = { tcp: 0, tls: 0, websocket: 0, mjpeg: 0 };
    for (const { door, countsAsViewer } of this.#assignments.keys()) if (countsAsViewer) counts[door]++;
    return counts;
  }

  get isWatched(): boolean {
    return this.#assignments.keys().some((viewer) => viewer.watching);
  }

  get isAwaited(): boolean {
    return this.#assignments.keys().some((viewer) => viewer.watching && viewer.frames.awaitsFrame);
  }

  get wantsTiles(): boolean {
    return !this.#options.renditions.isEmpty;
  }

  get tilesIntervalMicros(): Micros {
    let shortest = Number.POSITIVE_INFINITY;
    for (const [viewer, { isOnTiles }] of this.#assignments)
      if (isOnTiles) shortest = Math.min(shortest, viewer.fromJpegs?.intervalMicros ?? 0);
    return shortest;
  }

  wantsParts(encodingMicros: number): boolean {
    const count = (sum: number, each: AudienceMember) => sum + (each.watching && each.countsAsViewer ? 1 : 0);
    return encodingMicros >= PARTS_FROM_MICROS && this.#assignments.keys().reduce(count, 0) <= MOST_VIEWERS_OF_PARTS;
  }

  /** The number of frames that were not sent because too many were in flight to a viewer (credit.ts), over all viewers so far. */
  get picturesSkipped(): number {
    return this.#assignments.keys().reduce((sum, { frames }) => sum + frames.picturesSkipped, this.#departedSkipped);
  }

  /** The number of frames that were sent, over all viewers so far. */
  get picturesSent(): number {
    return this.#assignments.keys().reduce((sum, { frames }) => sum + frames.picturesSent, this.#departedSent);
  }

  /** The JPEG quality of the best level. */
  get quality(): number {
    return this.#options.quality;
  }

  /** What viewers are sent as it is, or null when no viewer is sent it. */
  get readyFeed(): ReadyFeed | null {
    return this.readyViewers > 0 ? (this.#source?.ready ?? null) : null;
  }

  /** The number of viewers that are sent whole pictures, or the tiles of another server. */
  get readyViewers(): number {
    return this.#assignments.values().reduce((sum, { isOnReady }) => sum + (isOnReady ? 1 : 0), 0);
  }

  /** Whether each viewer was sent the newest frame and has acknowledged all its frames. */
  get settled(): boolean {
    return this.#assignments.keys().every((viewer) => !viewer.watching || viewer.frames.settled);
  }

  /**
   * Sends a whole picture to the viewers that can take it. After the first whole picture, viewers get whole pictures, or tiles if
   * they need another size or quality.
   */
  publish(picture: EncodedPicture): void {
    const { pictures, transcodes } = this.#options;
    const { width, height } = picture;
    pictures.publish(picture);
    this.#adopt({ width, height, encodes: picture.isPassedOn && transcodes, ready: pictures });
    this.#offer((each) => each.published());
  }

  useTiles({ width, height }: Size): void {
    this.#adopt({ width, height, encodes: true, ready: null });
  }

  passOn(rendition: Rendition): void {
    const { width, height } = rendition.stream ?? { width: 0, height: 0 };
    this.#options.pictures.clear();
    this.#adopt({ width, height, encodes: this.#options.transcodes, ready: rendition });
  }

  begin(rendition: Rendition, frameNumber: number): void {
    for (const viewer of this.#assignments.keys()) viewer.frames.beginFrame(rendition, frameNumber);
  }

  part(rendition: Rendition, part: Part): void {
    for (const viewer of this.#assignments.keys()) viewer.frames.sendPart(rendition, part);
  }

  commit(rendition: Rendition): void {
    this.#offer((each) => each.committed(rendition));
  }

  /** Offers a new frame to the viewers, and after that to recordings and the like, for which viewers must not wait. */
  #offer(tell: (assignment: Assignment) => void): void {
    for (const [member, assignment] of this.#assignments) if (member.countsAsViewer) tell(assignment);
    for (const { frames } of this.#assignments.keys()) this.#round.add(frames);
    this.#round.run();
    for (const [member, assignment] of this.#assignments) if (!member.countsAsViewer) tell(assignment);
  }

  abort(rendition: Rendition): void {
    for (const viewer of this.#assignments.keys()) viewer.frames.abortFrame(rendition);
  }

  /** Tells all viewers what is wrong with the camera, or that all is well again. New viewers are told when they connect. */
  notifyAll(): void {
    for (const viewer of this.#assignments.keys()) viewer.notify(this.#notice);
  }

  /** Tells all viewers about motion. New viewers are told what goes on when they connect. */
  tellMotion(motion: MotionNow): void {
    this.#motion = motion.phase === "end" ? null : { ...motion, phase: "update" };
    for (const viewer of this.#assignments.keys()) viewer.tellMotion?.(motion);
  }

  /** Tells all viewers through which relays the pictures come. New viewers are told when they connect. */
  tellRoute(): void {
    const relays = this.#options.route?.relays ?? [];
    for (const viewer of this.#assignments.keys()) viewer.tellRoute?.(relays);
  }

  /** Ends the pictures. All viewers are told why and disconnected. New viewers that want pictures get the same answer. */
  dismiss(farewell: Refusal): void {
    this.#farewell = farewell;
    for (const viewer of [...this.#assignments.keys()]) viewer.leave(farewell.reason, farewell.text);
  }

  captureIntervalMicros(): number {
    return this.#options.captures.intervalMicros;
  }

  onChanged(viewer: AudienceMember): void {
    const assignment = this.#assignments.get(viewer) ?? this.#welcome(viewer);
    if (this.#farewell !== null && viewer.watching) {
      viewer.leave(this.#farewell.reason, this.#farewell.text);
      return;
    }
    if (viewer.watching && !this.#haveWatched.has(viewer)) {
      this.#haveWatched.add(viewer);
      if (viewer.countsAsViewer) this.#arrivals.say(`viewer ${viewer.address} is watching (${this.count} in all)`);
    }
    assignment.choose(this.#source);
    this.#noteChange();
  }

  onAcknowledged(viewer: AudienceMember, now: Micros): void {
    const isChanged = this.#assignments.get(viewer)?.adapt(now) ?? false;
    if (isChanged) this.#options.listener.demandChanged();
    this.#options.listener.frameAcknowledged();
  }

  onReady(): void {
    this.#options.listener.frameAwaited();
  }

  onGone(viewer: AudienceMember, reason: string): void {
    this.#assignments.get(viewer)?.release();
    this.#assignments.delete(viewer);
    this.#round.remove(viewer.frames);
    this.#departedSkipped += viewer.frames.picturesSkipped;
    this.#departedSent += viewer.frames.picturesSent;
    if (viewer.countsAsViewer) this.#arrivals.say(`viewer ${viewer.address} left: ${reason} (${this.count} in all)`);
    this.#noteChange();
  }

  #welcome(viewer: AudienceMember): Assignment {
    const { health, log, trace, followDoor, route } = this.#options;
    const assignment = new Assignment(viewer, this.#options);
    this.#assignments.set(viewer, assignment);
    const { address, door } = viewer;
    viewer.frames.follower = followFrames({ address, log, trace, ofDoor: followDoor?.(door) ?? null });
    if (!viewer.watching) this.#arrivals.say(`viewer ${address} is connected (${this.count} in all)`);
    if (route !== null) viewer.tellRoute?.(route.relays);
    if (health.text !== null) viewer.notify(this.#notice);
    if (this.#motion !== null) viewer.tellMotion?.(this.#motion);
    return assignment;
  }

  get #notice(): Notice {
    const { text, since } = this.#options.health;
    const lastedMicros = since === null ? 0 : nowMicros() - since;
    return { trouble: text !== null, text: text ?? "", lastedMicros };
  }

  #noteChange(): void {
    // While no viewer watches, no picture is published. So the last picture would be old when the next viewer comes.
    if (!this.isWatched) this.#options.pictures.clear();
    this.#options.listener.demandChanged();
  }

  #adopt(source: SourceKind): void {
    const before = this.#source;
    const { width, height, encodes, ready } = source;
    const isSameSize = before?.width === width && before.height === height;
    if (isSameSize && before.encodes === encodes && before.ready === ready) return;
    this.#source = source;
    for (const assignment of this.#assignments.values()) assignment.choose(source);
  }
}
