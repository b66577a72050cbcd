// A camera without a source and encoders. Its viewers get the whole pictures that a test publishes.

import type { Source } from "../../src/capture/source.ts";
import { lineLog, SILENT_LOG } from "../../src/core/log.ts";
import type { CameraEntry } from "../../src/protocol/cameras.ts";
import { GoodbyeReason } from "../../src/protocol/wire.ts";
import { DEFAULT_ACCESS_LIMITS, type LimitName } from "../../src/server/access/limits.ts";
import { CameraControls } from "../../src/server/deliver/camera-controls.ts";
import type { Viewer } from "../../src/server/deliver/viewer.ts";
import type { ViewerHost, WatchedCamera } from "../../src/server/deliver/viewer-host.ts";
import { SharedBitrate } from "../../src/server/deliver/shared-bitrate.ts";
import { WaitingMemory } from "../../src/server/deliver/waiting-memory.ts";
import type { EncodedPicture } from "../../src/server/picture.ts";
import { PictureFeed } from "../../src/server/renditions/feed.ts";
import { pictureOf } from "./encoded-pictures.ts";

const PLAIN_SOURCE: Source = { name: "a source", framesPerSecond: 30, run: () => Promise.resolve() };

/** The host and the only camera of the viewers in a test. */
export class PictureCamera implements ViewerHost, WatchedCamera {
  readonly name = "a source";
  readonly limits = { maxLatencyMicros: null, maxBitsPerSecond: null };
  readonly access = DEFAULT_ACCESS_LIMITS;
  readonly bitrate: SharedBitrate;
  readonly waiting = new WaitingMemory(DEFAULT_ACCESS_LIMITS.maxWaitingMiB * 2 ** 20);
  readonly controls: CameraControls;
  /** The calls, in order. */
  readonly calls: string[] = [];
  /** How often the viewer has said that it can be sent a newer frame. */
  readyCalls = 0;
  readonly #feed = new PictureFeed({ source: { framesPerSecond: 30 }, codec: "test", quality: 75 });

  /** `source` has the controls that viewers can list and set. `maxTotalBits` limits the bits a second of all viewers. */
  constructor(source: Source = PLAIN_SOURCE, maxTotalBits: number | null = null) {
    this.bitrate = new SharedBitrate(maxTotalBits, SILENT_LOG);
    this.controls = new CameraControls({ source, areSettable: true, log: lineLog((text) => this.calls.push(text)) });
  }

  /** Publishes a new picture and offers it to a viewer. */
  publish(picture: EncodedPicture, viewer: Viewer): void {
    this.#feed.publish(picture);
    viewer.frames.offer();
    viewer.frames.sendNewest();
  }

  readonly needsKey: boolean = false;

  authenticate(..._: Parameters<ViewerHost["authenticate"]>): ReturnType<ViewerHost["authenticate"]> {
    return { reason: GoodbyeReason.wrongKey, text: "no key is right" };
  }

  findCamera(): WatchedCamera {
    return this;
  }

  listCameras(): CameraEntry[] {
    return [{ name: this.name, hasEnded: false, width: 64, height: 48, framesPerSecond: 30 }];
  }

  captureIntervalMicros(): number {
    return 33_333;
  }

  onExceeded(_: Viewer, limit: LimitName): void {
    this.calls.push(`exceeded ${limit}`);
  }

  onChanged(viewer: Viewer): void {
    this.calls.push(viewer.watching ? "watching" : "not watching");
    viewer.frames.follow(viewer.watching ? this.#feed : null);
    if (!viewer.watching) this.#feed.clear();
  }

  onAcknowledged(): void {
    // The feed stays the same whatever the link is like.
  }

  onReady(): void {
    this.readyCalls++;
  }

  onGone(_viewer: Viewer, reason: string): void {
    this.calls.push(`gone: ${reason}`);
  }

  onRefused(_viewer: Viewer, reason: string): void {
    this.calls.push(`gone: ${reason}`);
  }

  onClosed(): void {
    this.calls.push("closed");
  }
}

/** A picture in which every byte is its frame number. */
export function picture(frameNumber: number, bytes = 50, size = { width: 64, height: 48 }): EncodedPicture {
  const facts = {
    ...size,
    frameNumber,
    capturedAt: 1000 * frameNumber,
    encodedAt: 1000 * frameNumber + 5,
    isPassedOn: false,
  };
  return pictureOf(facts, new Uint8Array(bytes).fill(frameNumber));
}
