// The MJPEG stream of the server, for browsers that cannot decode in a worker.

import { supportedVariant } from "../../codec/wasm/variants.ts";

/** Whether this browser has what the workers need, except shared memory: only a worker can find out whether that is available. */
export function canDecode(): boolean {
  return (
    typeof Worker === "function" &&
    typeof WebAssembly === "object" &&
    supportedVariant() !== undefined &&
    "transferControlToOffscreen" in HTMLCanvasElement.prototype
  );
}

/** Shows the stream of the first camera, or of the camera with this name. */
export function showStream(parent: Element, camera: string): void {
  const image = document.createElement("img");
  image.className = "stream";
  image.alt = camera === "" ? "The first camera, live" : `${camera}, live`;
  image.src = camera === "" ? "stream" : `cameras/${encodeURIComponent(camera)}/stream`;
  parent.replaceChildren(image);
}
