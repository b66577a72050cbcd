// Handles the questions of a viewer: the controls of its camera, and clips of the past.

import { readClipAsked, writeClipPart } from "../../protocol/clip.ts";
import { readSetControl, writeControlSet, writeControls } from "../../protocol/controls.ts";
import { MessageType } from "../../protocol/wire.ts";
import type { Answers } from "./answers.ts";
import type { ControlUser } from "./camera-controls.ts";
import { ClipReader } from "./clip-reader.ts";
import type { WatchedCamera } from "./viewer-host.ts";

export class Questions {
  readonly #answers: Answers;
  readonly #asker: ControlUser;
  readonly #clips = new ClipReader();
  /** Aborts when the viewer can receive no more answers. */
  readonly #gone = new AbortController();

  constructor(answers: Answers, asker: ControlUser) {
    this.#answers = answers;
    this.#asker = asker;
  }

  /** Handles a message. Returns false if it is no question. */
  take(type: number, body: Uint8Array, camera: WatchedCamera): boolean {
    const { signal } = this.#gone;
    switch (type) {
      case MessageType.controlsAsked:
        this.#answers.answer(async () => writeControls(await camera.controls.list(this.#asker.role)));
        return true;
      case MessageType.setControl: {
        const { name, value } = readSetControl(body);
        this.#answers.answer(async () => writeControlSet(await camera.controls.set(name, value, this.#asker, signal)));
        return true;
      }
      case MessageType.clipAsked: {
        const { seconds } = readClipAsked(body);
        this.#answers.answer(async () => writeClipPart(await this.#clips.read(camera, seconds, signal)));
        return true;
      }
      default:
        return false;
    }
  }

  /** Drops the questions that wait. Call it when the viewer is gone. */
  close(): void {
    this.#gone.abort();
    this.#clips.close();
  }
}
