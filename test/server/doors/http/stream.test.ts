// The route /stream of a real server: its form, its pictures, slow clients, limits and ends.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createCamera, type PushCamera } from "../../../../src/capture/push-camera.ts";
import type { Rendition } from "../../../../src/server/renditions/rendition.ts";
import { serve } from "../../../../src/server/serve.ts";
import type { Server } from "../../../../src/server/server.ts";
import type { ServeOptions } from "../../../../src/server/settings/options.ts";
import { djpeg } from "../../../support/jpeg-tools.ts";
import { MultipartClient } from "../../../support/multipart-client.ts";
import { TEST_TIMEOUT_MS } from "../../../support/programs.ts";
import { until } from "../../../support/wait-until.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const SIZE = { width: 640, height: 360 };
/** Pictures of 1080p take long on a busy machine. */
const PATIENCE_MS = 30_000;
const KEY = "a-key-of-at-least-20-characters";

let server: Server;
/** The pictures of the pattern as tiles, by the time of their capture. */
const stitched = new Map<string, Uint8Array>();

const pattern = { source: "pattern", size: SIZE, framesPerSecond: 50, name: "moving" } as const;
const start = (options: ServeOptions) => serve({ port: 0, workers: 1, http: { port: 0 }, ...options });
const portOf = ({ http }: Server) => http?.port ?? 0;

beforeAll(async () => {
  const onTiles = (rendition: Rendition) => {
    const jpeg = rendition.stitch();
    if (jpeg !== null) stitched.set((rendition.capturedAt / 1e6).toFixed(6), jpeg);
  };
  server = await start({ cameras: [pattern, { ...pattern, name: "other" }], onTiles });
});

afterAll(() => server.close());

/** A camera whose picture stays the same. It is pushed 50 times a second. */
function startStillCamera(): PushCamera & Disposable {
  const camera = createCamera({ name: "still", framesPerSecond: 50 });
  const pixels = new Uint8Array(64 * 48 * 4).map((_, index) => (index * 37) % 200);
  const timer = setInterval(() => camera.push(pixels, { width: 64, height: 48 }), 20);
  return Object.assign(camera, { [Symbol.dispose]: () => clearInterval(timer) });
}

describe("/stream", () => {
  test("sends the pictures of the viewers' tiles with ustreamer's headers, the first at once", async () => {
    const client = await MultipartClient.open(portOf(server), "/stream");
    const parts = await client.wait(10);
    client.close();
    expect(client.status).toBe(200);
    expect(client.headers["content-type"]).toBe("multipart/x-mixed-replace;boundary=boundarydonotcross");
    expect(client.headers["cache-control"]).toContain("no-store");
    for (const { headers, body } of parts) {
      expect(Object.keys(headers)).toEqual(["content-type", "content-length", "x-timestamp"]);
      expect(headers["content-type"]).toBe("image/jpeg");
      const jpeg = stitched.get(headers["x-timestamp"] ?? "");
      expect(jpeg).toBeDefined();
      expect(djpeg(new Uint8Array(body)).pixels).toEqual(djpeg(jpeg as Uint8Array).pixels);
    }
    const times = parts.map(({ headers }) => Number(headers["x-timestamp"]));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  test("sends the next part's headers with each picture to browsers, and as the parameter says", async () => {
    const accept = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8";
    const browser = await MultipartClient.open(portOf(server), "/stream", { accept });
    const asked = await MultipartClient.open(portOf(server), "/stream?advance_headers=1");
    for (const client of [browser, asked]) {
      const parts = await client.wait(3);
      client.pause();
      expect(parts[0]?.headers).toEqual({ "content-type": "image/jpeg" });
      expect(djpeg(new Uint8Array(parts[0]?.body ?? [])).width).toBe(SIZE.width);
      client.close();
    }
    const plain = await MultipartClient.open(portOf(server), "/stream?advance_headers=0", { accept });
    expect((await plain.wait(1))[0]?.headers["content-length"]).toBeDefined();
    plain.close();
  });

  test("ends each picture with a delimiter, so that its end is known before the next one", async () => {
    using camera = startStillCamera();
    await using still = await start({ cameras: [{ source: camera }] });
    for (const [parameters, tail] of [
      ["", "\r\n--boundarydonotcross\r\n"],
      ["?advance_headers=1", "\r\n--boundarydonotcross\r\nContent-Type: image/jpeg\r\n\r\n"],
    ]) {
      const client = await MultipartClient.open(portOf(still), `/stream${parameters}`);
      await client.wait(1);
      await until(() => client.rest.length >= (tail ?? "").length, "the delimiter");
      expect(client.rest.toString("latin1")).toBe(tail ?? "");
      client.close();
    }
  });

  test("adds ustreamer's extra headers", async () => {
    const client = await MultipartClient.open(portOf(server), "/stream?extra_headers=1");
    const headers = (await client.wait(2))[1]?.headers ?? {};
    client.close();
    expect(headers).toMatchObject({
      "x-ustreamer-online": "true",
      "x-ustreamer-width": String(SIZE.width),
      "x-ustreamer-height": String(SIZE.height),
      "x-ustreamer-grab-begin-time": headers["x-timestamp"],
    });
    expect(Number(headers["x-ustreamer-latency"])).toBeGreaterThan(0);
  });

  test("repeats a picture that does not change, and sends all with every=1", async () => {
    using camera = startStillCamera();
    await using still = await start({ cameras: [{ source: camera }] });
    const every = await MultipartClient.open(portOf(still), "/stream?every=1");
    const client = await MultipartClient.open(portOf(still), "/stream");
    const parts = await client.wait(3);
    expect(every.parts.length).toBeGreaterThan(5 * parts.length);
    expect(new Set(parts.map(({ body }) => body.toString("base64"))).size).toBe(1);
    client.close();
    every.close();
  });

  test("answers before a camera has a picture, and sends the first one at once", async () => {
    const camera = createCamera({ name: "late" });
    await using late = await start({ cameras: [{ source: camera }] });
    const client = await MultipartClient.open(portOf(late), "/stream");
    await until(() => client.rest.toString("latin1") === "--boundarydonotcross\r\n", "the first delimiter");
    expect([client.status, client.parts.length]).toEqual([200, 0]);
    camera.push(new Uint8Array(64 * 48 * 4).fill(90), { width: 64, height: 48 });
    expect(djpeg(new Uint8Array((await client.wait(1))[0]?.body ?? []))).toMatchObject({ width: 64, height: 48 });
    const second = await MultipartClient.open(portOf(late), "/stream");
    await second.wait(1); // the camera has no newer picture
    client.close();
    second.close();
  });

  test("has a path for each camera, and sizes", async () => {
    const client = await MultipartClient.open(portOf(server), "/cameras/other/stream?width=300");
    const [part] = await client.wait(1);
    expect(djpeg(new Uint8Array(part?.body ?? []))).toMatchObject({ width: 320, height: 180 });
    expect(server.report().cameras?.map(({ viewers }) => viewers)).toEqual([0, 1]);
    client.close();
    await until(() => server.report().viewers === 0, "the viewer's end");
    const get = async (path: string, method = "GET") => {
      const answer = await fetch(`http://127.0.0.1:${portOf(server)}${path}`, { method });
      return [answer.status, await answer.text()];
    };
    expect(await get("/cameras/none/stream")).toEqual([
      404,
      "there is no camera 'none': the cameras are moving, other\n",
    ]);
    expect(await get("/stream?width=none")).toEqual([400, "width takes a whole number from 1 to 65535\n"]);
    expect(await get("/stream", "HEAD")).toEqual([200, ""]);
    expect(server.report().viewers).toBe(0);
  });

  test("does not let pictures wait for a client that has stopped reading", async () => {
    await using large = await start({ cameras: [{ ...pattern, size: { width: 1920, height: 1080 } }] });
    const client = await MultipartClient.open(portOf(large), "/stream");
    const pictureBytes = (await client.wait(1))[0]?.body.length ?? 0;
    client.pause();
    const before = client.receivedBytes;
    const { frames } = large.report();
    await until(() => large.report().frames > frames + 60, "60 more frames of the camera", PATIENCE_MS);
    const { encoded } = large.report();
    client.resume();
    // What has waited comes at once. 40 pictures would fit into the buffers of the kernel.
    await until(() => client.parts.length > 6, "more pictures", PATIENCE_MS);
    const times = client.parts.map(({ headers }) => Number(headers["x-timestamp"]));
    const gap = times.findIndex((time, index) => time - (times[index - 1] ?? time) > 0.5);
    expect(gap).toBeGreaterThan(0);
    expect(gap).toBeLessThan(6);
    expect(client.receivedBytes - before).toBeGreaterThan(pictureBytes);
    expect(encoded).toBeGreaterThan(0);
    client.close();
  });

  test("disconnects a client that takes nothing, and counts it", async () => {
    await using strict = await start({
      cameras: [{ ...pattern, size: { width: 1920, height: 1080 } }],
      access: { stallSeconds: 1 },
    });
    const healthy = await MultipartClient.open(portOf(strict), "/stream");
    const stalled = await MultipartClient.open(portOf(strict), "/stream");
    await stalled.wait(1);
    stalled.pause();
    await until(() => strict.report().refusedBy.stalled === 1, "the end of the stalled client", PATIENCE_MS);
    await until(() => strict.report().viewers === 1, "its removal");
    const before = healthy.parts.length;
    await healthy.wait(before + 3);
    expect(healthy.isClosed).toBe(false);
    healthy.close();
    stalled.close();
  });

  test("ends with its camera and with the server", async () => {
    await using ending = await start({ cameras: [pattern], frames: 30 });
    const client = await MultipartClient.open(portOf(ending), "/stream");
    await until(() => client.isClosed, "the end of the stream");
    expect(client.parts.length).toBeGreaterThan(0);
    await using closing = await start({ cameras: [pattern] });
    const other = await MultipartClient.open(portOf(closing), "/stream");
    await other.wait(1);
    await closing.close();
    await until(() => other.isClosed, "the end of the stream");
  });

  test("refuses clients beyond the limit of viewers, and cameras that a key does not show", async () => {
    const keys = [{ key: KEY, name: "ann", may: ["view"] as const, cameras: ["other"] }];
    const cameras = [pattern, { ...pattern, name: "other" }];
    await using locked = await start({ cameras, keys, keyStore: null, access: { maxViewers: 1 } });
    const headers = { authorization: `Bearer ${KEY}` };
    const status = async (path: string, sent: Record<string, string>) => {
      const aborting = new AbortController();
      const answer = await fetch(`http://127.0.0.1:${portOf(locked)}${path}`, {
        headers: sent,
        signal: aborting.signal,
      });
      aborting.abort();
      return answer.status;
    };
    expect(await status("/stream", {})).toBe(401);
    expect(await status("/cameras/moving/stream", headers)).toBe(404);
    const client = await MultipartClient.open(portOf(locked), "/cameras/other/stream", headers);
    await client.wait(1);
    expect(await status("/cameras/other/stream", headers)).toBe(503);
    expect(locked.report().refusedBy.viewers).toBe(1);
    client.close();
    await until(() => locked.report().viewers === 0, "the viewer's end");
    expect(await status("/cameras/other/stream", headers)).toBe(200);
  });
});
