// The names of recordings, and the round times at which they begin.

/** The ending of the files: Matroska. */
const ENDING = ".mkv";
const UNFINISHED_ENDING = ".h264";
const NAME = /_\d{4}-\d{2}-\d{2}_\d{2}-\d{2}-\d{2}(?:_\d+)?\.mkv$/;

/**
 * Returns the folder name of a camera: its name with `_` for everything but letters, digits, `.`, `-` and `_`. Names on the
 * command line are safe with it, and no name leaves the folder of the recordings.
 */
export function folderNameOf(cameraName: string): string {
  return cameraName.replace(/[^\p{L}\p{N}._-]+/gu, "_").replace(/^\.+/, "_") || "_";
}

/**
 * Returns the name of a file that begins at `startMs` (milliseconds since 1970), in local time: `door_2026-11-29_08-10-00.mkv`.
 * `attempt` counts from 1. Further attempts get a number, because a clock that was set back gives the same time twice.
 */
export function fileNameOf(folderName: string, startMs: number, attempt: number): string {
  const time = new Date(startMs);
  const two = (value: number) => String(value).padStart(2, "0");
  const date = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join("-");
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join("-");
  return `${folderName}_${date}_${clock}${attempt === 1 ? "" : `_${attempt}`}${ENDING}`;
}

/** Whether a file has the name of a recording. Only such files are deleted. */
export function isRecordingName(fileName: string): boolean {
  return NAME.test(fileName);
}

/**
 * Returns the name of the unfinished file that is to replace a file. It is hidden, and no recording's name. A server that is killed
 * leaves it behind.
 */
export function unfinishedNameOf(fileName: string): string {
  return `.${fileName}${UNFINISHED_ENDING}`;
}

/** Whether a file has the name of an unfinished file that was to replace a recording. */
export function isUnfinishedName(fileName: string): boolean {
  if (!fileName.startsWith(".") || !fileName.endsWith(UNFINISHED_ENDING)) return false;
  return isRecordingName(fileName.slice(1, -UNFINISHED_ENDING.length));
}

/**
 * Returns the next round time after `ms`: the next multiple of the length of a segment in local time. With 10 minutes it is
 * 08:10, 08:20 …, with an hour the full hour, and with a day midnight.
 */
export function nextRoundTime(ms: number, segmentSeconds: number): number {
  const segmentMs = segmentSeconds * 1000;
  const offsetMs = new Date(ms).getTimezoneOffset() * -60_000;
  return (Math.floor((ms + offsetMs) / segmentMs) + 1) * segmentMs - offsetMs;
}
