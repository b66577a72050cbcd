// view --wait: a viewer waits for an unknown host name, for a missing server, and for a camera that the server does not have yet.

import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ViewReport } from "../../src/client/figures.ts";
import { Program, startServer, TEST_TIMEOUT_MS } from "../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const view = (...flags: string[]) => new Program<ViewReport>("view", [...flags, "--display", "none", "--json"]);

test("view --wait: waits for a server and then for its camera, and shows it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "slipstream-test-"));
  const config = async (name: string) => {
    const file = join(folder, `${name}.toml`);
    await writeFile(file, `[[cameras]]\nname = "${name}"\nsource = "pattern"\nsize = "320x240"\n`);
    return ["--config", file];
  };
  try {
    const first = await startServer(await config("door"));
    const { port } = first;
    await first.end("SIGTERM");
    await using viewer = view(`127.0.0.1:${port}/garden`, "--wait", "--frames", "3");
    await viewer.until("the remark about the server", ({ remarks }) => remarks.includes("no program listens on"));
    const other = await startServer([...(await config("door")), "--port", `${port}`]);
    await viewer.until("the remark about the camera", ({ remarks }) => remarks.includes("there is no camera 'garden'"));
    await other.end("SIGTERM");
    await using _ = await startServer([...(await config("garden")), "--port", `${port}`]);
    expect(await viewer.end()).toBe(0);
    expect(viewer.last).toMatchObject({ source: "garden", frames: 3 });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("view: an unknown host name ends it, and with --wait the viewer waits", async () => {
  await using ends = view("camera.invalid");
  expect(await ends.end()).toBe(1);
  expect(ends.remarks).toBe("error: unknown host: camera.invalid\n");
  await using waits = view("camera.invalid", "--wait");
  await waits.until("the remark", ({ remarks }) => remarks.includes("unknown host: camera.invalid; trying again"));
  await Bun.sleep(500);
  expect(waits.child.exitCode).toBeNull();
  expect(await waits.end("SIGTERM")).toBe(0);
});
