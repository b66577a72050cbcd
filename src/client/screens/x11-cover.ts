// Finds out whether other windows cover an SDL window completely, on X11. SDL 2 does not request VisibilityNotify events from the
// X server, so this file requests them over its own connection. This does not work with a compositor: it redirects all windows to
// memory off the screen, and the server reports redirected windows as visible. Wayland has no such event.

import { dlopen, type Pointer, ptr, read } from "bun:ffi";

/**
 * The library for the connection. It is always there, because SDL needs libX11, and libX11 needs this library. Names and numbers
 * in this file are those of X11/X.h and X11/Xproto.h.
 */
const LIBRARY = "libxcb.so.1";

const FUNCTIONS = {
  xcb_connect: { args: ["ptr", "ptr"], returns: "ptr" },
  xcb_connection_has_error: { args: ["ptr"], returns: "i32" },
  xcb_get_setup: { args: ["ptr"], returns: "ptr" },
  xcb_query_tree: { args: ["ptr", "u32"], returns: "u32" },
  xcb_query_tree_reply: { args: ["ptr", "u32", "ptr"], returns: "ptr" },
  xcb_change_window_attributes: { args: ["ptr", "u32", "u32", "ptr"], returns: "u32" },
  xcb_flush: { args: ["ptr"], returns: "i32" },
  xcb_poll_for_event: { args: ["ptr"], returns: "ptr" },
  xcb_disconnect: { args: ["ptr"], returns: "void" },
  free: { args: ["ptr"], returns: "void" },
} as const;

const CW_EVENT_MASK = 1 << 11;
const EVENT_MASK_VISIBILITY_CHANGE = 1 << 16;
const VISIBILITY_NOTIFY = 15;
const VISIBILITY_FULLY_OBSCURED = 2;
/** The highest bit of an event's type, which is set in events that another client has sent. */
const IS_SENT = 0x80;

type Xcb = ReturnType<typeof dlopen<typeof FUNCTIONS>>["symbols"];

/** Watches the windows of one X client. The owner closes it. */
export class X11Cover {
  readonly #xcb: Xcb;
  readonly #connection: Pointer;
  #isCovered = false;

  /** Begins to watch a window. `handle` is SDL's handle of it. Returns null without an X server or without the library. */
  static open(handle: Buffer | null): X11Cover | null {
    if (process.platform !== "linux" || handle === null) return null;
    let xcb: Xcb;
    try {
      xcb = dlopen(LIBRARY, FUNCTIONS).symbols;
    } catch {
      return null; // SDL does not use X11 here, so the window counts as seen.
    }
    const connection = pointer(xcb.xcb_connect(null, null));
    if (connection === null) return null;
    if (xcb.xcb_connection_has_error(connection) !== 0) {
      xcb.xcb_disconnect(connection);
      return null;
    }
    return new X11Cover(xcb, connection, handle.readUInt32LE(0));
  }

  private constructor(xcb: Xcb, connection: Pointer, window: number) {
    this.#xcb = xcb;
    this.#connection = connection;
    this.#select(window);
  }

  /** Whether the window is completely covered, according to the newest event of the X server. */
  get isCovered(): boolean {
    const xcb = this.#xcb;
    for (let event = this.#next(); event !== null; event = this.#next()) {
      if ((read.u8(event, 0) & ~IS_SENT) === VISIBILITY_NOTIFY) {
        this.#isCovered = read.u8(event, 8) === VISIBILITY_FULLY_OBSCURED;
      }
      xcb.free(event);
    }
    return this.#isCovered;
  }

  close(): void {
    this.#xcb.xcb_disconnect(this.#connection);
  }

  #next(): Pointer | null {
    return pointer(this.#xcb.xcb_poll_for_event(this.#connection));
  }

  /**
   * Requests the events of all windows of SDL's client. The handle is not enough, because it is that of the first window, and SDL
   * replaces this window when it begins to draw with the GPU (SDL_RecreateWindow). SDL's other windows are never shown and have
   * no events. The windows are found as children of the root window, because the window manager puts a window into a frame only
   * when it is shown.
   */
  #select(window: number): void {
    const xcb = this.#xcb;
    const setup = pointer(xcb.xcb_get_setup(this.#connection));
    if (setup === null) return;
    const client = ~read.u32(setup, 16); // the bits outside of resource_id_mask identify the client of a window
    const cookie = xcb.xcb_query_tree(this.#connection, firstRoot(setup));
    const reply = pointer(xcb.xcb_query_tree_reply(this.#connection, cookie, null));
    if (reply === null) return;
    const mask = new Uint32Array([EVENT_MASK_VISIBILITY_CHANGE]);
    const children = read.u16(reply, 16);
    for (let index = 0; index < children; index++) {
      const child = read.u32(reply, 32 + 4 * index);
      if ((child & client) !== (window & client)) continue;
      xcb.xcb_change_window_attributes(this.#connection, child, CW_EVENT_MASK, ptr(mask));
    }
    xcb.free(reply);
    xcb.xcb_flush(this.#connection);
  }
}

/** Converts an address to a pointer. By its type it may be a bigint, but only above 2^53, where no process has memory. */
function pointer(address: Pointer | bigint | null): Pointer | null {
  return typeof address === "bigint" ? (Number(address) as Pointer) : address;
}

/**
 * Returns the root window of the first screen. In the setup message, the screens come after the vendor's name and the pixel
 * formats.
 */
function firstRoot(setup: Pointer): number {
  const vendorBytes = Math.ceil(read.u16(setup, 24) / 4) * 4;
  const formats = read.u8(setup, 29);
  return read.u32(setup, 40 + vendorBytes + 8 * formats);
}
