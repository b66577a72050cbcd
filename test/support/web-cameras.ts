// A server in this process with an HTTP door, and cameras whose pictures a test pushes.

import { createCamera, type PushCamera, type ServeOptions, type Server, serve } from "../../src/index.ts";
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

const SIZE = { width: 320, height: 180 };
const INTERVAL_MS = 50;

/** Serves cameras with these names. Each pushes its picture 20 times a second. */
export async function serveWebCameras(names: readonly string[], options: ServeOptions = {}): Promise<WebCameras> {
  const cameras = names.map((name): WebCamera => {
    return { source: createCamera({ name, framesPerSecond: 1000 / INTERVAL_MS }), picture: 0 };
  });
  const server = await serve({
    cameras: cameras.map(({ source }) => ({ source, quality: 90 })),
    port: 0,
    announce: false,
    ...options,
    http: { port: 0, names: [HOST_NAME], ...options.http },
  });
  const pictures = new Map<number, Uint8Array>();
  const pixelsOf = (picture: number) => {
    const known = pictures.get(picture) ?? toRgbaBytes(testPicture(SIZE, picture));
    pictures.set(picture, known);
    return known;
  };
  const pushing = setInterval(() => {
    for (const { source, picture } of cameras) if (picture !== null) source.push(pixelsOf(picture), SIZE);
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
