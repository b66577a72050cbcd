// Saves the picture on the screen as a JPEG file, exactly as it was received (key S).

import { writeFile } from "node:fs/promises";
import { savedPath } from "./saved-path.ts";

/**
 * Writes the JPEG into the working folder and resolves with its path. It never overwrites a file. Other users of the machine
 * cannot read the file, because the picture may be private. The name has the number of the frame. For a picture of the past it has the
 * age, because clips have no numbers of frames.
 */
export async function saveSnapshot(
  jpeg: Uint8Array,
  frameNumber: number,
  pastMs: number | null = null,
): Promise<string> {
  const path = savedPath(pastMs === null ? `frame${frameNumber}.jpg` : `${Math.round(pastMs)}ms-ago.jpg`);
  await writeFile(path, jpeg, { flag: "wx", mode: 0o600 });
  return path;
}
