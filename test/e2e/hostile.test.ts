// Hostile peers and a good viewer, in real processes: each hostile peer is disconnected or limited, and the good viewer goes on.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mkdtemp, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { ViewReport } from "../../src/client/figures.ts";
import { residentMiB, sendQueuesMiB } from "../../bench/process-figures.ts";
import { HOSTILE_KINDS, type HostileKind, type HostileReport, needsHttp, needsTls } from "../support/hostile-peers.ts";
import {
  childrenOf,
  CLIP,
  eachLine,
  type Program,
  type Server,
  startServer,
  startViewer,
  TEST_TIMEOUT_MS,
} from "../support/programs.ts";
import { openNetwork, whyNoNetwork } from "../support/two-machines.ts";
import { until } from "../support/wait-until.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const obstacle = whyNoNetwork();
const SCRIPT = fileURLToPath(new URL("../support/hostile-peers.ts", import.meta.url));
const FLAGS = ["--source", "pattern", "--size", "320x240", "--fps", "40"];

/** Starts `count` peers of a kind. They stop at the end of the scope. */
class Attack implements AsyncDisposable {
  report: HostileReport = { open: 0, connects: 0, ended: 0 };
  readonly #child: Bun.Subprocess<"ignore", "pipe", "inherit">;

  /** `machine` is the one on which the peers run, and the address of the server for them. */
  constructor(
    port: number,
    kind: HostileKind,
    count: number,
    machine = { through: [] as readonly string[], host: "" },
  ) {
    const { through, host } = machine;
    const command = [...through, process.execPath, SCRIPT, String(port), kind, String(count)];
    if (host !== "") command.push(host);
    this.#child = Bun.spawn(command, { stdio: ["ignore", "pipe", "inherit"] });
    void eachLine(this.#child.stdout, (line) => {
      this.report = JSON.parse(line);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
  }
}

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipstream-test-"));
});
afterAll(() => rm(folder, { recursive: true }));

const refusedBy = (server: Server) => server.last?.refusedBy;

/** A server for several kinds of hostile peers, and the good viewer that watches it all the time. */
class Meeting implements AsyncDisposable {
  readonly server: Server;
  readonly viewer: Program<ViewReport>;

  private constructor(server: Server, viewer: Program<ViewReport>) {
    this.server = server;
    this.viewer = viewer;
  }

  static async start(name: string, flags: readonly string[], key = ""): Promise<Meeting> {
    const env = (side: string) => ({ XDG_STATE_HOME: join(folder, `${name}-${side}`), SLIPSTREAM_KEY: key });
    const server = await startServer([...FLAGS, ...flags], { env: env("server") });
    return new Meeting(server, startViewer(server.port, [], { env: env("viewer") }));
  }

  async moreFrames(): Promise<void> {
    const shown = () => this.viewer.last?.frames ?? 0;
    const before = shown();
    await this.viewer.until("20 more frames", () => shown() > before + 20);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.viewer[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
  }
}

const isPlain = (kind: HostileKind) => !needsTls(kind) && kind !== "wrong-keys";

describe.each([
  ["without TLS and keys", HOSTILE_KINDS.filter(isPlain), ["--http", "0"], ""],
  ["with TLS", HOSTILE_KINDS.filter(needsTls), ["--tls"], ""],
  ["with a key", ["wrong-keys"], [], "k7qf-2mzd-9x4w-hcv3-tb8n"], // a server without a key asks for no proof
] as [string, HostileKind[], string[], string][])("serve: hostile peers of a server %s", (name, kinds, flags, key) => {
  let meeting: Meeting;
  beforeAll(async () => {
    meeting = await Meeting.start(name.replaceAll(" ", "-"), flags, key);
  });
  afterAll(() => meeting[Symbol.asyncDispose]());

  test.each(kinds)("20 peers of the kind %s: a good viewer sees frames before, during and after", async (kind) => {
    const { server, viewer } = meeting;
    const port = needsHttp(kind) ? (server.last?.http?.port ?? 0) : server.port;
    await meeting.moreFrames();
    {
      await using peers = new Attack(port, kind, 20);
      await until(() => peers.report.connects >= 20, "20 connections");
      await meeting.moreFrames();
      expect(viewer.last?.reconnects).toBe(0);
    }
    await meeting.moreFrames();
    await server.until("the hostile peers' end", ({ last }) => last?.viewers === 1);
  });
});

describe("serve: limits for hostile peers", () => {
  test("handshakes of TLS that do not go on end with the limit for greetings, and hold no memory", async () => {
    await using server = await startServer([...FLAGS, "--tls"], { env: { XDG_STATE_HOME: folder } });
    await using peers = new Attack(server.port, "half-handshake", 60);
    await until(() => peers.report.open === 60, "60 connections");
    const before = residentMiB(server.child.pid);
    await until(() => peers.report.ended >= 60, "the end of all", 20_000);
    await until(() => peers.report.connects >= 120, "the second attempt of all", 20_000);
    expect(residentMiB(server.child.pid)).toBeLessThan(before + 16);
    expect(server.last?.viewers).toBe(0);
  });

  test.each(["pings", "wishes"] as const)("a flood of %s is ended, counted and logged", async (kind) => {
    await using server = await startServer(FLAGS);
    await using _ = new Attack(server.port, kind, 1);
    await server.until("the count", () => (refusedBy(server)?.messages ?? 0) > 1); // the peer connected again and was disconnected again
    expect(server.remarks).toMatch(/viewer 127\.0\.0\.1:\d+ left: it sends more than 50 messages a second/);
  });

  test("a signal shuts a server down cleanly while 50 peers flood it with pings", async () => {
    await using server = await startServer(FLAGS);
    await using peers = new Attack(server.port, "pings", 50);
    await server.until("floods", () => (refusedBy(server)?.messages ?? 0) > 20);
    await until(() => peers.report.connects > 20, "the report of the peers"); // it follows the server's, because peers report at intervals
    expect(await server.end("SIGTERM")).toBe(0);
    expect(server.remarks).not.toContain("the program has not ended");
  });

  test("a peer that sends many requests and reads no answers is disconnected and logged", async () => {
    await using server = await startServer(FLAGS);
    await using _ = new Attack(server.port, "questions", 1);
    await server.until("the end", ({ remarks }) => remarks.includes("too many unanswered questions"));
  });

  test("300 connections without a greeting do not keep a viewer out, and are forgotten when they close", async () => {
    await using server = await startServer(FLAGS);
    {
      await using peers = new Attack(server.port, "silent", 300);
      await until(() => peers.report.connects >= 300, "300 connections");
      await using viewer = startViewer(server.port, ["--frames", "5"]);
      expect(await viewer.end()).toBe(0);
      await server.until("the count", () => (refusedBy(server)?.greetings ?? 0) > 0);
    }
    await using viewer = startViewer(server.port, ["--frames", "5"]);
    expect(await viewer.end()).toBe(0);
  });

  test("with few open files, 200 connections without a greeting do not keep a viewer out, and the source goes on", async () => {
    const through = ["sh", "-c", 'ulimit -n 64 && exec "$@"', "sh"];
    await using server = await startServer(["--source", CLIP], { through });
    expect(server.remarks).toMatch(/takes at most \d+ viewers: raise the limit with 'ulimit -n'/);
    await using peers = new Attack(server.port, "silent", 200);
    await until(() => peers.report.connects >= 200, "200 connections");
    await using viewer = startViewer(server.port, ["--frames", "20"]);
    expect(await viewer.end()).toBe(0);
    expect(server.remarks).not.toContain("trying again");
    await using other = startViewer(server.port);
    const shown = () => other.last?.frames ?? 0;
    await other.until("frames", () => shown() > 5);
    for (const pid of childrenOf(server.child.pid, "ffmpeg")) process.kill(pid, "SIGKILL");
    await server.until("the restart", ({ remarks }) => remarks.includes("is back"));
    const before = shown();
    await other.until("frames of the source that was restarted", () => shown() > before + 5);
    expect(server.child.exitCode).toBeNull();
  });

  test.each([
    ["silent connections", "http-silent"],
    ["connections with one request", "http-once"],
  ] as const)("hundreds of %s to the HTTP door are ended early and counted, and keep nobody out", async (_, kind) => {
    const through = ["sh", "-c", 'ulimit -n 1024 && exec "$@"', "sh"]; // the usual limit
    await using server = await startServer([...FLAGS, "--http", "0"], { through });
    const port = server.last?.http?.port ?? 0;
    await using peers = new Attack(port, kind, 600);
    await until(() => peers.report.connects >= 600, "600 connections");
    await server.until("the count", () => (refusedBy(server)?.greetings ?? 0) > 200);
    await using viewer = startViewer(server.port, ["--frames", "5"]);
    expect(await viewer.end()).toBe(0);
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
    expect(server.remarks).not.toContain("can open no more files");
  });

  test("peers that take no pictures are disconnected when their waiting pictures exceed max-waiting-memory", async () => {
    const folder = mkdtempSync(join(tmpdir(), "slipstream-test-"));
    using _ = { [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
    writeFileSync(join(folder, "slipstream.toml"), "max-waiting-memory = 2\nstall-timeout = 3600\n");
    // Whole pictures of some 300 KB.
    const flags = ["--source", "pattern", "--size", "2560x1440", "--fps", "5", "--noise", "off", "--quality", "95"];
    await using server = await startServer(flags, { cwd: folder });
    await using viewer = startViewer(server.port);
    await viewer.until("frames", ({ last }) => (last?.frames ?? 0) > 3);
    await using __ = new Attack(server.port, "unread", 20);
    await server.until("the count", () => (refusedBy(server)?.waiting ?? 0) > 15);
    expect(sendQueuesMiB(server.port)).toBeLessThan(3); // the kernel keeps nothing for viewers that were disconnected
    expect(server.remarks).toMatch(
      /left: what viewers have not taken exceeds 2 MiB, and this viewer is behind the most/,
    );
    const before = viewer.last?.frames ?? 0;
    await viewer.until("more frames", ({ last }) => (last?.frames ?? 0) > before + 5);
    expect(viewer.last?.reconnects).toBe(0);
  });

  test.skipIf(obstacle !== null)(
    "an address with 300 connections that say nothing gets its share of them, and another address gets in",
    async () => {
      using network = openNetwork();
      const [own, other] = network.machines;
      const flags = [...FLAGS, "--host", "0.0.0.0", "--open", "--no-announce"];
      await using server = await startServer(flags, { through: own.through });
      await using _ = new Attack(server.port, "silent", 300, { through: other.through, host: own.address });
      await server.until("the counts", () => {
        const { greetingsPerAddress = 0, connects = 0 } = refusedBy(server) ?? {};
        return greetingsPerAddress > 0 && connects > 0;
      });
      await using viewer = startViewer(server.port, ["--frames", "5"], { through: own.through });
      expect(await viewer.end()).toBe(0);
      expect(refusedBy(server)?.greetings).toBe(0);
      await server.until("the sum", ({ remarks }) =>
        /\d+ more connections from 192\.0\.2\.2 were refused/.test(remarks),
      );
    },
  );

  test("a viewer beyond --max-viewers is told so, and another one gets its place", async () => {
    await using server = await startServer([...FLAGS, "--max-viewers", "1"]);
    {
      await using first = startViewer(server.port);
      await first.until("a frame", ({ last }) => (last?.frames ?? 0) > 0);
      const second = startViewer(server.port, ["--once"]);
      expect(await second.end()).not.toBe(0);
      expect(second.remarks).toContain("the limit is 1 viewers");
      await server.until("the count", () => refusedBy(server)?.viewers === 1);
    }
    await using third = startViewer(server.port, ["--frames", "1"]);
    expect(await third.end()).toBe(0);
  });
});
