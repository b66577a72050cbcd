// Saves a snapshot as a download. Its bytes are the JPEG as it was received.

/** `name` is the name of the camera. */
export function download(jpeg: Uint8Array<ArrayBuffer>, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([jpeg], { type: "image/jpeg" }));
  link.download = `${fileName(name)}-${timeStamp(new Date())}.jpg`;
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
