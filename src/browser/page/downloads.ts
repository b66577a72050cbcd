// Saves snapshots and clips as downloads.

const CLIP_SECONDS = 30;

/** Saves the JPEG as it was received. `name` is the name of the camera. */
export function saveJpeg(jpeg: Uint8Array<ArrayBuffer>, name: string): void {
  download(new Blob([jpeg], { type: "image/jpeg" }), name, "jpg");
}

/** Saves the last seconds of a camera, which the server keeps. Resolves with a line that tells the outcome. */
export async function saveClip(name: string): Promise<{ isSaved: boolean; text: string }> {
  try {
    const answer = await fetch(`cameras/${encodeURIComponent(name)}/clip?seconds=${CLIP_SECONDS}`);
    if (!answer.ok) return { isSaved: false, text: (await answer.text()).trim() };
    download(await answer.blob(), name, "mkv");
    return { isSaved: true, text: `The last ${CLIP_SECONDS} s of ${name} are saved` };
  } catch {
    return {
      isSaved: false,
      text: `The last ${CLIP_SECONDS} s of ${name} are not saved, because the connection broke: try again`,
    };
  }
}

function download(file: Blob, name: string, ending: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = `${fileName(name)}-${timeStamp(new Date())}.${ending}`;
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
