// The names of V4L2's pixel formats: four letters, and their code (uapi/linux/videodev2.h, v4l2_fourcc).

/**
 * Returns the four letters of a format's code, with `-BE` for big-endian formats. The first letter is the lowest byte
 * (v4l2_fourcc).
 */
export function fourccText(code: number): string {
  const letters = [0, 8, 16, 24].map((shift) => String.fromCharCode((code >>> shift) & 0x7f)).join("");
  return code >>> 31 === 1 ? `${letters}-BE` : letters.trimEnd();
}

/** Returns the code of a format's four letters. */
export function fourccCode(text: string): number {
  const letters = text.replace("-BE", "").padEnd(4);
  const code = [0, 1, 2, 3].reduce((sum, at) => sum | (letters.charCodeAt(at) << (8 * at)), 0);
  return (text.endsWith("-BE") ? code | 0x80000000 : code) >>> 0;
}
