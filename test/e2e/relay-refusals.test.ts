// The keys of relays, and what they refuse, each with one line. Real processes.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { HostileServerKind } from "../support/hostile-server.ts";
import { runToEnd, startServer, startViewer, TEST_TIMEOUT_MS } from "../support/programs.ts";
import { areShown, PATTERN, startEdge } from "../support/relays.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const KEY = "k7qf-2mzd-9x4t-b0hn-5rwv";
const WRONG_KEY = "0000-1111-2222-3333-4444";

describe.skipIf(process.platform !== "linux")("relay: hostile origins", () => {
  let servers: Bun.Subprocess<"ignore", "pipe", "inherit">;
  let ports: Record<HostileServerKind, number>;
  beforeAll(async () => {
    const script = fileURLToPath(new URL("../support/hostile-server.ts", import.meta.url));
    servers = Bun.spawn([process.execPath, script], { stdio: ["ignore", "pipe", "inherit"] });
    const { value } = await servers.stdout.getReader().read();
    ports = JSON.parse(new TextDecoder().decode(value));
  });
  afterAll(async () => {
    servers.kill("SIGKILL");
    await servers.exited;
  });

  test("an origin that breaks the protocol costs only its own camera, and the line tells why", async () => {
    const reasons: [HostileServerKind, string][] = [
      ["sizes that grow", "more than 60 Stream messages a second"],
      ["notices without end", "more than 100 messages a second in addition to frames"],
      ["a million tiny tiles", "the picture has 524288 tiles, and the limit is 70000"],
      ["tiles beyond the picture", "Tiles contains tile 16777214, but the picture has 4800 tiles"],
      ["tiles that are too long", "a tile has 100000 bytes, and at most 1088 are allowed"],
      ["unknown messages of 60 MB", "a message has 60000001 bytes, and 1 to 4194304 are allowed"],
    ];
    const sources = reasons.flatMap(([kind]) => ["--source", `slip://127.0.0.1:${ports[kind]}/`]);
    await using edge = await startServer(["--source", "pattern", ...sources]);
    await using viewer = startViewer(edge.port);
    for (const [kind] of reasons)
      await edge.until(kind, ({ remarks }) =>
        remarks.includes(`127.0.0.1:${ports[kind]}: the server broke the protocol`),
      );
    for (const [, reason] of reasons) expect(edge.remarks).toContain(reason);
    await viewer.until("pictures of the other camera", areShown((viewer.last?.frames ?? 0) + 10));
  });
});

describe("relay: keys and refusals", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "slipstream-relay-"));
    await writeFile(join(folder, "key"), `${KEY}\n`, { mode: 0o600 });
  });
  afterEach(() => rm(folder, { recursive: true }));

  const startLocked = () =>
    startServer([...PATTERN, "--tls", "--key-file", join(folder, "key")], {
      env: { XDG_STATE_HOME: join(folder, "origin") },
    });
  const edgeEnv = () => ({ env: { XDG_STATE_HOME: join(folder, "edge") } });
  /** The lines of the log that are errors. */
  const errorsOf = (remarks: string) => remarks.split("\n").filter((line) => line.startsWith("error: "));

  test("a link with the key opens a server with TLS, and no line contains the key", async () => {
    await using origin = await startLocked();
    await using edge = await startServer(["--source", `slips://${KEY}@127.0.0.1:${origin.port}/`], edgeEnv());
    await using viewer = startViewer(edge.port);
    await viewer.until("pictures", areShown(3));
    expect(edge.remarks).toContain("connected to 127.0.0.1");
    for (const text of [edge.remarks, viewer.remarks, JSON.stringify([edge.last, viewer.last])])
      expect(text).not.toContain(KEY);
    const kept = JSON.parse(await readFile(join(folder, "edge/slipstream/known-servers.json"), "utf8"));
    expect(kept[`127.0.0.1:${origin.port}`]).toMatchObject({ usesTls: true, publicKey: expect.any(String) });
  });

  test.each([
    ["a wrong key", `${WRONG_KEY}@`, "the key of the link is not right for 127.0.0.1:PORT: write the link that"],
    ["no key", "", "127.0.0.1:PORT needs a key: write the link that the server printed"],
  ])("%s gets one line", async (_, key, text) => {
    await using origin = await startLocked();
    const link = `slips://${key}127.0.0.1:${origin.port}/`;
    const { code, remarks } = await runToEnd("serve", ["--source", link, "--port", "0"], edgeEnv());
    expect(code).toBe(1);
    expect(errorsOf(remarks)).toHaveLength(1);
    expect(errorsOf(remarks)[0]).toContain(text.replace("PORT", String(origin.port)));
    expect(remarks).not.toContain(WRONG_KEY);
  });

  test("a server that does not answer, and a camera that it does not have, get one line each", async () => {
    await using origin = await startServer(PATTERN);
    const missing = await runToEnd("serve", ["--source", `slip://127.0.0.1:${origin.port}/garden`, "--port", "0"]);
    expect([missing.code, errorsOf(missing.remarks)]).toEqual([
      1,
      [`error: 127.0.0.1:${origin.port}: there is no camera 'garden': the cameras are pattern`],
    ]);
    const { port } = origin;
    await origin.end("SIGTERM");
    const down = await runToEnd("serve", ["--source", `slip://127.0.0.1:${port}/`, "--port", "0"]);
    expect([down.code, errorsOf(down.remarks)]).toEqual([
      1,
      [`error: no program listens on 127.0.0.1:${port}: start 'bun run serve' there`],
    ]);
  });

  test("settings that a server as source cannot have are refused", async () => {
    const { code, remarks } = await runToEnd("serve", ["--source", "slip://127.0.0.1:9/", "--fps", "5"]);
    expect(code).toBe(2);
    expect(remarks).toContain("--fps does not apply to a camera of another server: leave it out");
  });

  test("a relay of itself is refused", async () => {
    const port = String(freePort());
    const { code, remarks } = await runToEnd("serve", ["--source", `slip://127.0.0.1:${port}/`, "--port", port]);
    expect(code).toBe(1);
    expect(errorsOf(remarks)).toEqual([
      `error: slip://127.0.0.1:${port}/ is this camera itself, so it never has a picture: name the camera's server`,
    ]);
  });

  test("a relay of itself over a second relay is refused, and other cameras of the server go on", async () => {
    const [one, other] = [String(freePort()), String(freePort())];
    const loop = (port: string) => ["--source", "pattern", "--source", `slip://127.0.0.1:${port}/slip`];
    await using first = await startServer([...loop(other), "--port", one]);
    await using second = await startServer([...loop(one), "--port", other]);
    const told = /slip:\/\/\S+ (is this camera itself|gets its pictures from this camera, so the relays form a loop)/;
    await Promise.any([
      first.until("the line", ({ remarks }) => told.test(remarks)),
      second.until("the line", ({ remarks }) => told.test(remarks)),
    ]);
    await using viewer = startViewer(first.port);
    await viewer.until("pictures of the other camera", areShown(3));
  });

  test("more than eight relays one behind the other are refused", async () => {
    await using origin = await startServer(PATTERN);
    await using stack = new AsyncDisposableStack();
    let { port } = origin;
    for (let relay = 0; relay < 8; relay++) ({ port } = stack.use(await startEdge(port)));
    const { code, remarks } = await runToEnd("serve", ["--source", `slip://127.0.0.1:${port}/`, "--port", "0"]);
    expect(code).toBe(1);
    expect(errorsOf(remarks)[0]).toContain("is behind 8 relays, which is the limit");
  });
});

/** A port that is free now. */
function freePort(): number {
  using listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
  return listener.port;
}
