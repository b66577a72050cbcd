// The cameras of a running server. New settings replace the cameras whose settings have changed, and the others go on.

import { messageOf } from "../../core/errors.ts";
import { Condition } from "../../core/condition.ts";
import type { Log } from "../../core/log.ts";
import { GoodbyeReason } from "../../protocol/wire.ts";
import type { NamedCamera } from "../access/key-cameras.ts";
import type { ResolvedCameraOptions } from "../settings/options.ts";
import type { Camera } from "./camera.ts";
import { checkNames, type OpenedCamera, openSources } from "./sources.ts";

export interface CameraGroupOptions {
  /** Makes the camera of a source that is ready to run. */
  create: (opened: OpenedCamera) => Camera;
  /** The group calls this when it has taken a camera out of the group. The camera has ended. */
  onRemoved: (camera: Camera) => void;
  /** Returns the log of a camera's source. */
  logOf: (name: string) => Log;
  /** The log for a line when one of several cameras fails. */
  log: Log;
}

/** What new settings have done to the cameras. */
export interface CameraChanges {
  /** The names of the cameras that go on. */
  kept: string[];
  /** The names of the cameras that were started. */
  started: string[];
  /** The names of the cameras that have ended. Those with new settings are also among the started ones. */
  ended: string[];
}

/** A camera with the settings from which it was made. */
interface Member {
  camera: Camera;
  opened: OpenedCamera;
  /** Resolves when the camera has ended, with its error or null. Null before it runs. */
  end: Promise<unknown> | null;
  failure: unknown;
  isRunning: boolean;
}

export class CameraGroup {
  /** The cameras in their order. It is always the same array, so other parts of the server may keep it. */
  readonly cameras: Camera[] = [];
  readonly #options: CameraGroupOptions;
  #members: Member[] = [];
  #signal: AbortSignal | null = null;
  /** Whether cameras are being replaced. Meanwhile the group does not end, even if no camera runs. */
  #isChanging = false;
  readonly #allEnded = new Condition(() => !this.#isChanging && this.#members.every(({ isRunning }) => !isRunning));

  /** Opens the sources. Throws as `openSources` does. */
  constructor(settings: readonly ResolvedCameraOptions[], options: CameraGroupOptions) {
    this.#options = options;
    for (const opened of openSources(settings, options.logOf)) this.#add(opened);
    this.#order(this.#members);
  }

  /** The names of the cameras. Those of cameras without a given name are automatic. */
  get named(): readonly NamedCamera[] {
    return this.#members.map(({ camera, opened }) => ({ name: camera.name, isAutomatic: opened.camera.name === null }));
  }

  /** Whether the cameras run and are not being ended. Only then they can be replaced. */
  get isRunning(): boolean {
    return this.#signal?.aborted === false;
  }

  /** Runs the cameras. Resolves when all have ended. Throws the first camera's error when all cameras failed. */
  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    for (const member of this.#members) this.#start(member, signal);
    await this.#allEnded.wait(NEVER);
    this.#signal = null;
    const failures = this.#members.flatMap(({ failure }) => (failure === null ? [] : [failure]));
    if (failures.length === this.#members.length) throw failures[0];
  }

  /**
   * Takes new settings of all cameras. A camera with the same settings as before goes on, and its viewers notice nothing. Viewers
   * of a camera with other settings are told so, and connect again. Throws UsageError for two cameras with one name; then nothing
   * has changed. A source that cannot be opened is tried again, or its camera has ended with the reason.
   */
  async replace(settings: readonly ResolvedCameraOptions[]): Promise<CameraChanges> {
    checkNames(settings);
    const signal = this.#signal;
    if (signal === null || this.#isChanging) throw new Error("cameras can be replaced while they run, once at a time");
    this.#isChanging = true;
    try {
      const left = [...this.#members];
      const places = settings.map((camera): Member | ResolvedCameraOptions => {
        const at = left.findIndex(({ opened, isRunning }) => isRunning && isSame(opened.camera, camera));
        return at < 0 ? camera : (left.splice(at, 1)[0] as Member);
      });
      const names = new Set(settings.flatMap(({ name }) => name ?? []));
      // The devices of the ended cameras must be free before the new ones are opened.
      await Promise.all(left.map((member) => this.#end(member, names.has(member.camera.name))));
      const kept = places.filter((place): place is Member => "camera" in place);
      const fresh = places.filter((place): place is ResolvedCameraOptions => !("camera" in place));
      const running = {
        names: kept.map(({ camera }) => camera.name),
        sources: kept.map(({ opened }) => opened.source),
      };
      this.#order([...kept]);
      const started = openSources(fresh, this.#options.logOf, running).map((opened) => this.#add(opened));
      let next = 0;
      this.#order(places.map((place) => ("camera" in place ? place : (started[next++] as Member))));
      for (const member of started) this.#start(member, signal);
      const namesOf = (members: readonly Member[]) => members.map(({ camera }) => camera.name);
      return { kept: namesOf(kept), started: namesOf(started), ended: namesOf(left) };
    } finally {
      this.#isChanging = false;
      this.#allEnded.check();
    }
  }

  /** Releases the cameras' controls. Call it before the cameras run, or after they have ended. */
  async close(): Promise<void> {
    await Promise.all(this.cameras.map((camera) => camera.close()));
  }

  #add(opened: OpenedCamera): Member {
    const member: Member = { camera: this.#options.create(opened), opened, end: null, failure: null, isRunning: false };
    this.#members.push(member);
    return member;
  }

  #order(members: Member[]): void {
    this.#members = members;
    this.cameras.splice(0, this.cameras.length, ...members.map(({ camera }) => camera));
  }

  #start(member: Member, signal: AbortSignal): void {
    const run = async () => {
      try {
        await member.camera.run(signal);
      } catch (error) {
        member.failure = error;
        if (this.#members.length > 1) this.#options.log.error(`${member.camera.name} has ended: ${messageOf(error)}`);
      }
      member.isRunning = false;
      this.#allEnded.check();
    };
    member.isRunning = true;
    member.end = run();
  }

  /** Ends a camera and removes it. `isReplaced` says whether the next camera has the same name. */
  async #end(member: Member, isReplaced: boolean): Promise<void> {
    const { camera } = member;
    camera.retire(
      isReplaced
        ? { reason: GoodbyeReason.shutdown, text: `${camera.name} has new settings` }
        : { reason: GoodbyeReason.end, text: `${camera.name} was removed from the server` },
    );
    await member.end;
    await camera.close();
    await camera.giveBackMemory();
    this.#options.onRemoved(camera);
  }
}

const NEVER = new AbortController().signal;

/** Whether two cameras have the same settings. The places in the settings file do not matter. */
function isSame(one: ResolvedCameraOptions, other: ResolvedCameraOptions): boolean {
  return one.source === other.source && describe(one) === describe(other);
}

function describe({ source: _, writtenAt: _place, settings, ...others }: ResolvedCameraOptions): string {
  return JSON.stringify({ ...others, settings: settings?.map(({ name, value }) => [name, value]) });
}
