// Keeps a viewer running when the X server refuses a request of SDL. Other programs, such as a window manager, may hide or close
// a window between two requests of SDL for it. SDL 2 then sets the input focus to a window that is not mapped (X11_ShowWindow),
// and the default handler of Xlib ends the process with code 1.

import { CFunction, dlopen, JSCallback, type Pointer, read } from "bun:ffi";

/** The library through which SDL uses X11. */
const LIBRARY = "libX11.so.6";

/** The error codes (X11/X.h) that are ignored: the window does not exist, or is not in the right state for the request. */
const BAD_WINDOW = 3;
const BAD_MATCH = 8;
const BAD_DRAWABLE = 9;
/** The offset of `error_code` in an XErrorEvent (X11/Xlib.h), if pointers and `unsigned long` have 8 bytes. */
const ERROR_CODE_AT = 32;

const HANDLER = { args: ["ptr", "ptr"], returns: "i32" } as const;

let isInstalled = false;

/**
 * Makes Xlib ignore these errors from now on. The previous handler still gets all other errors. The function does nothing without
 * Xlib.
 */
export function ignoreWindowErrors(): void {
  if (isInstalled || process.platform !== "linux") return;
  isInstalled = true;
  let setHandler: (handler: Pointer | null) => Pointer | bigint | null;
  try {
    setHandler = dlopen(LIBRARY, { XSetErrorHandler: { args: ["ptr"], returns: "ptr" } }).symbols.XSetErrorHandler;
  } catch {
    return; // SDL does not use X11 here.
  }
  let before: ((display: Pointer, event: Pointer) => number) | null = null;
  const handler = new JSCallback((display: Pointer, event: Pointer) => {
    const code = read.u8(event, ERROR_CODE_AT);
    const isOfWindow = code === BAD_WINDOW || code === BAD_MATCH || code === BAD_DRAWABLE;
    return isOfWindow || before === null ? 0 : before(display, event);
  }, HANDLER);
  const earlier = setHandler(handler.ptr);
  if (earlier !== null) {
    before = CFunction({ ...HANDLER, ptr: earlier }) as unknown as (display: Pointer, event: Pointer) => number;
  }
}
