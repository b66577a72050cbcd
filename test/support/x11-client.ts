// An X client that makes requests which the server refuses, for the tests of X errors. Its argument names the request.
//
//   focus   sets the input focus to a window that is not mapped (BadMatch)
//   atom    asks for the name of an atom that does not exist (BadAtom)

import { dlopen, type Pointer } from "bun:ffi";
import { ignoreWindowErrors } from "../../src/client/screens/x11-errors.ts";

const { symbols: x11 } = dlopen("libX11.so.6", {
  XOpenDisplay: { args: ["ptr"], returns: "ptr" },
  XDefaultRootWindow: { args: ["ptr"], returns: "u64" },
  XCreateSimpleWindow: {
    args: ["ptr", "u64", "i32", "i32", "u32", "u32", "u32", "u64", "u64"],
    returns: "u64",
  },
  XSetInputFocus: { args: ["ptr", "u64", "i32", "u64"], returns: "i32" },
  XGetAtomName: { args: ["ptr", "u64"], returns: "ptr" },
  XSync: { args: ["ptr", "i32"], returns: "i32" },
});

ignoreWindowErrors();
const display = x11.XOpenDisplay(null) as Pointer | null;
if (display === null) throw new Error("there is no display");
if (Bun.argv[2] === "focus") {
  const window = x11.XCreateSimpleWindow(display, x11.XDefaultRootWindow(display), 0, 0, 10, 10, 0, 0n, 0n);
  x11.XSetInputFocus(display, window, 0, 0n);
} else {
  x11.XGetAtomName(display, 0x1fffffffn);
}
x11.XSync(display, 0);
console.log("still here");
