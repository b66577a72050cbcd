// Compares the pixels that a viewer shows with those of the same picture, decoded as a whole. During trouble a viewer shows a grey
// and darker copy.

/** The brightness of the grey copy, as a share of the picture's brightness. */
const GREY_BRIGHTNESS = 0.6;
/** The largest difference in levels of 256. The viewer computes the copy with whole numbers. */
const GREY_TOLERANCE = 2.5;

/** Returns whether `shown` has exactly the bytes of `whole`, both RGBA. */
export function areEqual(shown: Uint8Array, whole: Uint8Array): boolean {
  return Buffer.compare(shown, whole) === 0;
}

/** Returns whether `shown` is the grey copy of `whole`, both RGBA. Luma is that of JFIF 1.02 (ITU-R BT.601). */
export function areGreyOf(shown: Uint8Array, whole: Uint8Array): boolean {
  if (shown.length !== whole.length) return false;
  for (let at = 0; at < whole.length; at += 4) {
    const luma = 0.299 * (whole[at] as number) + 0.587 * (whole[at + 1] as number) + 0.114 * (whole[at + 2] as number);
    const grey = shown[at] as number;
    const isGrey = shown[at + 1] === grey && shown[at + 2] === grey && shown[at + 3] === 255;
    if (!isGrey || Math.abs(grey - GREY_BRIGHTNESS * luma) > GREY_TOLERANCE) return false;
  }
  return true;
}
