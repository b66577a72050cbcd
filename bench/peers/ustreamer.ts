// Starts ustreamer, another server of Motion JPEG over HTTP, with a fake camera that delivers given JPEGs.

import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { JpegFolder } from "./jpeg-folder.ts";

export interface Ustreamer extends AsyncDisposable {
  port: number;
  pid: number;
}

export function hasUstreamer(): boolean {
  return process.platform === "linux" && Bun.which("ustreamer") !== null && Bun.which("gcc") !== null;
}

/** `jpegs` has pictures of 1280×720. */
export async function startUstreamer(jpegs: JpegFolder, framesPerSecond: number): Promise<Ustreamer> {
  const folder = await mkdtemp(join(tmpdir(), "slipstream-bench-"));
  const source = fileURLToPath(new URL("./fake-camera.c", import.meta.url));
  const library = join(folder, "fake-camera.so");
  const built = Bun.spawnSync(["gcc", "-O2", "-shared", "-fPIC", "-o", library, source, "-ldl"]);
  if (!built.success) throw new Error(`gcc cannot build the fake camera: ${built.stderr.toString()}`);
  const camera = join(folder, "camera");
  await Bun.write(camera, "");
  const port = await freePort();
  const command = ["ustreamer", "-d", camera, "-m", "MJPEG", "-c", "HW", "-r", "1280x720", "-f", "30"];
  const child = Bun.spawn([...command, "-p", String(port)], {
    stdio: ["ignore", "ignore", "ignore"],
    env: {
      ...process.env,
      LD_PRELOAD: library,
      FAKE_CAMERA: camera,
      FAKE_JPEGS: jpegs.path,
      FAKE_INTERVAL_NS: String(Math.round(1e9 / framesPerSecond)),
    },
  });
  const stop = async () => {
    child.kill();
    await child.exited;
    await rm(folder, { recursive: true });
  };
  for (let tries = 0; !(await isOnline(port)); tries++) {
    if (tries === 50) {
      await stop();
      throw new Error("ustreamer did not deliver the fake camera's pictures");
    }
    await Bun.sleep(100);
  }
  return { port, pid: child.pid, [Symbol.asyncDispose]: stop };
}

async function isOnline(port: number): Promise<boolean> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/state`);
    return ((await answer.json()) as { result: { source: { online: boolean } } }).result.source.online;
  } catch {
    return false; // it does not listen yet
  }
}

/** ustreamer cannot choose a free port. */
async function freePort(): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address() as { port: number };
    server.close(() => resolve(port));
  });
  return await promise;
}
