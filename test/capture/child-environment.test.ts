// The environment of ffmpeg and fswebcam: it has the variables that they need, and no keys or tokens of the server.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { childEnvironment } from "../../src/capture/child-environment.ts";
import { childrenOf, CLIP, startServer, startViewer, TEST_TIMEOUT_MS } from "../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

/** Variables that another program must not get. */
const SECRETS = {
  SLIPSTREAM_KEY: "hunter2-k7qf-2mzd-4v8x-9c3t",
  AWS_SECRET_ACCESS_KEY: "hunter2",
  FFREPORT: "file=hunter2.log",
};

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "slipstream-test-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

test("childEnvironment: passes on the variables that programs need unchanged, and no others", () => {
  const needed = { PATH: "/bin", HOME: "/root", DISPLAY: ":1", XAUTHORITY: "/x", TMPDIR: "/t", LD_LIBRARY_PATH: "/l" };
  expect(childEnvironment({ ...needed, ...SECRETS, http_proxy: undefined })).toEqual(needed);
});

describe.skipIf(process.platform !== "linux")("server", () => {
  test("childEnvironment: ffmpeg gets no secrets of the server", async () => {
    await using server = await startServer(["--source", CLIP], { env: SECRETS });
    await using viewer = startViewer(server.port, [], { env: SECRETS });
    await viewer.until("a frame", ({ last }) => (last?.frames ?? 0) > 0);
    const [pid] = childrenOf(server.child.pid, "ffmpeg");
    const environment = readFileSync(`/proc/${pid}/environ`, "utf8");
    expect(environment).toContain(`PATH=${process.env["PATH"]}\0`);
    expect(environment).not.toContain("hunter2");
    for (const name of Object.keys(SECRETS)) expect(environment).not.toContain(name);
  });

  test.skipIf(Bun.which("fswebcam") === null)("fswebcam gets none of its secrets, through a shell", async () => {
    const seen = join(folder, "seen");
    const shim = join(folder, "fswebcam");
    writeFileSync(shim, `#!/bin/sh\nenv > ${seen}.new\nmv ${seen}.new ${seen}\nexec ${Bun.which("fswebcam")} "$@"\n`);
    chmodSync(shim, 0o755);
    const env = { ...SECRETS, PATH: `${folder}:${process.env["PATH"]}`, TZ: "Europe/Berlin" };
    const source = ["--source", "webcam", "--device", "TEST:colourbars", "--size", "160x120"];
    await using server = await startServer(source, { env });
    await using viewer = startViewer(server.port, [], { env: SECRETS });
    await viewer.until("a frame", ({ last }) => (last?.frames ?? 0) > 0);
    expect(existsSync(seen)).toBe(true);
    const environment = readFileSync(seen, "utf8");
    expect(environment).toContain("TZ=Europe/Berlin\n");
    expect(environment).not.toContain("hunter2");
  });
});
