// The part of the page's address after the #, which names the camera that fills the page.

/** Returns the name of the camera, or an empty name if the address has none. */
export function cameraOfAddress(): string {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return ""; // a wrong percent sign
  }
}

/** Returns what follows the address of the page for a camera, or for all cameras if the name is empty. */
export function hashOf(camera: string): string {
  return camera === "" ? "" : `#${encodeURIComponent(camera)}`;
}
