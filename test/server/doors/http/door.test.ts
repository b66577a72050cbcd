// The HTTP door of a real server: its checks, its login, and viewers over WebSockets.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Connection } from "../../../../src/connect/connection.ts";
import type { ConnectionEvents } from "../../../../src/connect/connection-events.ts";
import { GoodbyeReason } from "../../../../src/protocol/wire.ts";
import { addKey, removeKey } from "../../../../src/server/access/key-store.ts";
import { serve } from "../../../../src/server/serve.ts";
import type { Server } from "../../../../src/server/server.ts";
import type { ServeOptions } from "../../../../src/server/settings/options.ts";
import { MultipartClient } from "../../../support/multipart-client.ts";
import { openWebSocket } from "../../../support/web-socket-transport.ts";
import { until } from "../../../support/wait-until.ts";

const KEY = "a-key-of-at-least-20-characters";
const LOOKING_KEY = "another-key-of-20-characters-or-more";
const ADDRESS = { host: "127.0.0.1", port: 1, camera: "" };
const PATTERN = { source: "pattern", size: { width: 160, height: 48 }, framesPerSecond: 50 } as const;

let folder = "";
let open: Server;
let locked: Server;

const start = (options: ServeOptions) =>
  serve({
    cameras: [
      { ...PATTERN, name: "door" },
      { ...PATTERN, name: "yard" },
    ],
    port: 0,
    workers: 1,
    ...options,
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipstream-test-"));
  open = await start({ http: { port: 0, names: ["cams.example.org"], allowedOrigins: ["https://example.org"] } });
  const keys = [
    { key: KEY, name: "ann", may: ["view", "control"] as const },
    { key: LOOKING_KEY, name: "ben", may: ["view"] as const, cameras: ["yard"] },
  ];
  locked = await start({ http: { port: 0, trustedProxies: ["127.0.0.1"] }, keys, keyStore: null });
});

afterAll(async () => {
  await open.close();
  await locked.close();
  await rm(folder, { recursive: true });
});

const at = (server: Server, path: string, scheme = "http") => `${scheme}://127.0.0.1:${server.http?.port}${path}`;

const get = (server: Server, path: string, headers: Record<string, string> = {}, method = "GET") =>
  fetch(at(server, path), { method, headers, redirect: "manual" });

/** The pictures that a viewer over a WebSocket gets, and the cameras that it may see. */
async function watch(server: Server, headers: Record<string, string> = {}, camera = "") {
  const seen = { frames: [] as number[], cameras: [] as string[], name: "" };
  const events: ConnectionEvents = {
    onWelcome: ({ sourceName }) => {
      seen.name = sourceName;
    },
    onCameras: (cameras) => {
      seen.cameras = cameras.map(({ name }) => name);
    },
    onStream: () => undefined,
    onPicture: () => undefined,
    onNotice: () => undefined,
    onTiles: ({ frameNumber, isLast }) => {
      if (!isLast) return;
      seen.frames.push(frameNumber);
      connection.receiver.acknowledge({
        frameNumber,
        outcome: "shown",
        transferMicros: 1,
        workMicros: 1,
        paceMicros: 1,
      });
    },
  };
  const connection = await openWebSocket(
    at(server, "/ws", "ws"),
    (transport) => new Connection(transport, { ...ADDRESS, camera }, events),
    headers,
  );
  return { ...connection, seen };
}

describe("HTTP door: checks", () => {
  test.each([
    ["an unknown host name", { host: "evil.example" }, 403, "'evil.example' is not a name of this server"],
    ["a Host header that is no name", { host: "a b" }, 403, "the Host header is not a host name"],
    ["a page of another site", { origin: "http://evil.example" }, 403, "pages of http://evil.example may not"],
    ["a page without an origin", { origin: "null" }, 403, "pages of null may not"],
    ["a page of the same name over another scheme", { origin: "https://localhost" }, 403, "may not use this server"],
  ])("HTTP door: refuses %s", async (_, headers, status, text) => {
    const answer = await get(open, "/nothing", headers);
    expect(answer.status).toBe(status);
    expect(await answer.text()).toContain(text);
  });

  test.each([
    [{}],
    [{ host: "localhost:1" }],
    [{ host: "[::1]:10080" }],
    [{ host: "192.0.2.7" }],
    [{ host: "door.localhost" }],
    [{ host: "CAMS.example.org." }],
    [{ host: "localhost", origin: "http://localhost" }],
    [{ origin: "https://example.org" }],
  ])("HTTP door: lets a request with %j pass to the routes", async (headers) => {
    const answer = await get(open, "/nothing", headers);
    expect(answer.status).toBe(404);
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    const isAllowed = "origin" in headers && headers.origin === "https://example.org";
    expect(answer.headers.get("access-control-allow-origin")).toBe(isAllowed ? "https://example.org" : null);
  });

  test("HTTP door: a question before a request from an allowed page gets an answer, and from others no permission", async () => {
    const asked = { "access-control-request-method": "GET" };
    const allowed = await get(open, "/nothing", { ...asked, origin: "https://example.org" }, "OPTIONS");
    expect([allowed.status, allowed.headers.get("access-control-allow-origin")]).toEqual([204, "https://example.org"]);
    const other = await get(open, "/nothing", asked, "OPTIONS");
    expect([other.status, other.headers.get("access-control-allow-origin")]).toEqual([204, null]);
  });

  test("HTTP door: wrong methods and paths get an answer of one line", async () => {
    const wrong = await get(open, "/ws", {}, "POST");
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "GET"]);
    expect((await get(open, "/login")).status).toBe(405);
    expect((await get(open, "/cameras/door/login", {}, "POST")).status).toBe(404);
    expect((await get(open, "/ws")).status).toBe(426);
    expect(await (await get(open, "/nothing")).text()).toBe("there is no such page: / shows the cameras\n");
  });
});

describe("HTTP door: keys", () => {
  const basic = (key: string) => ({ authorization: `Basic ${btoa(`anybody:${key}`)}` });
  const login = (key: string, headers: Record<string, string> = {}) =>
    fetch(at(locked, "/login"), {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify({ key }),
    });

  test("HTTP door: without a key the answer is 401 and names the schemes, and a right key in the header passes", async () => {
    const none = await get(locked, "/ws");
    expect([none.status, none.headers.get("www-authenticate")?.slice(0, 6)]).toEqual([401, "Basic "]);
    // Scripts of the page have a form of their own, so the browser must not ask.
    const script = await get(locked, "/ws", { "sec-fetch-mode": "cors" });
    expect([script.status, script.headers.get("www-authenticate")]).toEqual([401, null]);
    expect((await get(locked, "/ws", basic(KEY))).status).toBe(426);
    expect((await get(locked, "/ws", { authorization: `Bearer ${KEY}` })).status).toBe(426);
    expect((await get(locked, "/ws", { authorization: "Digest x" })).status).toBe(400);
  });

  test("HTTP door: a login gives a cookie for its key's rights, a logout ends it, and no other page can log in", async () => {
    expect((await login(KEY, { origin: "http://evil.example" })).status).toBe(403);
    const answer = await login(LOOKING_KEY);
    const cookie = answer.headers.get("set-cookie") ?? "";
    expect(answer.status).toBe(204);
    expect(cookie).toMatch(/^slipstream-[\da-f]{8}=[\w-]{32}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/);
    const session = { cookie: cookie.split(";")[0] ?? "" };
    const { seen, socket } = await watch(locked, session, "yard");
    await until(() => seen.frames.length > 2, "pictures");
    expect([seen.name, seen.cameras]).toEqual(["yard", ["yard"]]);
    socket.close();
    const { receiver } = await watch(locked, session, "door");
    expect((await receiver.ended).goodbye?.text).toContain("door");
    expect((await fetch(at(locked, "/logout"), { method: "POST", headers: session })).status).toBe(204);
    expect((await get(locked, "/ws", session)).status).toBe(401);
  });

  test("HTTP door: a logout ends the WebSocket and the stream of its login, and those of other logins stay", async () => {
    const sessionOf = async () => ({ cookie: (await login(KEY)).headers.get("set-cookie")?.split(";")[0] ?? "" });
    const [own, other] = [await sessionOf(), await sessionOf()];
    const port = locked.http?.port ?? 0;
    const watching = await watch(locked, own);
    const ownStream = await MultipartClient.open(port, "/stream", own);
    const stays = await watch(locked, other);
    const otherStream = await MultipartClient.open(port, "/stream", other);
    await until(() => locked.report().viewers === 4, "four viewers");
    expect((await fetch(at(locked, "/logout"), { method: "POST", headers: own })).status).toBe(204);
    const { goodbye } = await watching.receiver.ended;
    expect(goodbye).toEqual({ reason: GoodbyeReason.wrongKey, text: "the browser has logged out" });
    await until(() => ownStream.isClosed, "the end of the stream");
    const [parts, frames] = [otherStream.parts.length, stays.seen.frames.length];
    await until(() => otherStream.parts.length > parts + 2 && stays.seen.frames.length > frames + 2, "more pictures");
    stays.socket.close();
    otherStream.close();
  });

  test("HTTP door: X-Forwarded-Host does not replace a wrong Host, and a wrong one is refused", async () => {
    const forwarded = (host: string, name: string) => get(locked, "/nothing", { host, "x-forwarded-host": name });
    expect((await forwarded("localhost", "localhost")).status).toBe(404);
    expect((await forwarded("evil.example", "localhost")).status).toBe(403);
    expect((await forwarded("localhost", "evil.example")).status).toBe(403);
  });

  test("HTTP door: a removed key ends its stream, its WebSocket and its session at once, and others stay", async () => {
    const keyStore = join(folder, "keys");
    const removed = addKey(keyStore, { name: "ann", may: ["view"], cameras: null });
    const kept = addKey(keyStore, { name: "ben", may: ["view"], cameras: null });
    const access = { host: "0.0.0.0", tls: false, announce: false };
    await using server = await start({ ...access, http: { port: 0 }, keyStore });
    const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
    const body = new URLSearchParams({ key: removed });
    const cookie = (await fetch(at(server, "/login"), { method: "POST", body })).headers.get("set-cookie") ?? "";
    const session = { cookie: cookie.split(";")[0] ?? "" };
    expect((await get(server, "/metrics", session)).status).toBe(200);
    const stream = get(server, "/stream", session).then((answer) => answer.arrayBuffer());
    const viewer = await watch(server, session);
    const other = await watch(server, bearer(kept));
    await until(() => server.report().viewers === 3, "three viewers");
    removeKey(keyStore, "ann");
    expect((await viewer.receiver.ended).goodbye?.text).toBe("the key was removed or changed on the server");
    expect((await stream).byteLength).toBeGreaterThan(0);
    expect((await get(server, "/metrics", session)).status).toBe(401);
    expect((await get(server, "/metrics", bearer(removed))).status).toBe(401);
    const before = other.seen.frames.length;
    await until(() => other.seen.frames.length > before + 2, "more pictures");
    other.socket.close();
  });

  test("HTTP door: logins at two servers of a host do not end each other", async () => {
    await using other = await start({
      http: { port: 0 },
      keys: [{ key: KEY, name: "ann", may: ["view"] }],
      keyStore: null,
    });
    const cookies = new Map<string, string>(); // as a browser keeps them, which does not tell ports apart
    for (const server of [locked, other]) {
      const answer = await fetch(at(server, "/login"), { method: "POST", body: new URLSearchParams({ key: KEY }) });
      const [name = "", value = ""] = (answer.headers.get("set-cookie") ?? "").split(/[=;]/);
      cookies.set(name, value);
    }
    const cookie = [...cookies].map((pair) => pair.join("=")).join("; ");
    for (const server of [locked, other]) expect((await get(server, "/metrics", { cookie })).status).toBe(200);
  });

  test("HTTP door: behind a trusted proxy with TLS the cookie is a secure one, and the proxy's client has the pauses", async () => {
    const proxied = (ip: string) => ({ "x-forwarded-for": `203.0.113.9, ${ip}`, "x-forwarded-proto": "https" });
    expect((await login(KEY, proxied("192.0.2.1"))).headers.get("set-cookie")).toMatch(
      /^__Host-slipstream-[\da-f]{8}=.*; Secure$/,
    );
    const wrong = "a-wrong-key-of-twenty-characters";
    const answers = [];
    for (let tries = 0; tries < 6; tries++) answers.push(await login(wrong, proxied("192.0.2.2")));
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401, 429]);
    expect(Number(answers.at(-1)?.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await login(KEY, proxied("192.0.2.3"))).status).toBe(204);
  });
});

describe("HTTP door: WebSockets", () => {
  test("HTTP door: a viewer over a WebSocket gets pictures, cameras and the end of the server", async () => {
    await using server = await start({ http: { port: 0 } });
    const { seen, receiver } = await watch(server, {}, "yard");
    await until(() => seen.frames.length >= 5, "5 pictures");
    expect(seen.frames).toEqual(seen.frames.toSorted((a, b) => a - b));
    expect([seen.name, seen.cameras]).toEqual(["yard", ["door", "yard"]]);
    expect(server.report().viewers).toBe(1);
    await server.close();
    expect((await receiver.ended).text).toContain("the server is shutting down");
  });

  test("HTTP door: a text message ends a viewer with the reason, and other viewers stay", async () => {
    const good = await watch(open);
    const bad = await watch(open);
    bad.socket.send("hello");
    expect((await bad.receiver.ended).text).toBe("this server takes binary messages only");
    const before = good.seen.frames.length;
    await until(() => good.seen.frames.length > before + 2, "more pictures");
    good.socket.close();
  });

  test("HTTP door: a WebSocket of another version or site is refused", async () => {
    const upgrade = {
      connection: "upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": btoa("x".repeat(16)),
    };
    const other = await get(open, "/ws", { ...upgrade, "sec-websocket-protocol": "slipstream.1" });
    expect([other.status, await other.text()]).toEqual([
      400,
      "the WebSocket must offer the subprotocol slipstream.2\n",
    ]);
    const foreign = await get(open, "/ws", { ...upgrade, origin: "http://evil.example" });
    expect(foreign.status).toBe(403);
  });
});

test("HTTP door: a chosen port that is taken is an error", async () => {
  const port = open.http?.port ?? 0;
  await expect(start({ http: { port } })).rejects.toThrow(/the port is in use.*--no-http/);
});
