// The table of all settings of `clip`, and the reader of its length.

import { parsePast } from "../server/settings/record-values.ts";
import type { ValuesOf } from "../core/setting-table.ts";
import { UsageError } from "../core/errors.ts";
import { ACCESS_SETTINGS } from "./view-settings.ts";

export const CLIP_SETTINGS = ACCESS_SETTINGS;

export type ClipFlags = ValuesOf<(typeof CLIP_SETTINGS)[number]>;

/** Returns the whole seconds of a clip's length, for example `30s`. Throws UsageError for other text. */
export function parseClipSeconds(text: string): number {
  try {
    const { seconds, bytes } = parsePast(text);
    if (bytes === undefined) return Math.ceil(seconds);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
  }
  throw new UsageError(`'${text}' is not the length of a clip: write 1s to 1h, for example 30s`);
}
