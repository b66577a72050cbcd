// Loads the native part of @kmamal/sdl in a compiled program (scripts/build/program.ts).

import { MissingError } from "../../core/errors.ts";
import { PROGRAM_FILES } from "../../program-files.ts";
import { fileOnDisk } from "../../state/file-on-disk.ts";

/** Returns the exports of the native part. The system cannot load a library from inside the program, so it is copied to a file. */
export function loadBinding(): unknown {
  const { sdlBinding } = PROGRAM_FILES;
  if (sdlBinding === null) throw new MissingError("this program was built without support for windows");
  const binding = { exports: {} };
  process.dlopen(binding, fileOnDisk(sdlBinding));
  return binding.exports;
}
