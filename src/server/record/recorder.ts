// Records one camera: it follows the camera's best pictures like a viewer, and writes them to files as they are.

import { type Micros, nowMicros, settlesWithin } from "../../core/clock.ts";
import { Health } from "../../core/health.ts";
import type { Log } from "../../core/log.ts";
import { type FollowedCamera, InnerMember } from "../deliver/inner-member.ts";
import type { MotionEvent } from "../../core/motion.ts";
import type { Feed, FeedJpeg } from "../renditions/feed.ts";
import type { FinishedFiles, H264Report } from "./h264-queue.ts";
import { type GateSettings, MotionGate } from "./motion-gate.ts";
import { freeBytes, makeFile } from "./new-file.ts";
import { PicturePace } from "./picture-pace.ts";
import { MAX_WAITING_BYTES, SegmentFile, wallMsOf } from "./segment-file.ts";
import { nextRoundTime } from "./segment-names.ts";

/** After a failure the recording is tried again after this time, then after twice that, and so on. */
const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 60_000;
/** A trouble is over when for this time no picture was left out. */
const RECOVERY_MICROS = 2_000_000;
/** The longest time to wait for the end of the last files. On a disk that does not answer, ffmpeg goes on alone. */
const COMPLETION_MS = 5_000;
/** A full disk needs this many free bytes before the recording goes on. */
const NEEDED_BYTES = 16 * 2 ** 20;

/** The time between two looks at a gate, which may close. */
const GATE_MS = 200;
/** While more bytes of pictures than this wait for the disk, those of a gate stay in it. A large picture has still room. */
const HELD_WAITING_BYTES = MAX_WAITING_BYTES / 2;

export interface RecorderOptions {
  /** The folder of all recordings. */
  folder: string;
  segmentSeconds: number;
  /** What is recorded around motion, or null if everything is recorded. */
  aroundMotion: GateSettings | null;
  /** Receives the complete files, which are to become H.264, or null. */
  finished: FinishedFiles | null;
  log: Log;
  /** The recorder calls this when it has begun a file. */
  onBegun: () => void;
}

/** The figures of a recording, which `--json` prints. */
export interface RecordingReport {
  /** The file that is being written, or null. */
  file: string | null;
  /** The pictures that were written, and their bytes. */
  pictures: number;
  bytes: number;
  /** The pictures that are missing in the recording, because the disk was full, slow or gone. */
  leftOut: number;
  /** The reason why nothing is recorded now, or null. */
  trouble: string | null;
  /** The files that become H.264, or null if they stay Motion JPEG. */
  h264: H264Report | null;
}

export class Recorder extends InnerMember {
  readonly address = "recording";
  readonly #options: RecorderOptions;
  #file: SegmentFile | null = null;
  /** The wall clock at the beginning and at the planned end of the file, in milliseconds since 1970. */
  #startedMs = 0;
  #endsMs = 0;
  /** The number of the last frame that was taken from the feed. Not used with a gate, which keeps frames itself. */
  #takenFrame = 0;
  readonly #gate: MotionGate | null;
  #gateTimer: ReturnType<typeof setInterval> | null = null;
  /** Whether the pictures that the gate lets through are being written, and the promise of the newest such work. */
  #isPassing = false;
  #passed: Promise<void> = Promise.resolve();
  /** The files that are being completed. */
  readonly #ending = new Set<SegmentFile>();
  /** The pictures and bytes of the complete files. */
  #picturesBefore = 0;
  #bytesBefore = 0;
  readonly #health = new Health<"file" | "speed">((text) => this.#tell(text));
  #leftOut = 0;
  #leftOutAt: Micros = 0;
  /** The value of `leftOut` when the trouble began. */
  #leftOutBefore = 0;
  #pauseMs = FIRST_PAUSE_MS;
  #triesAgainAt: Micros = 0;

  constructor(camera: FollowedCamera, options: RecorderOptions) {
    super(camera);
    this.#options = options;
    this.#gate = options.aroundMotion === null ? null : new MotionGate(options.aroundMotion);
  }

  override begin(): void {
    super.begin();
    const gate = this.#gate;
    if (gate === null) return;
    this.#gateTimer = setInterval(() => this.#pass(gate), GATE_MS);
    this.#gateTimer.unref();
  }

  /** Handles motion in the camera's picture. A recorder of everything needs no call. */
  motion(event: MotionEvent): void {
    if (this.#gate === null || !this.watching) return;
    this.#gate.motion(event, nowMicros());
    this.#pass(this.#gate);
  }

  /** Whether files are not complete. */
  get isOpen(): boolean {
    return this.#file !== null || this.#ending.size > 0 || this.#isPassing;
  }

  /** The files that are not complete, as far as their places are known. */
  get openPaths(): string[] {
    return this.#open.flatMap(({ path }) => path ?? []);
  }

  get #open(): SegmentFile[] {
    return [...(this.#file === null ? [] : [this.#file]), ...this.#ending];
  }

  report(): RecordingReport {
    return {
      file: this.#file?.path ?? null,
      pictures: this.#open.reduce((sum, { pictures }) => sum + pictures, this.#picturesBefore),
      bytes: this.#open.reduce((sum, { bytes }) => sum + bytes, this.#bytesBefore),
      leftOut: this.#leftOut,
      trouble: this.#health.text,
      h264: this.#options.finished?.report() ?? null,
    };
  }

  /** Leaves the audience. The last file is completed later. */
  leave(): void {
    if (!this.watching) return;
    this.watching = false;
    if (this.#gateTimer !== null) clearInterval(this.#gateTimer);
    this.camera.onGone(this, "the recording has ended");
    if (this.#gate === null) this.#endFile(nowMicros());
    else this.#pass(this.#gate);
  }

  /** Leaves the audience, and resolves when all files are complete, or after some seconds. */
  async close(): Promise<void> {
    this.leave();
    if (await settlesWithin(this.#complete(), COMPLETION_MS)) return;
    this.#options.log.warning(`the disk does not take the end of the recording: ${this.openPaths.join(", ")}`);
  }

  async #complete(): Promise<void> {
    await this.#passed;
    await Promise.all([...this.#ending].map(({ closed }) => closed));
  }

  frameCame(): void {
    const { feed } = this.frames;
    if (feed === null || !this.watching) return;
    if (this.#gate === null) {
      this.#writeNewest(feed);
      return;
    }
    const lost = this.#gate.hold(feed, nowMicros());
    this.#leaveOut(lost);
    if (lost > 0) this.#beginGaps();
    this.#pass(this.#gate);
  }

  #writeNewest(feed: Feed): void {
    if (feed.changedFrame <= this.#takenFrame) return;
    const jpeg = feed.jpeg();
    if (jpeg === null) return;
    this.#takenFrame = jpeg.frameNumber;
    this.#write(jpeg);
  }

  /** Writes the pictures that the gate lets through, and ends the file when the gate is closed. */
  #pass(gate: MotionGate): void {
    if (!this.#isPassing) this.#passed = this.#passAll(gate);
  }

  async #passAll(gate: MotionGate): Promise<void> {
    this.#isPassing = true;
    const pace = new PicturePace(HELD_WAITING_BYTES);
    for (let next = gate.take(); next !== null; next = gate.take()) {
      if (next !== "too old") this.#write(next);
      await pace.next(this.#file);
    }
    const now = nowMicros();
    if (!this.watching || !gate.isOpen(now)) this.#endFile(now);
    this.#isPassing = false;
  }

  #write(jpeg: FeedJpeg): void {
    const file = this.#fileFor(jpeg);
    if (file === null) {
      this.#leaveOut(1);
    } else if (file.add(jpeg.bytes, jpeg.capturedAt)) {
      this.#recover(file);
    } else {
      this.#leaveOut(1);
      this.#beginGaps();
    }
  }

  /** Returns the file for a picture, or null while none can be written. */
  #fileFor(jpeg: FeedJpeg): SegmentFile | null {
    const { capturedAt, width, height } = jpeg;
    const wallMs = wallMsOf(capturedAt);
    const file = this.#file;
    if (file !== null) {
      const isInTime = wallMs < this.#endsMs && wallMs >= this.#startedMs - 1000;
      if (isInTime && file.size.width === width && file.size.height === height) return file;
      this.#endFile(capturedAt);
    }
    if (nowMicros() < this.#triesAgainAt) return null;
    // On a disk that hangs, each file would take further memory.
    const waitingBytes = this.#ending.values().reduce((sum, each) => sum + each.waitingBytes, 0);
    if (waitingBytes < MAX_WAITING_BYTES) return this.#beginFile(jpeg, wallMs);
    this.#beginGaps();
    return null;
  }

  #beginFile({ capturedAt, width, height }: FeedJpeg, wallMs: number): SegmentFile {
    const file = new SegmentFile(this.#place(wallMs), { width, height }, capturedAt);
    this.#file = file;
    this.#startedMs = wallMs;
    this.#endsMs = nextRoundTime(wallMs, this.#options.segmentSeconds);
    void file.closed.then((reason) => this.#closed(file, reason));
    this.#options.onBegun();
    return file;
  }

  /**
   * Makes an empty file in the folder of the camera, and returns its path. Nothing here waits for the disk, because all viewers would
   * wait too if it does not answer.
   */
  async #place(wallMs: number): Promise<string> {
    if (this.#health.has("file") && (await freeBytes(this.#options.folder)) < NEEDED_BYTES) {
      throw new Error("No space left on device");
    }
    return await makeFile(this.#options.folder, this.camera.name, wallMs);
  }

  #endFile(at: Micros): void {
    const file = this.#file;
    if (file === null) return;
    this.#file = null;
    this.#ending.add(file);
    void file.end(at);
  }

  #closed(file: SegmentFile, reason: string | null): void {
    if (file === this.#file) this.#file = null;
    this.#ending.delete(file);
    this.#picturesBefore += file.pictures;
    this.#bytesBefore += file.bytes;
    this.#leaveOut(file.waitingPictures);
    if (reason !== null) this.#fail(reason);
    else if (file.path !== null && file.pictures > 0) this.#options.finished?.add(file.path);
  }

  #fail(reason: string): void {
    this.#leftOutAt = nowMicros();
    this.#triesAgainAt = this.#leftOutAt + this.#pauseMs * 1000;
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, 2 * this.#pauseMs);
    const why = explain(reason, this.#options.folder);
    this.#health.begin("file", `${this.camera.name} is not recorded: ${why}`);
  }

  #beginGaps(): void {
    this.#health.begin("speed", `${this.camera.name} is recorded with gaps: the disk is slower than the pictures`);
  }

  #leaveOut(pictures: number): void {
    if (pictures === 0) return;
    this.#leftOut += pictures;
    this.#leftOutAt = nowMicros();
  }

  #recover({ pictures }: SegmentFile): void {
    if (this.#health.text === null || pictures === 0 || nowMicros() - this.#leftOutAt < RECOVERY_MICROS) return;
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#health.end("file");
    this.#health.end("speed");
  }

  #tell(trouble: string | null): void {
    const { log } = this.#options;
    if (trouble !== null) {
      log.warning(`${trouble}; viewers are not affected, and the recording continues by itself as soon as possible`);
      return;
    }
    log.info(`${this.camera.name} is recorded again; ${this.#leftOut - this.#leftOutBefore} pictures are missing`);
    this.#leftOutBefore = this.#leftOut;
  }
}

function explain(reason: string, folder: string): string {
  const isFull = /No space left|Disk quota/.test(reason);
  return isFull ? `the disk of ${folder} is full (${reason})` : reason;
}
