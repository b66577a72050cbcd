// A server in this process with an HTTP door, and cameras whose pictures a test pushes.

import { createCamera, type PushCamera, type ServeOptions, type Server, type Size, serve } from "../../src/index.ts";
import type { SourceControls } from "../../src/capture/source.ts";
import { HOST_NAME } from "./chromium.ts";
import { testPicture, toRgbaBytes } from "./samples.ts";

export interface WebCamera {
  source: PushCamera;
  /** The number of the picture that is pushed from now on. Other numbers are other pictures. Null pushes none. */
  picture: number | null;
}

export interface WebCameras extends AsyncDisposable {
  server: Server;
  cameras: WebCamera[];
  /** The address of the page by a host name, which makes it an insecure context. */
  url: string;
  /** The address by this machine's name, which makes it a secure context. */
  localUrl: string;
}

/** The cameras of the server's options come after those with pictures of the test. */
interface WebCamerasOptions extends ServeOptions {
  /** The size of the pictures. Default: 320 × 180. */
  size?: Size;
  /** The controls of each camera. Default: none. */
  controls?: SourceControls;
}

const INTERVAL_MS = 50;

/** Serves cameras with these names. Each pushes its picture 20 times a second. */
export async function serveWebCameras(
  names: readonly string[],
  { size = { width: 320, height: 180 }, controls, cameras: others = [], ...options }: WebCamerasOptions = {},
): Promise<WebCameras> {
  const cameras = names.map((name): WebCamera => {
    const source = createCamera({ name, framesPerSecond: 1000 / INTERVAL_MS });
    return { source: Object.assign(source, { controls }), picture: 0 };
  });
  const server = await serve({
    cameras: [...cameras.map(({ source }) => ({ source, quality: 90 })), ...others],
    port: 0,
    workers: 1,
    announce: false,
    ...options,
    http: { names: [HOST_NAME], port: 0, ...options.http },
  });
  const pictures = new Map<number, Uint8Array>();
  const pixelsOf = (picture: number) => {
    const known = pictures.get(picture) ?? toRgbaBytes(testPicture(size, picture));
    pictures.set(picture, known);
    return known;
  };
  const pushing = setInterval(() => {
    for (const { source, picture } of cameras) if (picture !== null) source.push(pixelsOf(picture), size);
  }, INTERVAL_MS);
  const port = server.http?.port ?? 0;
  return {
    server,
    cameras,
    url: `http://${HOST_NAME}:${port}/`,
    localUrl: `http://localhost:${port}/`,
    async [Symbol.asyncDispose]() {
      clearInterval(pushing);
      await server.close();
    },
  };
}

/** Waits until the server sends no pictures for ten intervals of the cameras. Resolves with the number of pictures that it has sent. */
export async function untilQuiet({ server }: WebCameras): Promise<number> {
  for (;;) {
    const before = server.report().sent;
    await Bun.sleep(10 * INTERVAL_MS);
    if (server.report().sent === before) return before;
  }
}
