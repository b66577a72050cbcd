// The recordings of a server: one recorder for each camera that is recorded, and the removal of old files.

import { accessSync, constants, mkdirSync } from "node:fs";
import { settlesWithin } from "../../core/clock.ts";
import { MissingError, messageOf, UsageError } from "../../core/errors.ts";
import { explainFileError } from "../../core/file-errors.ts";
import type { Log } from "../../core/log.ts";
import { checkH264 } from "./h264-file.ts";
import { H264Queue } from "./h264-queue.ts";
import { deleteOldest, deleteUnfinished, type KeepLimits } from "./kept-recordings.ts";
import type { GateSettings } from "./motion-gate.ts";
import type { FollowedCamera } from "../deliver/inner-member.ts";
import { Recorder } from "./recorder.ts";

/** The options of a camera's recording. */
export interface RecordSettings {
  /** The folder of the recordings. Each camera gets a folder of its own in it. */
  folder: string;
  segmentSeconds: number;
  /** The codec of finished files. With `h264` they are written again. */
  codec: "mjpeg" | "h264";
  keep: KeepLimits;
  /** What is recorded around motion, or null if everything is recorded. */
  aroundMotion: GateSettings | null;
}

/** Old files are looked for at the beginning of each file, and after this time. */
const SWEEP_MS = 60_000;
/** The longest time to wait for removals at the end. A disk that does not answer keeps no server from its end. */
const REMOVAL_MS = 5_000;

/**
 * Checks that the cameras can be recorded. Rejects with MissingError without ffmpeg or its encoder, and with UsageError if nothing can be
 * written to a folder, or if two cameras of a folder have different limits of what is kept.
 */
export async function checkRecordings(cameras: readonly { record: RecordSettings | null }[]): Promise<void> {
  const limits = new Map<string, KeepLimits>();
  for (const { record } of cameras) {
    if (record === null) continue;
    checkFolder(record.folder);
    if (record.codec === "h264") await checkH264();
    const { seconds, bytes } = limits.get(record.folder) ?? record.keep;
    // The limits hold for all files of a folder, so those of one camera would delete the files of another one.
    if (seconds !== record.keep.seconds || bytes !== record.keep.bytes) {
      throw new UsageError(
        `cameras record to ${record.folder} with different limits of what is kept: give them the same record-keep, or other folders`,
      );
    }
    limits.set(record.folder, record.keep);
  }
}

function checkFolder(folder: string): void {
  if (Bun.which("ffmpeg") === null) throw new MissingError("recording needs ffmpeg: install it (apt install ffmpeg)");
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new UsageError(`cannot record to ${folder}: ${explainFileError(error, { EEXIST: "it is not a folder" })}`);
  }
}

export class Recordings implements AsyncDisposable {
  #recorders: { recorder: Recorder; settings: RecordSettings; log: Log }[] = [];
  readonly #timer = setInterval(() => this.#sweepAll(), SWEEP_MS);
  /** The newest removal of each folder. Those of a folder run one after the other. */
  readonly #removals = new Map<string, Promise<void>>();
  /** The folders whose next removal has not begun. One is enough, and a disk that does not answer collects no more. */
  readonly #due = new Set<string>();
  readonly #h264: H264Queue;
  /** The folders in which files that a killed server has left behind were looked for. */
  readonly #cleared = new Set<string>();

  constructor(h264: H264Queue = new H264Queue()) {
    this.#h264 = h264;
    this.#timer.unref();
  }

  /** Creates the recorder of a camera. */
  create(camera: FollowedCamera, settings: RecordSettings, log: Log): Recorder {
    const { folder, segmentSeconds, aroundMotion, codec } = settings;
    const onBegun = () => this.#sweep(settings, log);
    const finished = codec === "h264" ? this.#h264.of(log) : null;
    const recorder = new Recorder(camera, { folder, segmentSeconds, aroundMotion, finished, log, onBegun });
    this.#clear(folder, log);
    this.#recorders = this.#recorders.filter((each) => each.recorder.watching || each.recorder.isOpen);
    this.#recorders.push({ recorder, settings, log });
    return recorder;
  }

  #sweepAll(): void {
    for (const { settings, log } of this.#recorders) this.#sweep(settings, log);
  }

  #clear(folder: string, log: Log): void {
    if (this.#cleared.has(folder)) return;
    this.#cleared.add(folder);
    this.#afterRemovals(folder, log, () => deleteUnfinished(folder, log));
  }

  #sweep({ folder, keep }: RecordSettings, log: Log): void {
    if (this.#due.has(folder)) return;
    this.#due.add(folder);
    this.#afterRemovals(folder, log, async () => {
      this.#due.delete(folder);
      const inUse = new Set(this.#recorders.flatMap(({ recorder }) => recorder.openPaths));
      if (this.#h264.path !== null) inUse.add(this.#h264.path);
      await deleteOldest(folder, keep, inUse, log);
    });
  }

  #afterRemovals(folder: string, log: Log, remove: () => Promise<void>): void {
    const explain = (error: unknown) => log.warning(`cannot look for old recordings in ${folder}: ${messageOf(error)}`);
    const removals = this.#removals.get(folder) ?? Promise.resolve();
    this.#removals.set(folder, removals.then(remove).catch(explain));
  }

  /** Completes all files. Those that are not H.264 yet stay Motion JPEG. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#h264[Symbol.asyncDispose]();
    await Promise.all(this.#recorders.map(({ recorder }) => recorder.close()));
    await settlesWithin(Promise.all(this.#removals.values()), REMOVAL_MS);
  }
}
