// Keys, with real servers and viewers: who may watch, what a key allows, and what a peer without a key is told.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeHello } from "../../src/protocol/greeting.ts";
import { readChallenge, writeProof } from "../../src/protocol/handshake.ts";
import { newNonce, proveAsViewer, viewerKey } from "../../src/protocol/proof.ts";
import { GoodbyeReason, MessageType, WIRE_VERSION } from "../../src/protocol/wire.ts";
import { firstKeyOf } from "../support/first-key.ts";
import { Program, runToEnd, type Server, startServer, startViewer, TEST_TIMEOUT_MS } from "../support/programs.ts";
import { bodyOf, RawPeer } from "../support/raw-peer.ts";
import { until } from "../support/wait-until.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const KEY = "k7qf-2mzd-9x4w-hcv3-tb8n";
const OTHER = "aaaa-bbbb-cccc-dddd-eeee";
const PATTERN = ["--source", "pattern", "--size", "160x120", "--fps", "20"];

let top: string;
let count = 0;
beforeAll(() => {
  top = mkdtempSync(join(tmpdir(), "server-keys-test-"));
});
afterAll(() => rmSync(top, { recursive: true }));

/** The environment of a user with a state folder of its own, with or without a key. */
const user = (key?: string) => ({
  XDG_STATE_HOME: join(top, `state-${count++}`),
  SLIPSTREAM_KEY: key ?? "",
});

/** A server on 127.0.0.1 that needs KEY. */
const startKept = (flags: readonly string[] = []) => startServer([...PATTERN, ...flags], { env: user(KEY) });
const watchWith = (server: Server, key?: string, flags: readonly string[] = []) =>
  startViewer(server.port, ["--frames", "3", ...flags], { env: user(key) });

async function runKey(env: Record<string, string>, ...flags: string[]) {
  const { code, remarks, program } = await runToEnd("key", flags, { env, rawOutput: true });
  return { code, remarks, output: program.bytes.toString() };
}

const HELLO = writeHello({ version: WIRE_VERSION, software: "a test", camera: "", paused: true, canProve: true });

/** Proves `key` on a raw connection, and returns the answer of the server. */
async function prove(peer: RawPeer, key: string, hello = HELLO): Promise<void> {
  peer.send(hello);
  const challenge = await peer.receive(MessageType.challenge);
  if (challenge === undefined) return;
  const { id } = viewerKey(key);
  const input = {
    binding: null,
    serverNonce: readChallenge(challenge.body).nonce,
    viewerNonce: newNonce(),
    keyId: id,
    hello: new Uint8Array(bodyOf(hello)),
  };
  peer.send(writeProof({ keyId: id, nonce: input.viewerNonce, proof: proveAsViewer(viewerKey(key), input) }));
}

describe("serve: a server with a key", () => {
  test("keys: a viewer with the right key watches; a wrong or missing key gives one line and exit code 1", async () => {
    await using server = await startKept();
    await using right = watchWith(server, KEY.toUpperCase().replaceAll("-", ""));
    expect(await right.end()).toBe(0);
    expect(right.last).toMatchObject({ frames: 3, source: "pattern" });
    await using wrong = watchWith(server, OTHER);
    expect(await wrong.end()).toBe(1);
    await using none = watchWith(server);
    expect(await none.end()).toBe(1);
    expect(none.remarks).toContain("key");
    await server.until("the counts", ({ last }) => last?.refusedBy.wrongKeys === 1);
    expect(server.remarks).toContain("refused: the key is not right for this server");
  });

  test("serve: --key-file takes the key from a file that only its owner can read", async () => {
    const file = join(top, "key-file");
    writeFileSync(file, `${KEY}\n`, { mode: 0o600 });
    await using server = await startServer([...PATTERN, "--key-file", file], { env: user() });
    await using viewer = watchWith(server, KEY);
    expect(await viewer.end()).toBe(0);
    chmodSync(file, 0o640);
    const refused = await runToEnd("serve", [...PATTERN, "--port", "0", "--key-file", file], { env: user() });
    expect([refused.code, refused.remarks.trim()]).toEqual([
      2,
      `error: ${file} may be read by other users (mode 640): run 'chmod 600 ${file}'`,
    ]);
  });

  /** The first bytes of `view` at commit 63d037f, the last one before keys and TLS. */
  const OLDER_HELLO = Buffer.from("1b00000001534c4950021000736c697073747265616d20302e312e30000000", "hex");

  test("serve: an older viewer watches a server without keys and TLS", async () => {
    await using server = await startServer(PATTERN);
    using peer = await RawPeer.connect(server.port);
    peer.send(OLDER_HELLO);
    const has = (type: number) => peer.messages.some((message) => message.type === type);
    await until(() => has(MessageType.welcome) && has(MessageType.stream), "the stream");
    await until(() => has(MessageType.tiles) || has(MessageType.picture), "a picture");
  });

  test.each([
    [
      "keys",
      ["--no-tls"],
      GoodbyeReason.needsKey,
      "this server needs a key, and this version of the viewer does not support keys: update the viewer",
    ],
    [
      "keys and TLS",
      ["--tls"],
      GoodbyeReason.needsTls,
      "this server accepts only viewers with TLS: write slips:// in the link, or update the viewer",
    ],
  ])(
    "serve: with %s, an older viewer gets a Goodbye with the reason, and the server logs one line",
    async (_, flags, reason, text) => {
      await using server = await startKept(flags);
      using peer = await RawPeer.connect(server.port);
      expect(await peer.send(OLDER_HELLO).farewell()).toEqual({ reason, text, types: [MessageType.goodbye] });
      await server.until("the line", ({ remarks }) => remarks.includes(`refused: ${text}`));
      expect(server.remarks.split(text).length).toBe(2);
    },
  );

  test("serve: a recorded handshake is not accepted again", async () => {
    await using server = await startKept();
    const recorded: Buffer[] = [];
    const relay = openRelay(server.port, (chunk) => recorded.push(Buffer.from(chunk)));
    using _ = { [Symbol.dispose]: () => relay.stop(true) };
    await using viewer = startViewer(relay.port, ["--frames", "3"], { env: user(KEY) });
    expect(await viewer.end()).toBe(0); // without TLS, a relay that only relays cannot be noticed
    const bytes = Buffer.concat(recorded);
    const key = viewerKey(KEY);
    for (const secret of [
      Buffer.from(KEY),
      Buffer.from(KEY.replaceAll("-", "")),
      key.clientKey,
      key.storedKey,
      key.serverKey,
    ]) {
      expect(bytes.includes(secret)).toBe(false);
    }
    using peer = await RawPeer.connect(server.port);
    const { reason, types } = await peer.send(bytes).farewell();
    expect(reason).toBe(GoodbyeReason.wrongKey);
    expect(types).toEqual([MessageType.challenge, MessageType.goodbye]);
  });

  test("serve: a relay that changes the viewer's Hello is noticed", async () => {
    await using server = await startKept();
    let isFirst = true;
    const relay = openRelay(server.port, (chunk) => {
      if (isFirst) chunk[chunk.length - 1] = (chunk.at(-1) ?? 0) ^ 1; // this flag means "send no pictures before a Wish"
      isFirst = false;
    });
    using _ = { [Symbol.dispose]: () => relay.stop(true) };
    await using viewer = startViewer(relay.port, ["--frames", "3", "--once"], { env: user(KEY) });
    expect(await viewer.end()).toBe(1);
    expect(viewer.last?.frames ?? 0).toBe(0);
  });
});

/** Passes bytes between viewers and a server. `look` sees the bytes of viewers and may change them. */
function openRelay(port: number, look: (chunk: Uint8Array) => void) {
  interface Side {
    other: Promise<{ write(bytes: Uint8Array): number; end(): void }>;
  }
  return Bun.listen<Side>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(viewer) {
        const other = Bun.connect({
          hostname: "127.0.0.1",
          port,
          socket: { data: (_, chunk) => void viewer.write(chunk), close: () => void viewer.end() },
        });
        viewer.data = { other };
      },
      async data(viewer, chunk) {
        const copy = new Uint8Array(chunk);
        look(copy);
        (await viewer.data.other).write(copy);
      },
      async close(viewer) {
        (await viewer.data.other).end();
      },
    },
  });
}

describe("serve: keys beyond loopback", () => {
  const HOST = ["--host", "0.0.0.0", "--no-announce"];

  test("serve: a first key is made, kept, and not printed into a pipe; a viewer without it is refused", async () => {
    const env = user();
    const keys: string[] = [];
    for (let start = 0; start < 2; start++) {
      await using server = await startServer([...PATTERN, ...HOST], { env });
      const key = await firstKeyOf(server, env.XDG_STATE_HOME);
      keys.push(key);
      const own = `slips://${key}@127.0.0.1:${server.port}`;
      await using viewer = new Program("view", [own, "--display", "none", "--json", "--frames", "3"], { env: user() });
      expect(await viewer.end()).toBe(0);
      await using none = watchWith(server);
      expect(await none.end()).toBe(1);
      expect(JSON.stringify(server.reports)).not.toContain(key);
      expect(server.remarks).not.toContain(key);
    }
    expect(keys[0]).toMatch(/^(\w{4}-){4}\w{4}$/);
    expect(keys[1]).toBe(keys[0] as string);
  });

  test("serve: --open asks for no key, and says so at each start", async () => {
    await using server = await startServer([...PATTERN, ...HOST, "--open"], { env: user() });
    expect(server.remarks).toContain(
      `--open: everybody who reaches port ${server.port} can watch, and no key is asked for`,
    );
    await using viewer = watchWith(server);
    expect(await viewer.end()).toBe(0);
  });
});

describe("bun run key", () => {
  const CAMERAS = `[[cameras]]\nname = "door"\nsource = "pattern"\nsize = "160x120"\n[[cameras]]\nname = "yard"\nsource = "pattern"\nsize = "160x120"\n`;

  /** A server with the cameras door and yard. It needs a key. */
  async function startCameras(env: Record<string, string>) {
    const cwd = mkdtempSync(join(top, "cameras-"));
    writeFileSync(join(cwd, "slipstream.toml"), CAMERAS);
    return await startServer(["--allow-controls"], { env: { ...env, SLIPSTREAM_KEY: KEY }, cwd });
  }

  /** Waits until the server can use this number of keys. */
  const taken = (server: Server, keys: number) =>
    server.until("the new key", ({ remarks }) => remarks.includes(`viewers can use ${keys} keys`));

  test("key: with a key for one camera, other cameras count as missing, and --list does not show them", async () => {
    const env = user();
    await using server = await startCameras(env);
    const { key } = JSON.parse((await runKey(env, "add", "ben", "--camera", "door", "--json")).output);
    const view = (path: string, ...flags: string[]) =>
      runToEnd("view", [`127.0.0.1:${server.port}${path}`, "--display", "none", "--frames", "3", ...flags], {
        env: user(key),
        rawOutput: true,
      });
    await server.until("a second camera", ({ last }) => last?.cameras?.length === 2);
    await taken(server, 2);
    expect((await view("/door")).code).toBe(0);
    expect((await view("")).code).toBe(0); // this is the first camera
    const yard = await view("/yard");
    const missing = await view("/lake");
    expect([yard.code, missing.code]).toEqual([1, 1]);
    expect(yard.remarks).toMatch(/there is no camera 'yard'.*door/);
    expect(yard.remarks.replaceAll("yard", "lake")).toBe(missing.remarks);
    const list = (await view("", "--list")).program.bytes.toString();
    expect(list).toContain("door");
    expect(list).not.toContain("yard");
    const all = await runToEnd("view", [`127.0.0.1:${server.port}`, "--list"], { env: user(KEY), rawOutput: true });
    expect(all.program.bytes.toString()).toContain("yard");
  });

  test("key: a key without the right to control cannot set controls", async () => {
    const env = user();
    await using server = await startCameras(env);
    const added = async (...flags: string[]) => JSON.parse((await runKey(env, "add", ...flags, "--json")).output).key;
    const keys = [await added("looker"), await added("setter", "--control")];
    await taken(server, 3);
    const set = async (key: string) => {
      const flags = [`127.0.0.1:${server.port}`, "--set", "brightness=1"];
      return (await runToEnd("view", flags, { env: user(key) })).remarks;
    };
    expect(await set(keys[0])).toContain("the key 'looker' may not set controls, only look");
    expect(await set(keys[1])).toContain("has no controls");
  });

  test("key: a key that is removed disconnects its viewer, and no other", async () => {
    const env = user();
    await using server = await startCameras(env);
    const { key } = JSON.parse((await runKey(env, "add", "ann", "--json")).output);
    await taken(server, 2);
    await using other = startViewer(server.port, [], { env: user(KEY) });
    await using viewer = startViewer(server.port, [], { env: user(key) });
    await Promise.all([viewer, other].map((each) => each.until("frames", ({ last }) => (last?.frames ?? 0) > 5)));
    const removed = await runKey(env, "remove", "ann");
    expect([removed.code, removed.output.trim()]).toEqual([0, "the key 'ann' is removed"]);
    await server.until("its end", ({ remarks }) => remarks.includes("the key was removed or changed on the server"));
    expect(await viewer.end()).toBe(1);
    const before = other.last?.frames ?? 0;
    await other.until("more frames", ({ last }) => (last?.frames ?? 0) > before + 5);
    await using again = watchWith(server, key);
    expect(await again.end()).toBe(1);
  });
});

describe("serve: wrong keys", () => {
  test("serve: after five wrong keys an address is refused for a while, and other addresses are not", async () => {
    await using server = await startKept();
    const reasons: (number | undefined)[] = [];
    for (let attempt = 0; attempt < 7; attempt++) {
      using peer = await RawPeer.connect(server.port, "127.0.0.2");
      await prove(peer, OTHER);
      reasons.push((await peer.farewell()).reason);
    }
    const { wrongKey, full } = GoodbyeReason;
    expect(reasons).toEqual([...Array(5).fill(wrongKey), full, full]);
    await using viewer = watchWith(server, KEY);
    expect(await viewer.end()).toBe(0);
    await server.until("the count", ({ last }) => last?.refusedBy.wrongKeys === 7);
    // The log has one line for the address, and later a sum.
    expect(server.remarks.split("\n").filter((line) => line.includes("127.0.0.2")).length).toBe(1);
  });

  test("serve: an address with a viewer whose key is right is never refused", async () => {
    await using server = await startKept();
    using good = await RawPeer.connect(server.port, "127.0.0.2");
    await prove(good, KEY);
    expect((await good.receive(MessageType.welcome))?.type).toBe(MessageType.welcome);
    for (let attempt = 0; attempt < 8; attempt++) {
      using peer = await RawPeer.connect(server.port, "127.0.0.2");
      await prove(peer, OTHER);
      expect((await peer.farewell()).reason).toBe(GoodbyeReason.wrongKey);
    }
    using another = await RawPeer.connect(server.port, "127.0.0.2");
    await prove(another, KEY);
    expect((await another.receive(MessageType.welcome))?.type).toBe(MessageType.welcome);
  });
});

describe("view: a false server", () => {
  test("view: a server that does not know the key is refused, and gets no information about the key", async () => {
    const heard: Buffer[] = [];
    const { challenge, welcome } = MessageType;
    const message = (type: number, body: Buffer) => {
      const head = Buffer.alloc(5);
      head.writeUInt32LE(body.length + 1, 0);
      head[4] = type;
      return Buffer.concat([head, body]);
    };
    const listener = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open: (socket) => void socket.write(message(challenge, Buffer.concat([Buffer.of(1), Buffer.alloc(32, 7)]))),
        data(socket, chunk) {
          heard.push(Buffer.from(chunk));
          const all = Buffer.concat(heard);
          if (!all.includes(viewerKey(KEY).id)) return; // the server waits for the Proof
          const names = Buffer.from("0500 66616c7365 0700 7061747465726e".replaceAll(" ", ""), "hex");
          const greeting = Buffer.concat([Buffer.from("534c495002", "hex"), names, Buffer.alloc(32, 9)]);
          socket.write(message(welcome, greeting));
        },
      },
    });
    using _ = { [Symbol.dispose]: () => listener.stop(true) };
    await using viewer = startViewer(listener.port, ["--frames", "3", "--once"], { env: user(KEY) });
    expect(await viewer.end()).toBe(1);
    expect(viewer.remarks).toContain("the server does not know the key");
    const { clientKey, storedKey, serverKey } = viewerKey(KEY);
    for (const secret of [clientKey, storedKey, serverKey]) expect(Buffer.concat(heard).includes(secret)).toBe(false);
  });
});
