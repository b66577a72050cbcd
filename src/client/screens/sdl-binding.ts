// Loads the native part of @kmamal/sdl in a compiled program (scripts/build/program.ts).

import { MissingError } from "../../core/errors.ts";
import { PROGRAM_FILES } from "../../program-files.ts";
import { fileOnDisk } from "../../state/file-on-disk.ts";

/** Returns the exports of the native part. The system loads libraries only from files on disks. */
export function loadBinding(): unknown {
  const { sdlBinding } = PROGRAM_FILES;
  if (sdlBinding === null) throw new MissingError("this program was built without windows");
  const binding = { exports: {} };
  process.dlopen(binding, fileOnDisk(sdlBinding));
  return binding.exports;
}
