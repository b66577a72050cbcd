// The routes for operators, of real servers with real viewers: metrics, health and readiness. promtool is the oracle of the format.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { watch } from "../../../../src/client/watch.ts";
import { serve } from "../../../../src/server/serve.ts";
import type { Server } from "../../../../src/server/server.ts";

const KEY = "a-key-of-at-least-20-characters";
const ONE_CAMERA_KEY = "another-key-of-20-characters-or-more";
const PATTERN = { source: "pattern", size: { width: 160, height: 48 }, framesPerSecond: 50 } as const;
const DOCS = join(import.meta.dir, "../../../../docs");

const hasPromtool = Bun.which("promtool") !== null;

let open: Server;
let locked: Server;
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipstream-test-"));
  const cameras = [
    { ...PATTERN, name: "front door" },
    { ...PATTERN, name: 'a "quoted\\" name' },
  ];
  open = await serve({ cameras, port: 0, workers: 1, http: { port: 0 } });
  const keys = [
    { key: KEY, name: "ann", may: ["view", "control"] as const },
    { key: ONE_CAMERA_KEY, name: "ben", may: ["view"] as const, cameras: ["front door"] },
  ];
  locked = await serve({ cameras, port: 0, workers: 1, http: { port: 0 }, keys, keyStore: null });
});

afterAll(async () => {
  await open.close();
  await locked.close();
  await rm(folder, { recursive: true });
});

const get = (server: Server, path: string, headers: Record<string, string> = {}) =>
  fetch(`http://127.0.0.1:${server.http?.port}${path}`, { headers });

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

/** Takes frames until the server has heard that some were shown. */
async function see(server: Server, frames: number): Promise<void> {
  let seen = 0;
  for await (const frame of watch(`127.0.0.1:${server.port}/front door`)) {
    if (frame.width === 0 || ++seen === frames) break;
  }
}

/** Returns the values of a metric by its labels, as they are written. */
function valuesOf(text: string, name: string): Map<string, number> {
  const lines = text.split("\n").filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return new Map(
    lines.map((line) => [line.slice(name.length, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))]),
  );
}

/** Waits for an answer of a server. */
async function eventually(what: string, isTrue: () => Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + 10_000;
  while (!(await isTrue())) {
    if (performance.now() > giveUpAt) throw new Error(`waited in vain for ${what}`);
    await Bun.sleep(10);
  }
}

async function promtool(args: readonly string[], input = ""): Promise<{ code: number; output: string }> {
  const child = Bun.spawn(["promtool", ...args], { stdin: Buffer.from(input), stdout: "pipe", stderr: "pipe" });
  const [out, error, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, output: out + error };
}

describe("GET /metrics", () => {
  test("metrics: the stages of a viewer's frames are counted, by camera and door", async () => {
    await see(open, 12);
    const text = await (await get(open, "/metrics")).text();
    const labels = '{camera="front door",door="tcp"}';
    const shown = valuesOf(text, "slipstream_frame_age_seconds_count").get(labels) ?? 0;
    expect(shown).toBeGreaterThanOrEqual(10);
    for (const stage of ["transfer", "decode", "show"]) {
      expect(valuesOf(text, `slipstream_frame_${stage}_seconds_count`).get(labels)).toBe(shown);
    }
    expect(valuesOf(text, "slipstream_frame_decode_and_show_seconds_count").get(labels)).toBe(0);
    const sum = (stage: string) => valuesOf(text, `slipstream_frame_${stage}_seconds_sum`).get(labels) ?? 0;
    expect(sum("transfer") + sum("decode") + sum("show")).toBeLessThanOrEqual(sum("age"));
    expect(valuesOf(text, "slipstream_frames_sent_total").get(labels)).toBeGreaterThanOrEqual(shown);
    expect(valuesOf(text, "slipstream_sent_bytes_total").get(labels)).toBeGreaterThan(1000);
    expect(valuesOf(text, "slipstream_frame_encode_seconds_count").get('{camera="front door"}')).toBeGreaterThan(10);
    expect(valuesOf(text, "slipstream_frame_codec_seconds_count").get('{camera="front door"}')).toBeGreaterThan(10);
    expect(valuesOf(text, "slipstream_event_loop_delay_seconds_count").get("")).toBeGreaterThan(0);
    expect(valuesOf(text, "slipstream_camera_up").get('{camera="front door"}')).toBe(1);
  });

  test("metrics: clients of /stream are viewers of the door mjpeg, whose frames have no stages after sending", async () => {
    const leaving = new AbortController();
    const answer = await fetch(`http://127.0.0.1:${open.http?.port}/cameras/front%20door/stream`, leaving);
    const body = answer.body?.getReader();
    for (let chunks = 0; chunks < 5; chunks++) await body?.read();
    const text = await (await get(open, "/metrics")).text();
    leaving.abort();
    const labels = '{camera="front door",door="mjpeg"}';
    expect(valuesOf(text, "slipstream_viewers").get(labels)).toBe(1);
    expect(valuesOf(text, "slipstream_frames_sent_total").get(labels)).toBeGreaterThan(0);
    expect(valuesOf(text, "slipstream_sent_bytes_total").get(labels)).toBeGreaterThan(500);
    expect(valuesOf(text, "slipstream_frame_send_seconds_count").get(labels)).toBeGreaterThan(0);
    expect(valuesOf(text, "slipstream_frame_age_seconds_count").get(labels)).toBe(0);
  });

  test("metrics: the other camera has no viewers, and its name is escaped", async () => {
    const text = await (await get(open, "/metrics")).text();
    expect(valuesOf(text, "slipstream_viewers").get('{camera="a \\"quoted\\\\\\" name",door="tcp"}')).toBe(0);
  });

  test("metrics: viewers are counted by their door while they are connected", async () => {
    const viewers = async () =>
      valuesOf(await (await get(open, "/metrics")).text(), "slipstream_viewers").get(
        '{camera="front door",door="tcp"}',
      );
    const frames = watch(`127.0.0.1:${open.port}/front door`)[Symbol.asyncIterator]();
    await frames.next();
    expect(await viewers()).toBe(1);
    await frames.return?.();
    await eventually("the end of the viewer", async () => (await viewers()) === 0);
  });

  test("metrics: the content type is that of Prometheus, and HEAD has no body", async () => {
    const answer = await get(open, "/metrics");
    expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const url = `http://127.0.0.1:${open.http?.port}/metrics`;
    expect(await (await fetch(url, { method: "HEAD" })).text()).toBe("");
    expect((await fetch(url, { method: "POST" })).status).toBe(405);
  });

  test("metrics: they need a key, and a key for one camera shows no other", async () => {
    expect((await get(locked, "/metrics")).status).toBe(401);
    const all = await (await get(locked, "/metrics", bearer(KEY))).text();
    expect(valuesOf(all, "slipstream_camera_up").size).toBe(2);
    const own = await (await get(locked, "/metrics", bearer(ONE_CAMERA_KEY))).text();
    expect([...valuesOf(own, "slipstream_camera_up").keys()]).toEqual(['{camera="front door"}']);
    expect(own).not.toContain("quoted");
  });

  test("metrics: docs/monitoring.md has each metric with its type and labels", async () => {
    await see(open, 1);
    const text = await (await get(open, "/metrics")).text();
    const page = await readFile(join(DOCS, "monitoring.md"), "utf8");
    const rows = [...page.matchAll(/^\| `(\w+)`\s*\| (counter|gauge|histogram)\s*\| ([\w, ]*?)\s*\|/gm)];
    const described = rows.map(([, name = "", type = "", labels = ""]) => ({ name, type, labels }));
    const exported = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = "", type = ""]) => {
      const [series = ""] = text.match(new RegExp(`^${name}(_count)?(\\{.*\\})? `, "m")) ?? [];
      return { name, type, labels: [...series.matchAll(/(\w+)="/g)].map(([, label]) => label).join(", ") };
    });
    const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name);
    expect(described.toSorted(byName)).toEqual(exported.toSorted(byName));
  });

  test.skipIf(!hasPromtool)("metrics: promtool finds nothing to complain about", async () => {
    await see(open, 3);
    for (const text of [
      await (await get(open, "/metrics")).text(),
      await (await get(locked, "/metrics", bearer(KEY))).text(),
    ]) {
      expect(await promtool(["check", "metrics"], text)).toEqual({ code: 0, output: "" });
    }
  });
});

describe("the dashboard of Grafana", () => {
  interface Dashboard {
    panels: { title: string; targets: { expr: string }[] }[];
    templating: { list: { definition?: string }[] };
    annotations: { list: { expr: string }[] };
  }
  const read = async () => JSON.parse(await readFile(join(DOCS, "grafana-dashboard.json"), "utf8")) as Dashboard;
  const queries = ({ panels, annotations }: Dashboard) => [
    ...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
    ...annotations.list.map(({ expr }) => expr),
  ];

  test("dashboard: the server exports each metric that it names, and it shows all histograms", async () => {
    const dashboard = await read();
    const text = await (await get(open, "/metrics")).text();
    const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = "", type = ""]) => [name, type]));
    const all = [...queries(dashboard), ...dashboard.templating.list.map(({ definition = "" }) => definition)];
    const named = new Set(all.flatMap((query) => query.match(/\b(slipstream|process)_\w+/g) ?? []));
    const exported = new Set<string>();
    for (const [name, type] of types) {
      const parts = type === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
      for (const part of parts) exported.add(name + part);
    }
    expect([...named].filter((name) => !exported.has(name))).toEqual([]);
    const shown = [...types.keys()].filter((name) => [...named].some((each) => each.startsWith(name)));
    expect([...types.keys()].filter((name) => types.get(name) === "histogram" && !shown.includes(name))).toEqual([]);
  });

  test.skipIf(!hasPromtool)("dashboard: Prometheus can parse each query", async () => {
    const rules = queries(await read()).map((query, index) => ({
      record: `test:query_${index}`,
      expr: query.replaceAll("$__rate_interval", "1m"),
    }));
    const file = join(folder, "rules.yml");
    await writeFile(file, JSON.stringify({ groups: [{ name: "dashboard", rules }] })); // JSON is YAML
    const { code, output } = await promtool(["check", "rules", file]);
    expect(output).toContain(`SUCCESS: ${rules.length} rules found`);
    expect(code).toBe(0);
  });
});

describe("GET /healthz", () => {
  test("healthz: names the cameras with their state, and the time since which they are in it", async () => {
    await eventually("health", async () => (await get(open, "/healthz")).status === 200);
    const answer = await get(open, "/healthz");
    expect(answer.headers.get("content-type")).toBe("application/json");
    const { ok, cameras } = (await answer.json()) as { ok: boolean; cameras: { since: string }[] };
    expect(ok).toBe(true);
    expect(cameras).toMatchObject([
      { name: "front door", ok: true, state: "delivering", trouble: null },
      { name: 'a "quoted\\" name', ok: true, state: "delivering", trouble: null },
    ]);
    for (const { since } of cameras) expect(Date.parse(since)).toBeLessThanOrEqual(Date.now());
  });

  test("healthz: without a key it says only that all is well, and a key for one camera shows only that", async () => {
    expect(await (await get(locked, "/healthz")).json()).toEqual({ ok: true });
    const own = (await (await get(locked, "/healthz", bearer(ONE_CAMERA_KEY))).json()) as { cameras: unknown[] };
    expect(own.cameras).toMatchObject([{ name: "front door" }]);
    expect((await get(locked, "/healthz", bearer("not-the-key-of-this-server"))).status).toBe(401);
  });

  test("healthz: a camera that fails is named with its trouble, and the server is not healthy without another", async () => {
    await using server = await serve({
      cameras: [
        { source: join(folder, "no-such-file.avi"), name: "gone" },
        { ...PATTERN, name: "well" },
      ],
      port: 0,
      workers: 1,
      http: { port: 0 },
    });
    type Health = { ok: boolean; cameras: Record<string, unknown>[] };
    const health = async () => (await (await get(server, "/healthz")).json()) as Health;
    await eventually("one camera that delivers", async () => {
      const { ok, cameras } = await health();
      return ok && cameras[0]?.["trouble"] !== null;
    });
    const { cameras } = await health();
    expect(cameras).toMatchObject([
      { name: "gone", ok: false },
      { name: "well", ok: true },
    ]);
    expect(cameras[0]?.["trouble"]).toContain("no-such-file.avi");
  });
});

test("healthz: a camera that rests because nobody watches is well", async () => {
  const cameras = [{ ...PATTERN, idleReleaseSeconds: 0.2 }];
  await using server = await serve({ cameras, port: 0, workers: 1, http: { port: 0 } });
  type Health = { ok: boolean; cameras: { state: string; ok: boolean }[] };
  const health = async () => (await (await get(server, "/healthz")).json()) as Health;
  await eventually("the rest", async () => (await health()).cameras[0]?.state === "resting");
  expect(await health()).toMatchObject({ ok: true, cameras: [{ ok: true }] });
  const frames = watch(`127.0.0.1:${server.port}`)[Symbol.asyncIterator]();
  await frames.next();
  expect((await health()).cameras[0]?.state).toBe("delivering");
  await frames.return?.();
});

describe("GET /readyz", () => {
  test("readyz: is 200 while a viewer is accepted, and 503 while the server is full", async () => {
    await using server = await serve({
      cameras: [PATTERN],
      port: 0,
      workers: 1,
      access: { maxViewers: 1 },
      http: { port: 0 },
    });
    expect((await get(server, "/readyz")).status).toBe(200);
    const frames = watch(`127.0.0.1:${server.port}`)[Symbol.asyncIterator]();
    await frames.next();
    const answer = await get(server, "/readyz");
    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual({ ok: false, reason: "the server is full" });
    await frames.return?.();
    await eventually("a free place", async () => (await get(server, "/readyz")).status === 200);
  });
});
