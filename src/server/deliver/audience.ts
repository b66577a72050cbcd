// The audience of one camera: its viewers, and what all of them are told: frames, trouble, and the end.

import { nowMicros } from "../../core/clock.ts";
import type { Health } from "../../core/health.ts";
import type { Log } from "../../core/log.ts";
import type { Size } from "../../core/pixel-format.ts";
import { type Trace, TraceTrack } from "../../core/trace.ts";
import type { Notice } from "../../protocol/messages.ts";
import type { EncodedPicture } from "../picture.ts";
import type { Rendition } from "../renditions/rendition.ts";
import type { Demand, Part, PictureSink, TileSink } from "../renditions/sinks.ts";
import { Assignment, type SourceKind, type Supply } from "./quality/assignment.ts";
import type { CameraControls } from "./camera-controls.ts";
import type { Refusal, Viewer, WatchedCamera } from "./viewer.ts";

/**
 * Sending a frame in parts overlaps encoding with decoding, and costs some 100 µs a part on both sides: 7.9 ms instead of 8.5
 * from capture to pixels at 1080p, 24 instead of 27 at 4K, server and viewer on the same two cores.
 */
const PARTS_FROM_MICROS = 2_000;
/** For more viewers than this a frame is sent in one message: many small writes would cost more than they save. */
const MOST_VIEWERS_OF_PARTS = 4;

/** Hears of what the viewers do. */
export interface AudienceListener {
  /** A viewer came, left or changed its wish, or another size or quality is wanted. */
  demandChanged(): void;
  /** A viewer has acknowledged a frame. */
  frameAcknowledged(): void;
}

export interface AudienceOptions extends Supply {
  /** What viewers call the camera. */
  name: string;
  controls: CameraControls;
  /** Whether renditions can be made of pictures that the source delivers as JPEGs. */
  transcodes: boolean;
  /** The camera's troubles; call `notifyAll` when its text changes. */
  health: Pick<Health, "text" | "since">;
  listener: AudienceListener;
  log: Log;
  trace: Trace | null;
}

/** A size and quality that is being sent. */
export interface RenditionReport {
  width: number;
  height: number;
  /** 0 = unknown: pictures as the source made them. */
  quality: number;
  viewers: number;
  bytesPerFrame: number;
}

export class Audience implements WatchedCamera, Demand, TileSink, PictureSink {
  readonly name: string;
  readonly controls: CameraControls;
  readonly #options: AudienceOptions;
  /** The viewers that have greeted. */
  readonly #assignments = new Map<Viewer, Assignment>();
  /** What the source delivers; null before the first frame. */
  #source: SourceKind | null = null;
  /** Why there are no more pictures; null while there may be. */
  #farewell: Refusal | null = null;
  /** Counts of the viewers that have left. */
  #departedSkipped = 0;
  #departedSent = 0;

  constructor(options: AudienceOptions) {
    this.#options = options;
    this.name = options.name;
    this.controls = options.controls;
  }

  /** How many viewers have greeted. */
  get count(): number {
    return this.#assignments.size;
  }

  get isWatched(): boolean {
    return this.#assignments.keys().some((viewer) => viewer.watching);
  }

  get wantsTiles(): boolean {
    return !this.#options.renditions.isEmpty;
  }

  wantsParts(encodingMicros: number): boolean {
    if (encodingMicros < PARTS_FROM_MICROS) return false;
    const watching = this.#assignments.keys().reduce((sum, viewer) => sum + (viewer.watching ? 1 : 0), 0);
    return watching <= MOST_VIEWERS_OF_PARTS;
  }

  /** Frames that were not sent to a viewer for lack of credit, over all viewers so far. */
  get picturesSkipped(): number {
    return this.#assignments.keys().reduce((sum, { frames }) => sum + frames.picturesSkipped, this.#departedSkipped);
  }

  /** Frames that were sent, over all viewers so far. */
  get picturesSent(): number {
    return this.#assignments.keys().reduce((sum, { frames }) => sum + frames.picturesSent, this.#departedSent);
  }

  /** How many viewers are sent whole pictures. */
  get onPictures(): number {
    return this.#assignments.values().reduce((sum, { isOnPictures }) => sum + (isOnPictures ? 1 : 0), 0);
  }

  /** The whole pictures as an entry of the report; no entry when no viewer is sent them. */
  reportPictures(): RenditionReport[] {
    const { stream, newestBytes } = this.#options.pictures;
    const viewers = this.onPictures;
    if (stream === null || viewers === 0) return [];
    const { width, height, quality } = stream;
    return [{ width, height, quality, viewers, bytesPerFrame: newestBytes }];
  }

  /** Whether each viewer has acknowledged all that it was sent, and is owed nothing. */
  get settled(): boolean {
    return this.#assignments.keys().every((viewer) => !viewer.watching || viewer.frames.settled);
  }

  /** Takes a whole picture. From here on such pictures are sent; tiles of the source's JPEGs beside them, where wanted. */
  publish(picture: EncodedPicture): void {
    const { pictures, transcodes } = this.#options;
    const { width, height, isPassedOn } = picture;
    pictures.publish(picture);
    this.#adopt({ width, height, offers: isPassedOn && transcodes ? "both" : "pictures" });
    for (const assignment of this.#assignments.values()) assignment.published();
  }

  useTiles({ width, height }: Size): void {
    this.#adopt({ width, height, offers: "tiles" });
  }

  begin(rendition: Rendition, frameNumber: number): void {
    for (const viewer of this.#assignments.keys()) viewer.frames.beginFrame(rendition, frameNumber);
  }

  part(rendition: Rendition, part: Part): void {
    for (const viewer of this.#assignments.keys()) viewer.frames.sendPart(rendition, part);
  }

  commit(rendition: Rendition): void {
    for (const assignment of this.#assignments.values()) assignment.committed(rendition);
  }

  abort(rendition: Rendition): void {
    for (const viewer of this.#assignments.keys()) viewer.frames.abortFrame(rendition);
  }

  /** Tells all viewers what is wrong with the camera now, or that all is well. Later viewers are told when they come. */
  notifyAll(): void {
    for (const viewer of this.#assignments.keys()) viewer.notify(this.#notice);
  }

  /** There are no more pictures: all viewers are told why and leave; so are later ones that want pictures. */
  dismiss(farewell: Refusal): void {
    this.#farewell = farewell;
    for (const viewer of [...this.#assignments.keys()]) viewer.leave(farewell.reason, farewell.text);
  }

  captureIntervalMicros(): number {
    return this.#options.captures.intervalMicros;
  }

  onChanged(viewer: Viewer): void {
    const assignment = this.#assignments.get(viewer) ?? this.#welcome(viewer);
    if (this.#farewell !== null && viewer.watching) {
      viewer.leave(this.#farewell.reason, this.#farewell.text);
      return;
    }
    assignment.choose(this.#source);
    this.#noteChange();
  }

  onAcknowledged(viewer: Viewer): void {
    const isChanged = this.#assignments.get(viewer)?.adapt() ?? false;
    if (isChanged) this.#options.listener.demandChanged();
    this.#options.listener.frameAcknowledged();
  }

  onGone(viewer: Viewer, reason: string): void {
    this.#assignments.get(viewer)?.release();
    this.#assignments.delete(viewer);
    this.#departedSkipped += viewer.frames.picturesSkipped;
    this.#departedSent += viewer.frames.picturesSent;
    this.#options.log.info(`viewer ${viewer.address} left: ${reason} (${this.count} in all)`);
    this.#noteChange();
  }

  #welcome(viewer: Viewer): Assignment {
    const { health, log, trace } = this.#options;
    const assignment = new Assignment(viewer, this.#options);
    this.#assignments.set(viewer, assignment);
    const { address } = viewer;
    const track = trace === null ? null : new TraceTrack(trace, `viewer ${address}`);
    const isLogged = log.isEnabledFor("debug");
    if (isLogged || track !== null) viewer.frames.follower = { address, log: isLogged ? log : null, track };
    log.info(`viewer ${address} ${viewer.watching ? "is watching" : "is connected"} (${this.count} in all)`);
    if (health.text !== null) viewer.notify(this.#notice);
    return assignment;
  }

  get #notice(): Notice {
    const { text, since } = this.#options.health;
    const lastedMicros = since === null ? 0 : nowMicros() - since;
    return { trouble: text !== null, text: text ?? "", lastedMicros };
  }

  #noteChange(): void {
    // While no viewer watches nothing is published, and the last picture would be old for the next viewer.
    if (!this.isWatched) this.#options.pictures.clear();
    this.#options.listener.demandChanged();
  }

  #adopt(source: SourceKind): void {
    const before = this.#source;
    const { width, height, offers } = source;
    if (before?.width === width && before.height === height && before.offers === offers) return;
    this.#source = source;
    for (const assignment of this.#assignments.values()) assignment.choose(source);
  }
}
