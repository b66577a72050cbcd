// The camera in the guest, the viewer outside of it: at the camera's full rate, bit by bit what the camera sent.
//
// usage: bun test ./test/camera/outside.ts, with CAMERA_LAB=PATH of the lab's script

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
/** Everything in the guest is slow at first: its programs are read and compiled. */
const SETTLING_SECONDS = 4;
const FULL_RATE = 30;
const PATIENCE_MS = 300_000;

/** One server after the other, each on a port of its own, each until its viewer has gone. */
function guestCommand(firstPort: number): string {
  const serve = (size: Size, index: number) =>
    `timeout -s TERM 120 ${process.execPath} src/server/main.ts --source 0 --size ${size.width}x${size.height} --fps 30 ` +
    `--host 0.0.0.0 --port ${firstPort + index} --frames ${FULL_RATE * (SECONDS + SETTLING_SECONDS + 5)}`;
  return SIZES.map(serve).join("; ");
}

async function watchAll(environment: Record<string, string>, expected: (size: Size) => Set<string>): Promise<void> {
  const firstPort = 21_000 + Math.floor(Math.random() * 10_000);
  const ports = SIZES.map((_, index) => firstPort + index);
  const lab = Bun.spawn([process.env["CAMERA_LAB"] as string, FOLDER, guestCommand(firstPort)], {
    env: { ...process.env, LAB_PORTS: ports.join(" "), LAB_TIMEOUT: "500", ...environment },
    stdio: ["ignore", "inherit", "inherit"],
  });
  try {
    for (const [index, size] of SIZES.entries()) {
      const pictures = await watch(ports[index] as number);
      const own = expected(size);
      const wrong = pictures.filter(({ hash }) => !own.has(hash));
      const rate = rateOf(pictures);
      console.log(
        `${size.width}x${size.height}: ${pictures.length} pictures, ${rate.toFixed(2)} a second, ${wrong.length} changed`,
      );
      expect(wrong).toEqual([]);
      expect(rate).toBeGreaterThan(0.97 * FULL_RATE);
    }
  } finally {
    lab.kill("SIGTERM");
    await lab.exited;
  }
}

/** The guest's port answers at once and hangs up for as long as no server is behind it. */
async function watch(port: number): Promise<ReceivedPicture[]> {
  const deadline = Date.now() + PATIENCE_MS;
  while (Date.now() < deadline) {
    const pictures = await receivePictures(port, SETTLING_SECONDS + SECONDS).catch(() => []);
    if (pictures.length > 0) return pictures;
    await Bun.sleep(500);
  }
  throw new Error(`no server on port ${port} of the guest`);
}

/** After the first seconds, by the camera's own stamps. */
function rateOf(pictures: readonly ReceivedPicture[]): number {
  const start = (pictures[0]?.receivedAt ?? 0) + SETTLING_SECONDS * 1e6;
  const settled = pictures.filter(({ receivedAt }) => receivedAt >= start);
  const [first, last] = [settled[0], settled.at(-1)];
  return first === undefined || last === undefined
    ? 0
    : ((settled.length - 1) * 1e6) / (last.capturedAt - first.capturedAt);
}

test("passthrough at the camera's full rate to a viewer outside the guest, bit by bit", async () => {
  await watchAll({}, (size) => cameraFrames(size));
}, 900_000);
