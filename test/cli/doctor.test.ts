// `bun run doctor` on this machine, with circumstances that the tests change: programs, ports, the display and the user.

import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Examination } from "../../src/doctor/examine.ts";
import { examinePorts } from "../../src/doctor/network.ts";
import { runToEnd, startServer, TEST_TIMEOUT_MS } from "../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

/** Runs the doctor on free ports, and returns its findings by part. */
async function examine(flags: readonly string[], options: Parameters<typeof runToEnd>[2] = {}) {
  const { code, remarks, program } = await runToEnd("doctor", [...flags, "--json"], { ...options, rawOutput: true });
  const examination: Examination = JSON.parse(program.bytes.toString());
  const { findings } = examination;
  const of = (part: string) => findings.find((finding) => finding.part === part);
  return { code, remarks, examination, of };
}

function listen() {
  return Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
}

function freePort(): string {
  const listener = listen();
  listener.stop(true);
  return String(listener.port);
}

test("doctor: without ffmpeg and a display it tells what is missing, and serve can still run", async () => {
  const path = mkdtempSync(join(tmpdir(), "slipstream-test-"));
  try {
    symlinkSync(process.execPath, join(path, "apt-get")); // any program: only its name is looked for
    const env = { PATH: path, DISPLAY: "", WAYLAND_DISPLAY: "" };
    const flags = ["--port", freePort(), "--http", freePort()];
    const { code, examination, of } = await examine(flags, { env });
    expect(of("ffmpeg")).toMatchObject({
      condition: "limited",
      mend: expect.stringMatching(/apt-get install ffmpeg$/),
    });
    expect(of("display")).toMatchObject({ condition: "limited", text: expect.stringContaining("there is no display") });
    expect(of("port")).toMatchObject({ condition: "good" });
    expect(of("simd")).toMatchObject({ condition: "good" });
    expect(examination.ok).toBe(true);
    expect(code).toBe(0);
    expect(examination.capacity.map(({ width }) => width)).toEqual([640, 1280, 1920]);
    for (const { encodedPerSecond, decodedPerSecond, cameras } of examination.capacity) {
      expect(encodedPerSecond).toBeGreaterThan(0);
      expect(decodedPerSecond).toBeGreaterThan(0);
      const [slow, medium, fast] = [cameras["15"], cameras["30"], cameras["60"]] as [number, number, number];
      expect(slow).toBeGreaterThanOrEqual(medium);
      expect(medium).toBeGreaterThanOrEqual(fast);
    }
  } finally {
    rmSync(path, { recursive: true });
  }
});

test("doctor: a taken port is named with the program that uses it, and the exit code is 1", async () => {
  const listener = listen();
  const webListener = listen();
  try {
    const flags = ["--port", String(listener.port), "--http", String(webListener.port)];
    const { code, remarks, examination, of } = await examine(flags, { env: { DISPLAY: ":9797" } });
    const holder = `(process ${process.pid}) uses it`;
    expect(of("port")).toMatchObject({ condition: "missing", mend: expect.stringContaining("--port") });
    expect(of("port")?.text).toContain(holder);
    expect(of("http-port")).toMatchObject({ condition: "limited", text: expect.stringContaining(holder) });
    expect(of("display")).toMatchObject({ condition: "limited" });
    expect(examination.ok).toBe(false);
    expect(code).toBe(1);
    expect(remarks).toContain(`serve does not work on this machine: port ${listener.port} for viewers cannot be used`);
  } finally {
    listener.stop(true);
    webListener.stop(true);
  }
});

test.each([
  ["without a key", []],
  ["that needs TLS and a key", ["--host", "0.0.0.0"]],
])("doctor: a port that a server %s uses is no fault", async (_, flags) => {
  const http = Number(freePort());
  await using server = await startServer(["--source", "pattern", "--size", "160x90", "--http", String(http), ...flags]);
  expect(await examinePorts({ port: server.port, http })).toEqual([
    {
      part: "port",
      condition: "good",
      text: expect.stringContaining(`a Slipstream server already runs on port ${server.port}: `),
      mend: null,
    },
    {
      part: "http-port",
      condition: "good",
      text: `port ${http} is in use, as by the web page of the server that runs`,
      mend: null,
    },
  ]);
  const other = Bun.listen({ hostname: "0.0.0.0", port: 0, socket: { data: () => undefined } });
  const [, web] = await examinePorts({ port: server.port, http: other.port });
  other.stop(true);
  expect(web).toMatchObject({ condition: "limited", mend: "bun run serve --http N, with another port" });
});

test("doctor: beside a server that needs TLS and a key, the exit code is 0", async () => {
  await using server = await startServer(["--source", "pattern", "--size", "160x90", "--host", "0.0.0.0"]);
  const { code, of } = await examine(["--port", String(server.port), "--http", freePort()]);
  expect(of("port")).toMatchObject({
    condition: "good",
    text: expect.stringContaining(`a Slipstream server already runs on port ${server.port}`),
  });
  expect(code).toBe(0);
});

test("doctor: a wrong option is one line and exit code 2", async () => {
  const { code, remarks } = await runToEnd("doctor", ["--port", "70000"]);
  expect(code).toBe(2);
  expect(remarks).toContain("It must be a whole number from 1 to 65535.");
});
