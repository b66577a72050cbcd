// Saves snapshots and clips as downloads.

const CLIP_SECONDS = 30;

/** Saves the JPEG as it was received. `name` is the name of the camera. */
export function saveJpeg(jpeg: Uint8Array<ArrayBuffer>, name: string): void {
  download(new Blob([jpeg], { type: "image/jpeg" }), name, "jpg");
}

/** Some seconds of the past, which ended so many seconds ago. */
interface Span {
  seconds: number;
  ago: number;
}

/** Saves seconds of a camera that the server keeps, by default the last ones. Resolves with a line that tells the outcome. */
export async function saveClip(
  name: string,
  { seconds, ago }: Span = { seconds: CLIP_SECONDS, ago: 0 },
): Promise<{ isSaved: boolean; text: string }> {
  const what = ago === 0 ? `The last ${seconds} s of ${name}` : `${seconds} s of ${name}`;
  try {
    const answer = await fetch(`${clipOf(name)}?seconds=${seconds}${ago === 0 ? "" : `&ago=${ago}`}`);
    if (!answer.ok) return { isSaved: false, text: (await answer.text()).trim() };
    download(await answer.blob(), name, "mkv", new Date(Date.now() - 1000 * ago));
    return { isSaved: true, text: `${what} are saved` };
  } catch {
    return { isSaved: false, text: `${what} are not saved, because the connection broke: try again` };
  }
}

/** Resolves with the number of seconds that the server keeps of a camera, or with null if it keeps none or does not answer. */
export async function keptSeconds(name: string): Promise<number | null> {
  const answer = await fetch(clipOf(name), { method: "HEAD" }).catch(() => null);
  const kept = answer?.ok ? answer.headers.get("x-slipstream-past-seconds") : null;
  return kept == null ? null : Number(kept);
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
