// The names of the files that keys of the window save.

import { resolve } from "node:path";

/** Returns the path of a new file in the working folder. Its name has the time, to a second, and then `what`, for example `frame7.jpg`. */
export function savedPath(what: string): string {
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "");
  return resolve(`slipstream-${time}-${what}`);
}
