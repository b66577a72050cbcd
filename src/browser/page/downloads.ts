// Saves snapshots and clips as downloads.

import { BY_SCRIPT } from "../messages.ts";
import type { Span } from "./clip-span.ts";

const CLIP_SECONDS = 30;

/** Saves the JPEG as it was received. `name` is the name of the camera. */
export function saveJpeg(jpeg: Uint8Array<ArrayBuffer>, name: string): void {
  download(new Blob([jpeg], { type: "image/jpeg" }), name, "jpg");
}

/** Saves seconds of a camera that the server keeps, by default the last ones. Resolves with a line that tells the outcome. */
export async function saveClip(
  name: string,
  { seconds, ago }: Span = { seconds: CLIP_SECONDS, ago: 0 },
): Promise<{ isSaved: boolean; text: string }> {
  const what = ago === 0 ? `The last ${seconds} s of ${name}` : `${seconds} s of ${name}`;
  try {
    const answer = await fetch(`${clipOf(name)}?seconds=${seconds}${ago === 0 ? "" : `&ago=${ago}`}`, {
      headers: BY_SCRIPT,
    });
    if (!answer.ok) return { isSaved: false, text: (await answer.text()).trim() };
    download(await answer.blob(), name, "mkv", new Date(Date.now() - 1000 * ago));
    return { isSaved: true, text: `${what} are saved` };
  } catch {
    return { isSaved: false, text: `${what} are not saved, because the connection broke: try again` };
  }
}

/** Resolves with the number of seconds that the server keeps of a camera, or with a line that says why it tells none. */
export async function keptSeconds(name: string): Promise<number | string> {
  const answer = await fetch(clipOf(name), { method: "HEAD", headers: BY_SCRIPT }).catch(() => null);
  const kept = answer?.ok ? answer.headers.get("x-slipstream-past-seconds") : null;
  if (kept != null) return Number(kept);
  if (answer?.status === 404) return "The server does not keep the past of this camera: start it with --past 30s";
  const what = answer === null ? "The server cannot be reached" : `The server answers with status ${answer.status}`;
  return `${what}: close this and select the motion again`;
}

function clipOf(name: string): string {
  return `cameras/${encodeURIComponent(name)}/clip`;
}

function download(file: Blob, name: string, ending: string, time = new Date()): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = `${fileName(name)}-${timeStamp(time)}.${ending}`;
  link.click();
  // The download has begun when the click returns, but some browsers read the blob later.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function fileName(name: string): string {
  const plain = name.replaceAll(/[^\p{L}\p{N}._-]+/gu, "-").replaceAll(/^[-.]+|-+$/g, "");
  return plain === "" ? "slipstream" : plain;
}

/** The time on the user's clock: 2026-01-31_14-05-09. */
function timeStamp(time: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const day = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join("-");
  return `${day}_${[time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join("-")}`;
}
