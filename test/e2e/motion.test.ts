// `serve` with motion in slipstream.toml: real footage, lines of --json, the command, the webhook, and errors in the file.

import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { MotionReport } from "../../src/core/motion.ts";
import { runToEnd, startServer, TEST_TIMEOUT_MS } from "../support/programs.ts";
import { readRecording } from "../support/recorded-camera.ts";
import { until } from "../support/wait-until.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const FOOTAGE = resolve(import.meta.dir, "../fixtures/vtest-6s.mp4"); // people walk

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipstream-test-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a settings file, and returns its path. */
function settings(text: string): string {
  const path = join(folder, "slipstream.toml");
  writeFileSync(path, text);
  return path;
}

test("serve --motion: events of real footage are lines of --json, runs of the command, and posts", async () => {
  const posts: MotionReport[] = [];
  await using receiver = Bun.serve({
    ...{ port: 0, hostname: "127.0.0.1" },
    async fetch(request) {
      posts.push((await request.json()) as MotionReport);
      return new Response();
    },
  });
  const out = join(folder, "out");
  const config = settings(`
motion = true
webhook = "http://127.0.0.1:${receiver.port}/"
on-event = ["sh", "-c", 'cp "$1" "$0.jpg"; printf "%s %s" "$2" "$3" > "$0"', "${out}", "{picture}", "{camera}", "{zones}"]
[[cameras]]
source = "${FOOTAGE}"
name = "yard"
[[cameras.zones]]
name = "all"
rectangle = [0, 0, 1, 1]
`);
  const server = await startServer(["--config", config, "--no-http"]);
  const isEvent = (line: object): line is MotionReport => "event" in line;
  const events = () => (server.reports as readonly object[]).filter(isEvent);
  await until(() => events().length > 0 && existsSync(out) && posts.length > 0, "an event", 60_000);
  const [event] = events();
  expect(event).toMatchObject({ event: "motion", phase: "start", camera: "yard", number: 1, zones: ["all"] });
  expect(event?.area).toBeGreaterThan(0.005);
  expect(posts[0]).toEqual(event as MotionReport);
  await until(() => readFileSync(out, "utf8") === "yard all", "the words of the command");
  expect([...readFileSync(`${out}.jpg`).subarray(0, 2)]).toEqual([0xff, 0xd8]);
  expect(await server.end("SIGTERM")).toBe(0);
  // The end of the server ends the event, and everybody is still told.
  const last = events().at(-1);
  expect(last).toMatchObject({
    phase: "end",
    number: events().findLast(({ phase }) => phase === "start")?.number ?? 0,
  });
  await until(() => posts.at(-1)?.phase === "end", "the post about the end");
  expect(posts.at(-1)).toEqual(last as MotionReport);
  expect(server.remarks).toContain("motion 1 in all: ");
});

test("serve --record-when motion: the file begins before the event, and nothing is recorded without one", async () => {
  const flags = ["--source", FOOTAGE, "--record", folder, "--record-when", "motion", "--motion", "--no-http"];
  {
    const server = await startServer([...flags, "--motion-area", "100"]);
    await server.until("some seconds of footage", ({ last }) => (last?.encoded ?? 0) > 40);
    expect(server.last?.recording).toMatchObject({ file: null, pictures: 0 });
    server.child.kill("SIGTERM");
    await server.end();
  }
  const server = await startServer([...flags, "--record-before", "1"]);
  await until(() => server.reports.some((line) => (line as { phase?: string }).phase === "start"), "an event", 60_000);
  await server.until("a recording", ({ last }) => (last?.recording?.pictures ?? 0) > 15);
  server.child.kill("SIGTERM");
  await server.child.exited;
  await server.end();
  const [file = ""] = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".mkv"),
  );
  const event = server.reports.find((line) => "event" in line) as object as MotionReport;
  const probe = ["ffprobe", "-v", "error", "-show_entries", "format_tags=creation_time", "-of", "csv=p=0"];
  const begins = Date.parse(
    Bun.spawnSync([...probe, join(folder, file)])
      .stdout.toString()
      .trim(),
  );
  // A second before the event, or the picture that was seen then.
  const before = Date.parse(event.start) - begins;
  expect(before).toBeGreaterThan(850);
  expect(before).toBeLessThan(1_150);
  expect(readRecording(join(folder, file)).length).toBeGreaterThan(15);
});

test("serve: errors about zones and outputs are one line with the place in the file", async () => {
  const refusal = async (text: string) => {
    const config = settings(`[[cameras]]\nsource = "pattern"\nmotion = true\n${text}\n`);
    const { code, remarks } = await runToEnd("serve", ["--config", config, "--port", "0"]);
    expect(code).toBe(2);
    return remarks.replaceAll(folder, "").trim();
  };
  const zone = 'zones = [{ name = "x", polygon = [[0, 0], [1, 1], [1, 0], [0, 1]] }]';
  expect(await refusal(zone)).toContain("/slipstream.toml:4: cameras[0].zones[0].polygon: crosses itself: ");
  const { remarks } = await runToEnd("serve", ["--source", "pattern", "--record", folder, "--record-when", "motion"]);
  expect(remarks).toContain("a recording of motion needs its detection: add --motion");
  expect(await refusal('webhook = "nowhere"')).toContain("/slipstream.toml:4: cameras[0].webhook: webhook must be");
  expect(await refusal('on-event = ["no-such-program"]')).toContain(
    "/slipstream.toml:4: cameras[0].on-event: names the program 'no-such-program', which is not installed",
  );
});
