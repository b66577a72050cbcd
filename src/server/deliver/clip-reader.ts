// Reads a clip for one viewer, which asks for each part of the file.

import { messageOf } from "../../core/errors.ts";
import type { ClipPart } from "../../protocol/clip.ts";
import { noPastText, type SavedClip } from "./saved-clip.ts";
import type { WatchedCamera } from "./viewer-host.ts";

const PART_BYTES = 512 * 1024;

export class ClipReader {
  #clip: SavedClip | null = null;
  /** Resolves when the earlier requests are done. */
  #turn: Promise<unknown> = Promise.resolve();

  /**
   * Returns the first part of a clip with the last `seconds`, or with 0 the next part of the clip that was asked for last. It does not
   * reject: the answer tells what went wrong.
   */
  read(camera: Pick<WatchedCamera, "name" | "clips">, seconds: number, signal: AbortSignal): Promise<ClipPart> {
    const part = this.#turn.then(() => this.#readPart(camera, seconds, signal)).catch(refusal);
    this.#turn = part;
    return part;
  }

  async #readPart(
    { name, clips }: Pick<WatchedCamera, "name" | "clips">,
    seconds: number,
    signal: AbortSignal,
  ): Promise<ClipPart> {
    if (seconds > 0) {
      this.close();
      if (clips == null) return refusal(noPastText(name));
      this.#clip = await clips.clip(seconds, signal);
      if (signal.aborted) this.close();
    }
    const clip = this.#clip;
    if (clip === null) return refusal("no clip was asked for");
    const bytes = await clip.read(PART_BYTES);
    if (bytes === null) this.close();
    return { outcome: bytes === null ? "end" : "part", text: "", bytes: bytes ?? new Uint8Array() };
  }

  /** Frees the clip. */
  close(): void {
    void this.#clip?.close();
    this.#clip = null;
  }
}

function refusal(why: unknown): ClipPart {
  return { outcome: "refused", text: typeof why === "string" ? why : messageOf(why), bytes: new Uint8Array() };
}
