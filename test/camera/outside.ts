// A camera in the guest and a viewer outside: pictures arrive at the camera's full rate, with exactly the camera's bytes.
//
// Usage: bun test ./test/camera/outside.ts, with CAMERA_LAB=PATH of the lab's script

import { expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import type { Size } from "../../src/core/pixel-format.ts";
import { cameraFrames, type ReceivedPicture, receivePictures } from "./lab.ts";

const FOLDER = fileURLToPath(new URL("../..", import.meta.url));
const SIZES: Size[] = [
  { width: 640, height: 480 },
  { width: 1280, height: 720 },
  { width: 1920, height: 1080 },
];
const SECONDS = 15;
/** The guest is slow at first, because it still loads and compiles its programs. */
const SETTLING_SECONDS = 4;
/** The requested rate of the camera. On a busy machine the emulated camera makes fewer frames. */
const FULL_RATE = 30;
/** This includes the start of the program, and the time for which the last viewer waits for the one before it. */
const SERVER_SECONDS = 55;
const PATIENCE_MS = 300_000;

/** Runs one server after the other, each on a port of its own, until the viewer of the server has left. */
function guestCommand(firstPort: number): string {
  const serve = (size: Size, index: number) =>
    `timeout -s TERM ${SERVER_SECONDS} ${process.execPath} src/cli/serve.ts --source 0 --size ${size.width}x${size.height} --fps 30 ` +
    `--host 0.0.0.0 --open --port ${firstPort + index} --json | tail -1`; // the last report counts lost frames by the place of their loss
  return SIZES.map(serve).join("; ");
}

async function watchAll(environment: Record<string, string>, expected: (size: Size) => Set<string>): Promise<void> {
  const firstPort = 21_000 + Math.floor(Math.random() * 10_000);
  const ports = SIZES.map((_, index) => firstPort + index);
  const lab = Bun.spawn([process.env["CAMERA_LAB"] as string, FOLDER, guestCommand(firstPort)], {
    env: { ...process.env, LAB_PORTS: ports.join(" "), LAB_TIMEOUT: "500", ...environment },
    stdio: ["ignore", "inherit", "inherit"],
  });
  const found: { size: string; rate: number; cameraRate: number; wrong: number }[] = [];
  try {
    for (const [index, size] of SIZES.entries()) {
      const pictures = await watch(ports[index] as number);
      const own = expected(size);
      const wrong = pictures.filter(({ hash }) => !own.has(hash));
      const { rate, cameraRate } = ratesOf(pictures);
      console.log(
        `${size.width}x${size.height}: ${pictures.length} pictures, ${wrong.length} changed; ${rate.toFixed(2)} a second of the ` +
          `camera's ${cameraRate.toFixed(2)}`,
      );
      found.push({ size: `${size.width}x${size.height}`, rate, cameraRate, wrong: wrong.length });
    }
    await lab.exited;
  } finally {
    lab.kill("SIGTERM");
    await lab.exited;
  }
  expect(found.filter(({ wrong }) => wrong > 0)).toEqual([]);
  expect(found.filter(({ rate, cameraRate }) => rate < 0.9 * cameraRate)).toEqual([]);
}

/** Retries, because a port of the guest without a server accepts the connection and closes it at once. */
async function watch(port: number): Promise<ReceivedPicture[]> {
  const deadline = Date.now() + PATIENCE_MS;
  while (Date.now() < deadline) {
    const pictures = await receivePictures(port, SETTLING_SECONDS + SECONDS).catch(() => []);
    if (pictures.length > 0) return pictures;
    await Bun.sleep(500);
  }
  throw new Error(`no server on port ${port} of the guest`);
}

/** The rates after the first seconds, by the camera's own stamps: the rate of the received pictures, and that of the camera. */
function ratesOf(pictures: readonly ReceivedPicture[]): { rate: number; cameraRate: number } {
  const start = (pictures[0]?.receivedAt ?? 0) + SETTLING_SECONDS * 1e6;
  const settled = pictures.filter(({ receivedAt }) => receivedAt >= start);
  const [first, last] = [settled[0], settled.at(-1)];
  if (first === undefined || last === undefined || first === last) return { rate: 0, cameraRate: FULL_RATE };
  const seconds = (last.capturedAt - first.capturedAt) / 1e6;
  return { rate: (settled.length - 1) / seconds, cameraRate: (last.frameNumber - first.frameNumber) / seconds };
}

test("passthrough: a viewer outside the guest gets every picture unchanged at the camera's rate", async () => {
  await watchAll({}, (size) => cameraFrames(size));
}, 900_000);
