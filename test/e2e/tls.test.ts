// TLS between real servers and viewers: pinned keys, proofs through a man in the middle, and connections in which one side has no TLS.

import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readGoodbye } from "../../src/protocol/greeting.ts";
import { GoodbyeReason, HEADER_BYTES } from "../../src/protocol/wire.ts";
import { selfSigned } from "../support/certificates.ts";
import { firstKeyOf } from "../support/first-key.ts";
import { openLink } from "../support/link.ts";
import { eachLine, ffmpegBytes, runToEnd, type Server, startServer, TEST_TIMEOUT_MS } from "../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const KEY = "k7qf-2mzd-9x4t-b0hn-5rwv";
const PATTERN = ["--source", "pattern", "--size", "320x240", "--fps", "20"];
const THREE_FRAMES = ["--display", "none", "--frames", "3"];
const RELAY = fileURLToPath(new URL("../support/tls-relay.ts", import.meta.url));

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipstream-test-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** The environment of a program with a state folder of its own. */
const stateOf = (who: string, key = "") => ({ XDG_STATE_HOME: join(folder, who), SLIPSTREAM_KEY: key });

const serve = (flags: readonly string[], { who = "server", key = "" } = {}): Promise<Server> =>
  startServer([...PATTERN, ...flags], { env: stateOf(who, key) });

const view = (flags: readonly string[], key = "") => runToEnd("view", flags, { env: stateOf("viewer", key) });

const known = async () => JSON.parse(await readFile(join(folder, "viewer/slipstream/known-servers.json"), "utf8"));

const fingerprintOf = (server: Server) => server.last?.tls?.fingerprint ?? "";

/** Starts a man in the middle in front of a server. */
async function startRelay(server: Server): Promise<{ port: number; [Symbol.asyncDispose]: () => Promise<void> }> {
  const { certificate, key } = await selfSigned(folder, "relay", "IP:127.0.0.1");
  const child = Bun.spawn([process.execPath, RELAY, String(server.port), certificate, key], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const port = await new Promise<number>((resolve) => void eachLine(child.stdout, (line) => resolve(Number(line))));
  return {
    port,
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.exited;
    },
  };
}

describe("TLS: the server's key", () => {
  test("TLS: the server makes its key at the first start, keeps it private, and viewers pin it", async () => {
    let port = 0;
    let fingerprint = "";
    {
      await using server = await serve(["--tls"]);
      port = server.port;
      fingerprint = fingerprintOf(server);
      expect(fingerprint).toMatch(/^SHA256:[\w+/]{43}$/);
      expect(server.remarks).toContain(`with TLS (public key ${fingerprint})`);
      for (const file of ["tls-key.pem", "tls-certificate.pem"]) {
        expect((await stat(join(folder, "server/slipstream", file))).mode & 0o777).toBe(0o600);
      }
      const first = await view([`127.0.0.1:${port}`, ...THREE_FRAMES]);
      expect([first.code, first.remarks]).toEqual([
        0,
        expect.stringContaining(`is seen for the first time, with the public key ${fingerprint}`),
      ]);
      await server.until("the viewer's end", ({ remarks }) => remarks.includes("the viewer was closed"));
      expect(server.remarks).not.toContain("refused"); // its attempt without TLS, which comes first on this machine
    }
    await using server = await serve(["--tls", "--port", String(port)]);
    expect(fingerprintOf(server)).toBe(fingerprint);
    const second = await view([`127.0.0.1:${port}`, ...THREE_FRAMES]);
    expect(second.code).toBe(0);
    expect(second.remarks).not.toContain("first time");
  });

  test("TLS: a changed key is refused with both fingerprints, until the user forgets the server", async () => {
    let port = 0;
    let before = "";
    {
      await using server = await serve(["--tls"]);
      port = server.port;
      before = fingerprintOf(server);
      expect((await view([`127.0.0.1:${port}`, ...THREE_FRAMES])).code).toBe(0);
    }
    await using server = await serve(["--tls", "--port", String(port)], { who: "another" });
    const { code, remarks } = await view([`127.0.0.1:${port}`, ...THREE_FRAMES]);
    expect(code).toBe(1);
    expect(remarks).toContain(`it was ${before}, and now is ${fingerprintOf(server)}`);
    expect(remarks).toContain(`view --forget 127.0.0.1:${port}`);
    expect((await view(["--forget", `127.0.0.1:${port}`])).code).toBe(0);
    expect((await view([`127.0.0.1:${port}`, ...THREE_FRAMES])).code).toBe(0);
  });

  test("TLS: a viewer does not connect without TLS to a server that has used TLS", async () => {
    let port = 0;
    {
      await using server = await serve(["--tls"]);
      port = server.port;
      expect((await view([`127.0.0.1:${port}`, ...THREE_FRAMES])).code).toBe(0);
    }
    await using server = await serve(["--port", String(port)]);
    const bare = await view([`127.0.0.1:${port}`, ...THREE_FRAMES]);
    expect([bare.code, bare.remarks]).toEqual([
      1,
      expect.stringContaining("speaks without TLS: it has used TLS before"),
    ]);
    const link = await view([`slip://127.0.0.1:${port}`, ...THREE_FRAMES]);
    expect([link.code, link.remarks]).toEqual([1, expect.stringContaining("has used TLS before")]);
    expect(await server.end("SIGTERM")).toBe(0);
    expect(server.last).toMatchObject({ final: true, sent: 0 });
  });
});

describe("TLS: beyond this machine", () => {
  const ALL = ["--host", "0.0.0.0", "--no-announce"];

  test("it is on, and the first key shows video", async () => {
    await using server = await serve(ALL);
    const key = await firstKeyOf(server, join(folder, "server"));
    const { code, remarks } = await view([`slips://${key}@127.0.0.1:${server.port}`, ...THREE_FRAMES]);
    expect([code, remarks]).toEqual([0, expect.any(String)]);
    expect(server.last?.tls).toMatchObject({ fingerprint: expect.stringContaining("SHA256:") });
  });

  test("--no-tls turns it off", async () => {
    await using server = await serve([...ALL, "--no-tls"]);
    const key = await firstKeyOf(server, join(folder, "server"));
    expect((await view([`slip://${key}@127.0.0.1:${server.port}`, ...THREE_FRAMES])).code).toBe(0);
    expect(server.last?.tls).toBeNull();
  });
});

describe("TLS: proofs of keys", () => {
  test("TLS: the right key shows video, and the viewer pins the server without a message", async () => {
    await using server = await serve(["--tls"], { key: KEY });
    const host = `127.0.0.1:${server.port}`;
    const wrong = await view([`slips://0000-1111-2222-3333-4444@${host}`, ...THREE_FRAMES]);
    expect(wrong.code).toBe(1);
    const { code, remarks } = await view([`slips://${KEY}@${host}`, ...THREE_FRAMES]);
    expect([code, remarks]).toEqual([0, expect.not.stringContaining("first time")]);
    expect((await known())[host]).toMatchObject({ usesTls: true, publicKey: expect.any(String) });
    const again = await view([host, ...THREE_FRAMES]);
    expect(again.code).toBe(0);
  });

  test("TLS: a man in the middle who relays everything is refused, and gets nothing of the right key", async () => {
    await using server = await serve(["--tls"], { key: KEY });
    await using relay = await startRelay(server);
    const { code, remarks } = await view([`slips://${KEY}@127.0.0.1:${relay.port}`, ...THREE_FRAMES]);
    expect([code, remarks]).toEqual([1, expect.stringContaining("key of the link is not right")]);
    expect(await server.end("SIGTERM")).toBe(0);
    expect(server.last).toMatchObject({ final: true, sent: 0 });
    // The same relay works without a proof, so the proof is the reason for the refusal.
    await using open = await serve(["--tls"], { who: "open" });
    await using openRelay = await startRelay(open);
    expect((await view([`slips://127.0.0.1:${openRelay.port}`, ...THREE_FRAMES])).code).toBe(0);
  });

  test("TLS: a server that does not ask for the key is refused and not pinned, except with SLIPSTREAM_KEY on this machine", async () => {
    await using server = await serve(["--tls"]);
    const host = `127.0.0.1:${server.port}`;
    const keyFile = join(folder, "key");
    await writeFile(keyFile, KEY, { mode: 0o600 });
    for (const [flags, source] of [
      [[`slips://${KEY}@${host}`], "the link"],
      [[`slips://${host}`, "--key-file", keyFile], "--key-file"],
    ] as const) {
      for (const how of [THREE_FRAMES, ["--list"], ["--set", "brightness=7"]]) {
        const { code, remarks } = await view([...flags, ...how]);
        const text = `the server does not ask for the key of ${source}, so another program may answer in its place`;
        expect([code, remarks]).toEqual([1, expect.stringContaining(text)]);
        expect(remarks).not.toContain("broke the protocol");
      }
    }
    expect((await view([`slips://${host}`, ...THREE_FRAMES], KEY)).code).toBe(0);
    expect(await Bun.file(join(folder, "viewer/slipstream/known-servers.json")).exists()).toBe(false);
  });

  test("TLS: a man in the middle in front of a pinned server is refused before the proof", async () => {
    await using server = await serve(["--tls"], { key: KEY });
    await using relay = await startRelay(server);
    const host = `127.0.0.1:${server.port}`;
    expect((await view([`slips://${KEY}@${host}`, ...THREE_FRAMES])).code).toBe(0);
    const path = join(folder, "viewer/slipstream/known-servers.json");
    await Bun.write(path, (await readFile(path, "utf8")).replace(host, `127.0.0.1:${relay.port}`));
    const { code, remarks } = await view([`127.0.0.1:${relay.port}`, ...THREE_FRAMES]);
    expect([code, remarks]).toEqual([1, expect.stringContaining("has another public key than before")]);
  });
});

describe("TLS: one side has none", () => {
  test("TLS: a viewer without TLS gets a Goodbye without TLS that says that the server needs it", async () => {
    await using server = await serve(["--tls"]);
    // Hello of version 2 from the software "slipstream 0.1.0", for the first camera.
    const hello = Buffer.from("1d00000001534c495002100000736c69707374", "hex").subarray(0, 9); // the head is enough
    const answer = Promise.withResolvers<Buffer>();
    const received: Buffer[] = [];
    await Bun.connect({
      hostname: "127.0.0.1",
      port: server.port,
      socket: {
        open: (socket) => void socket.write(hello),
        data: (_, bytes) => void received.push(Buffer.from(bytes)),
        close: () => answer.resolve(Buffer.concat(received)),
      },
    });
    const message = await answer.promise;
    const { reason, text } = readGoodbye(message.subarray(HEADER_BYTES, 4 + message.readUInt32LE(0)));
    expect([reason, text]).toEqual([GoodbyeReason.needsTls, expect.stringContaining("only viewers with TLS")]);
    expect(message.length).toBe(4 + message.readUInt32LE(0)); // no bytes of TLS follow, because the viewer would not understand them
    await server.until("the line in the log", ({ remarks }) =>
      /refused: this server accepts only viewers with TLS/.test(remarks),
    );
  });

  test("TLS: a link with slips:// to a server without TLS says what to do", async () => {
    await using server = await serve([]);
    const { code, remarks } = await view([`slips://127.0.0.1:${server.port}`, ...THREE_FRAMES]);
    expect([code, remarks]).toEqual([
      1,
      expect.stringContaining("speaks without TLS: start it with TLS, or write slip://"),
    ]);
  });

  test("TLS: a link with slip:// to a server with TLS says what to do", async () => {
    await using server = await serve(["--tls"]);
    const { code, remarks } = await view([`slip://127.0.0.1:${server.port}`, "--once", ...THREE_FRAMES]);
    expect([code, remarks]).toEqual([1, expect.stringContaining("write slips:// in the link")]);
  });
});

test("TLS: pictures arrive with the same bytes as without TLS, over a slow link", async () => {
  const still = ["--source", join(folder, "still.jpg")];
  const noise = "testsrc2=s=640x480,noise=alls=60";
  await Bun.write(join(folder, "still.jpg"), ffmpegBytes("-f", "lavfi", "-i", noise, "-frames:v", "1", "-f", "mjpeg"));
  await using plain = await startServer(still);
  await using secured = await startServer([...still, "--tls"], { env: stateOf("server") });
  const link = openLink({ serverPort: secured.port, bitsPerSecond: 1_000_000, delayMs: 5 });
  const pictures = (address: string) =>
    runToEnd("view", [address, "--display", "none", "--frames", "2", "--output", "-"], {
      env: stateOf("viewer"),
      rawOutput: true,
    }).then(({ program }) => program.bytes);
  try {
    const [one, other] = [
      await pictures(`slip://127.0.0.1:${plain.port}`),
      await pictures(`slips://127.0.0.1:${link.port}`),
    ];
    expect(one.length).toBeGreaterThan(0);
    expect(other.equals(one)).toBe(true);
  } finally {
    link.close();
  }
});
