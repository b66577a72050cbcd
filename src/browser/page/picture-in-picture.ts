// Shows a picture in a window of its own that stays above others: a window for a document (Chromium), or for a video elsewhere.

interface DocumentPictureInPicture {
  requestWindow(options: { width: number; height: number }): Promise<Window>;
}

declare global {
  interface Window {
    documentPictureInPicture?: DocumentPictureInPicture;
  }
}

/** Whether the browser can show this canvas in such a window. Documents can be shown only over HTTPS and on this machine. */
export function canFloat(canvas: HTMLCanvasElement): boolean {
  return (
    window.documentPictureInPicture !== undefined || (document.pictureInPictureEnabled && "captureStream" in canvas)
  );
}

/**
 * Shows the picture in a window of its own until the user closes it. `parts` are the elements that move there, with their
 * behaviour, and come back as the first children of their parent. `changed` is called when they are there, and when they are back.
 * Resolves with what went wrong, or with null.
 */
export async function float(
  parts: readonly HTMLElement[],
  canvas: HTMLCanvasElement,
  changed: (isFloating: boolean) => void,
): Promise<string | null> {
  try {
    if (window.documentPictureInPicture !== undefined) {
      await floatElements(window.documentPictureInPicture, parts, canvas, changed);
    } else {
      await floatVideo(canvas, changed);
    }
    return null;
  } catch (error) {
    return `The browser does not show the picture in a window of its own: ${error instanceof Error ? error.message : String(error)}`;
  }
}

async function floatElements(
  documents: DocumentPictureInPicture,
  parts: readonly HTMLElement[],
  canvas: HTMLCanvasElement,
  changed: (isFloating: boolean) => void,
): Promise<void> {
  const width = Math.min(640, canvas.width);
  const opened = await documents.requestWindow({ width, height: Math.round((width * canvas.height) / canvas.width) });
  const styles = opened.document.createElement("link");
  styles.rel = "stylesheet";
  styles.href = new URL("page.css", document.baseURI).href;
  opened.document.head.append(styles);
  const parent = parts[0]?.parentElement;
  const section = opened.document.createElement("section");
  section.className = "camera floating";
  section.append(...parts);
  opened.document.body.append(section);
  changed(true);
  opened.addEventListener("pagehide", () => {
    parent?.prepend(...parts);
    changed(false);
  });
}

async function floatVideo(canvas: HTMLCanvasElement, changed: (isFloating: boolean) => void): Promise<void> {
  const video = document.createElement("video");
  video.muted = true;
  video.srcObject = canvas.captureStream();
  await video.play();
  await video.requestPictureInPicture();
  changed(true);
  video.addEventListener("leavepictureinpicture", () => {
    video.srcObject = null;
    changed(false);
  });
}
