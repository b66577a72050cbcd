// Relays for end-to-end tests: servers whose camera is a camera of another server.

import type { WindowReport } from "../../src/client/view.ts";
import { type Program, type Server, startServer } from "./programs.ts";

/** The flags of an origin. */
export const PATTERN = ["--source", "pattern", "--size", "640x360"];

/** Starts a server whose camera is the first one of another server. */
export const startEdge = (originPort: number, flags: readonly string[] = []): Promise<Server> =>
  startServer(["--source", `slip://127.0.0.1:${originPort}/`, ...flags]);

/** Whether a viewer has shown more than this number of frames. */
export const areShown = (frames: number) => (viewer: Program<WindowReport>) => (viewer.last?.frames ?? 0) > frames;
