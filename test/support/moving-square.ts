// A server in this process whose camera sees a white square on grey, which stands or moves as a test wishes.

import { createCamera, type ServeOptions, type Server, serve, type Size } from "../../src/index.ts";
import type { MotionReport } from "../../src/core/motion.ts";
import type { CameraOptions } from "../../src/server/settings/options.ts";
import { HOST_NAME } from "./chromium.ts";

export const SQUARE_PICTURE: Size = { width: 640, height: 480 };
/** The lines of the picture in which the square is. */
export const SQUARE_LINES = { top: 200, bottom: 300 };
const SIDE = SQUARE_LINES.bottom - SQUARE_LINES.top;
/** The shares of the picture, because tiles have 16 lines: 192 to 304 of 480. */
export const SQUARE_BOX = { y: 0.4, height: 0.2333 };
const INTERVAL_MS = 50;
const STEP = 12;

export interface MovingSquare extends AsyncDisposable {
  server: Server;
  /** Whether the square moves. */
  isMoving: boolean;
  /** The events so far. */
  events: MotionReport[];
  /** The address of the page. */
  url: string;
}

/** Starts the server. Its camera `yard` has a zone `path` that covers the picture. */
export async function serveMovingSquare(
  camera: Partial<CameraOptions> = {},
  options: Partial<ServeOptions> = {},
): Promise<MovingSquare> {
  const { width, height } = SQUARE_PICTURE;
  const source = createCamera({ name: "yard", framesPerSecond: 1000 / INTERVAL_MS });
  const events: MotionReport[] = [];
  const zones = [{ name: "path", rectangle: [0, 0, 1, 1] as const }];
  const server = await serve({
    cameras: [{ source, motion: { forMs: 100, quietSeconds: 3, zones }, ...camera }],
    port: 0,
    workers: 1,
    announce: false,
    http: { names: [HOST_NAME], port: 0 },
    onEvent: (event) => events.push(event),
    ...options,
  });
  let x = 0;
  let direction = STEP;
  const push = () => {
    if (square.isMoving) x += direction;
    if (x + direction < 0 || x + direction + SIDE > width) direction = -direction;
    const pixels = new Uint8Array(width * height * 4).fill(100);
    for (let row = SQUARE_LINES.top; row < SQUARE_LINES.bottom; row++) {
      pixels.fill(255, 4 * (row * width + x), 4 * (row * width + x + SIDE));
    }
    source.push(pixels, SQUARE_PICTURE);
  };
  const pushing = setInterval(push, INTERVAL_MS);
  const square: MovingSquare = {
    server,
    isMoving: false,
    events,
    url: `http://localhost:${server.http?.port}/`,
    async [Symbol.asyncDispose]() {
      clearInterval(pushing);
      await server.close();
    },
  };
  return square;
}

/** Moves the square until an event begins. The first seconds of a camera do not count. */
export async function beginMotion(square: MovingSquare): Promise<MotionReport> {
  const before = square.events.length;
  square.isMoving = true;
  for (;;) {
    const begun = square.events.slice(before).find(({ phase }) => phase === "start");
    if (begun !== undefined) return begun;
    await Bun.sleep(20);
  }
}

/** Lets the square stand until the event has ended. */
export async function endMotion(square: MovingSquare): Promise<MotionReport> {
  square.isMoving = false;
  for (;;) {
    const last = square.events.at(-1);
    if (last?.phase === "end") return last;
    await Bun.sleep(20);
  }
}
