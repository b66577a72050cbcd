// The routes /snapshot, /state and those with the names of other servers, of a real server.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createCamera } from "../../../../src/capture/push-camera.ts";
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
const KEY = "a-key-of-at-least-20-characters";
const pattern = { source: "pattern", size: SIZE, framesPerSecond: 30, name: "yard" } as const;

let server: Server;
/** The pictures as tiles, by the time of their capture and their size and quality. */
const stitched = new Map<string, Uint8Array>();

const start = (options: ServeOptions) => serve({ port: 0, workers: 1, http: { port: 0 }, ...options });
const at = ({ http }: Server, path: string) => `http://127.0.0.1:${http?.port}${path}`;
const get = (path: string, headers: Record<string, string> = {}) => fetch(at(server, path), { headers });
const jpegOf = async (answer: Response) => new Uint8Array(await answer.arrayBuffer());

/** Returns the quality of libjpeg's tables, by the quantisation of DC, which is 16 at quality 50 (T.81 K.1). */
function dcStep(jpeg: Uint8Array): number {
  const dqt = Buffer.from(jpeg).indexOf(Buffer.from([0xff, 0xdb]));
  return jpeg[dqt + 5] ?? 0;
}

/** Takes snapshots until one has a newer frame. */
async function newerThan(frame: number, take: () => Promise<Response>): Promise<Response> {
  for (;;) {
    const answer = await take();
    if (Number(answer.headers.get("x-slipstream-frame")) > frame) return answer;
  }
}

beforeAll(async () => {
  const onTiles = (rendition: Rendition) => {
    const { width, height } = rendition.stream ?? SIZE;
    const key = `${rendition.newestFrame} ${width}x${height} ${rendition.level.quality}`;
    stitched.set(key, rendition.stitch() as Uint8Array);
  };
  server = await start({ cameras: [pattern, { ...pattern, name: "door" }], onTiles });
});

afterAll(() => server.close());

describe("/snapshot", () => {
  test("has the newest picture, its number, age and time, without any viewer", async () => {
    const answer = await get("/snapshot");
    const { headers } = answer;
    expect([answer.status, headers.get("content-type")]).toEqual([200, "image/jpeg"]);
    expect(headers.get("cache-control")).toContain("no-store");
    const jpeg = await jpegOf(answer);
    const expected = stitched.get(`${headers.get("x-slipstream-frame")} 640x360 75`);
    expect(djpeg(jpeg).pixels).toEqual(djpeg(expected as Uint8Array).pixels);
    expect(Number(headers.get("x-slipstream-age-ms"))).toBeGreaterThan(0);
    const captured = Date.parse(headers.get("x-slipstream-captured") ?? "") / 1000;
    expect(Math.abs(captured - Number(headers.get("x-timestamp")))).toBeLessThan(0.002);
    expect(headers.get("x-ustreamer-width")).toBe("640");
    expect(server.report().viewers).toBe(0);
    await newerThan(Number(headers.get("x-slipstream-frame")), () => get("/snapshot"));
  });

  test("has the smallest size that is wide enough, and the lowest quality that is good enough", async () => {
    const full = await jpegOf(await get("/snapshot"));
    expect(djpeg(await jpegOf(await get("/snapshot?width=320")))).toMatchObject({ width: 320, height: 180 });
    expect(djpeg(await jpegOf(await get("/snapshot?width=321")))).toMatchObject(SIZE);
    expect(djpeg(await jpegOf(await get("/snapshot?width=5000")))).toMatchObject(SIZE);
    const lower = await get("/snapshot?quality=40");
    expect(lower.headers.get("etag")).toMatch(/-50"$/); // the levels are 75, 50 and 35
    const jpeg = await jpegOf(lower);
    expect(djpeg(jpeg)).toMatchObject(SIZE);
    expect(dcStep(jpeg)).toBeGreaterThan(dcStep(full));
    expect((await get("/snapshot?quality=99")).headers.get("etag")).toMatch(/-75"$/);
    expect(await (await get("/snapshot?quality=0")).text()).toBe("quality takes a whole number from 1 to 100\n");
  });

  test("answers 304 while the picture is the same, and with a picture when it has changed", async () => {
    const camera = createCamera({ name: "still" });
    await using still = await start({ cameras: [{ source: camera }] });
    const push = (level: number) => camera.push(new Uint8Array(64 * 48 * 4).fill(level), { width: 64, height: 48 });
    push(80);
    const first = await fetch(at(still, "/snapshot"));
    const tag = first.headers.get("etag") ?? "";
    const frame = Number(first.headers.get("x-slipstream-frame"));
    const again = (known: string) => fetch(at(still, "/snapshot"), { headers: { "if-none-match": known } });
    push(80);
    const same = await newerThan(frame, () => again(`"other", ${tag}`));
    expect([same.status, await same.text()]).toEqual([304, ""]);
    expect((await again('"other"')).status).toBe(200);
    push(160);
    const changed = await newerThan(Number(same.headers.get("x-slipstream-frame")), () => again(tag));
    expect(changed.status).toBe(200);
    expect(djpeg(await jpegOf(changed)).pixels[0]).toBeGreaterThan(150);
  });

  test("a snapshot now and then costs a few encoded frames, and none later", async () => {
    await using quiet = await start({ cameras: [pattern] });
    for (let count = 0; count < 3; count++) {
      expect((await fetch(at(quiet, "/snapshot"))).status).toBe(200);
      await Bun.sleep(700);
    }
    const { frames, encoded } = quiet.report();
    expect(encoded / frames).toBeLessThan(0.7); // with a viewer all are encoded
    await until(() => quiet.report().renditions.length === 0, "the end of the rendition");
    expect(quiet.report().viewers).toBe(0);
  });

  test("passes on a camera's JPEGs byte for byte, and decodes them only for other sizes", async () => {
    const path = "test/fixtures/jpeg-streams/right-0.jpg";
    const own = new Uint8Array(await Bun.file(path).arrayBuffer());
    const camera = createCamera({ name: "jpegs", framesPerSecond: 30 });
    await using passing = await start({ cameras: [{ source: camera }] });
    const timer = setInterval(() => camera.pushJpeg(own), 30);
    const answer = await fetch(at(passing, "/snapshot"));
    expect(Buffer.compare(await jpegOf(answer), own)).toBe(0);
    const client = await MultipartClient.open(passing.http?.port ?? 0, "/stream");
    expect(Buffer.compare((await client.wait(1))[0]?.body ?? own.subarray(1), own)).toBe(0);
    client.close();
    const { width } = djpeg(own);
    const small = djpeg(await jpegOf(await fetch(at(passing, `/snapshot?width=${Math.floor(width / 2)}`))));
    expect(small.width).toBe(width / 2);
    clearInterval(timer);
  });

  test("a client that asks for many sizes is not refused any of them", async () => {
    for (let width = 1; width <= 70; width++) expect((await get(`/snapshot?width=${width}`)).status).toBe(200);
  });

  test("waits for the first picture longer than a picture is kept", async () => {
    const path = "test/fixtures/jpeg-streams/right-0.jpg";
    const camera = createCamera({ name: "slow" });
    await using starting = await start({ cameras: [{ source: camera }] });
    const first = setTimeout(
      () =>
        void Bun.file(path)
          .bytes()
          .then((jpeg) => camera.pushJpeg(jpeg)),
      2_300,
    );
    expect((await fetch(at(starting, "/snapshot"))).status).toBe(200);
    clearTimeout(first);
  });

  test("says why there is no picture", async () => {
    const cameras = [pattern, { ...pattern, name: "door" }];
    const keys = [{ key: KEY, name: "ann", may: ["view"] as const, cameras: ["door"] }];
    await using locked = await start({ cameras, keys, keyStore: null });
    const headers = { authorization: `Bearer ${KEY}` };
    expect((await fetch(at(locked, "/snapshot"))).status).toBe(401);
    expect((await fetch(at(locked, "/cameras/yard/snapshot"), { headers })).status).toBe(404);
    expect((await fetch(at(locked, "/cameras/door/snapshot"), { headers })).status).toBe(200);
    expect((await get("/cameras/none/snapshot")).status).toBe(404);
  });
});

describe("/state and the names of other servers", () => {
  test("/state has ustreamer's fields, also for a camera of its own", async () => {
    const client = await MultipartClient.open(server.http?.port ?? 0, "/cameras/door/stream?extra_headers=1");
    await client.wait(2);
    await get("/snapshot");
    const { ok, result } = (await (await get("/cameras/door/state")).json()) as { ok: boolean; result: object };
    expect(ok).toBe(true);
    expect(result).toMatchObject({
      instance_id: "",
      encoder: { type: "CPU", quality: 75 },
      source: { resolution: SIZE, online: true, desired_fps: 30 },
      stream: {
        clients: 1,
        clients_stat: {
          "0000000000000000": {
            extra_headers: true,
            advance_headers: false,
            dual_final_frames: false,
            zero_data: false,
            key: "0",
          },
        },
      },
      camera: "door",
      cameras: ["yard", "door"],
    });
    const first = (await (await get("/state")).json()) as { result: { camera: string; stream: { clients: number } } };
    expect([first.result.camera, first.result.stream.clients]).toEqual(["yard", 0]);
    client.close();
  });

  test("mjpg-streamer's and go2rtc's addresses have the same pictures", async () => {
    for (const path of ["/?action=stream", "/cameras/door/?action=stream", "/api/stream.mjpeg?src=door"]) {
      const client = await MultipartClient.open(server.http?.port ?? 0, path);
      expect(djpeg(new Uint8Array((await client.wait(1))[0]?.body ?? []))).toMatchObject(SIZE);
      client.close();
    }
    for (const path of ["/?action=snapshot", "/api/frame.jpeg?src=door&w=200", "/api/frame.jpeg"]) {
      const answer = await get(path);
      const { width } = djpeg(await jpegOf(answer));
      expect([answer.status, width]).toEqual([200, path.includes("w=200") ? 320 : 640]);
    }
    expect((await get("/api/frame.jpeg?src=none")).status).toBe(404);
  });

  test("/api/streams lists the cameras and their viewers as go2rtc does", async () => {
    const client = await MultipartClient.open(server.http?.port ?? 0, "/stream");
    await client.wait(1);
    const producer = (name: string) => ({ url: `slipstream:${name}`, medias: ["video, recvonly, JPEG"] });
    const yard = { producers: [producer("yard")], consumers: [{ format_name: "mpjpeg", protocol: "http" }] };
    await until(() => server.report().viewers === 1, "one viewer");
    expect(await (await get("/api/streams")).json()).toEqual({
      yard,
      door: { producers: [producer("door")], consumers: [] },
    });
    expect(await (await get("/api/streams?src=yard")).json()).toEqual(yard);
    for (const name of ["none", "constructor", "__proto__", "toString"]) {
      expect((await get(`/api/streams?src=${name}`)).status).toBe(404);
    }
    client.close();
  });
});
