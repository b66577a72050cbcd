// Hostile requests to the HTTP door of a real server, as bytes, because no client library sends them. The expected answers are
// those of the RFCs. A viewer at the same server goes on.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { WEB_SOCKET_PROTOCOL, WIRE_VERSION } from "../../../../src/protocol/wire.ts";
import { writeHello } from "../../../../src/protocol/greeting.ts";
import { serve } from "../../../../src/server/serve.ts";
import type { Server } from "../../../../src/server/server.ts";
import { upgradeRequest, webSocketFrame } from "../../../support/raw-web-socket.ts";

setDefaultTimeout(30_000);

const PATTERN = { source: "pattern", size: { width: 160, height: 48 }, framesPerSecond: 50 } as const;
const HELLO = writeHello({ version: WIRE_VERSION, software: "a test", camera: "", paused: false });

let server: Server;
beforeAll(async () => {
  const limits = { requestsPerSecond: 1000 };
  server = await serve({ cameras: [PATTERN], port: 0, workers: 1, http: { port: 0 }, access: limits });
});
afterAll(() => server.close());

/** What came back, and whether the server has closed the connection. */
interface Answered {
  text: string;
  isClosed: boolean;
}

/** Sends bytes and returns the answer, when `isDone` is true for it or the connection is closed. */
async function send(
  bytes: string | Uint8Array | readonly Uint8Array[],
  isDone: (text: string) => boolean = (text) => text.includes("\r\n\r\n"),
  to = server,
): Promise<Answered> {
  const chunks = typeof bytes === "string" ? [Buffer.from(bytes)] : bytes instanceof Uint8Array ? [bytes] : bytes;
  const answered: Answered = { text: "", isClosed: false };
  const done = Promise.withResolvers<void>();
  let waiting = Buffer.concat(chunks);
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port: to.http?.port ?? 0,
    socket: {
      data(_, chunk) {
        answered.text += Buffer.from(chunk).toString("latin1");
        if (isDone(answered.text)) done.resolve();
      },
      drain(socket) {
        waiting = waiting.subarray(Math.max(0, socket.write(waiting)));
      },
      close() {
        answered.isClosed = true;
        done.resolve();
      },
      error: () => done.resolve(),
    },
  });
  waiting = waiting.subarray(Math.max(0, socket.write(waiting)));
  await done.promise;
  const result = { ...answered };
  socket.terminate();
  return result;
}

const HOST = "Host: 127.0.0.1\r\n";
const statusOf = ({ text }: Answered) => Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1] ?? 0);
const never = () => false;

/** A request in which `%` is the target, and nothing else is strange. */
const get = (target: string) => `GET ${target} HTTP/1.1\r\n${HOST}\r\n`;

describe("HTTP door: requests that are wrong", () => {
  test.each([
    ["a method that is none", `FOO /healthz HTTP/1.1\r\n${HOST}\r\n`],
    ["a method in lower case", `get /healthz HTTP/1.1\r\n${HOST}\r\n`],
    ["no target", `GET HTTP/1.1\r\n${HOST}\r\n`],
    ["a version of the future", `GET /healthz HTTP/9.9\r\n${HOST}\r\n`],
    ["HTTP/0.9", "GET /healthz\r\n\r\n"],
    ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ["no Host", "GET /healthz HTTP/1.1\r\n\r\n"],
    ["a header without a colon", `GET /healthz HTTP/1.1\r\n${HOST}X\r\n\r\n`],
    ["a folded header", `GET /healthz HTTP/1.1\r\n${HOST}X-A: b\r\n c\r\n\r\n`],
    ["a space before the colon", `GET /healthz HTTP/1.1\r\n${HOST}X-A : b\r\n\r\n`],
    ["a NUL in the target", `GET /health\0z HTTP/1.1\r\n${HOST}\r\n`],
    ["a TLS handshake", Buffer.from(`1603010200010001fc0303${"5a".repeat(512)}`, "hex")],
    ["bytes without meaning", Buffer.alloc(4000, 0xa7)],
    ["a header of 200 kB", `GET /healthz HTTP/1.1\r\n${HOST}X-A: ${"a".repeat(200_000)}\r\n\r\n`],
    ["a header of 20 kB", `GET /healthz HTTP/1.1\r\n${HOST}X-A: ${"a".repeat(20_000)}\r\n\r\n`],
    ["a thousand headers", `GET /healthz HTTP/1.1\r\n${HOST}${"X-A: b\r\n".repeat(1000)}\r\n`],
    ["a target of 200 kB", get(`/${"a".repeat(200_000)}`)],
    [
      "two lengths (request smuggling)",
      `POST /login HTTP/1.1\r\n${HOST}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ["a length that is not a number", `POST /login HTTP/1.1\r\n${HOST}Content-Length: -1\r\n\r\n`],
    ["a body of a gigabyte", `POST /login HTTP/1.1\r\n${HOST}Content-Length: 1000000000\r\n\r\n{`],
    [
      "chunks without end",
      [
        Buffer.from(`POST /login HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`),
        Buffer.from(`ea60\r\n${"a".repeat(60_000)}\r\n`.repeat(10)),
      ],
    ],
  ] as const)("%s: the connection is ended, with an error or without an answer", async (_, bytes) => {
    const answered = await send(bytes, never);
    expect(answered.isClosed).toBe(true);
    expect([0, 400, 413, 414, 431, 501, 505]).toContain(statusOf(answered));
  });

  test.each([
    ["/../../etc/passwd", 404],
    ["/%2e%2e/%2e%2e/etc/passwd", 404],
    ["/..%2f..%2fetc%2fpasswd", 404],
    ["/cameras/..%2f..%2fetc/healthz", 404],
    ["/cameras/%zz/healthz", 404],
    ["/cameras/%ff/healthz", 404],
    ["//127.0.0.1/etc/passwd", 404],
    ["/\\..\\..\\etc\\passwd", 404],
    ["/healthz/../../../etc/passwd", 404],
    [`/${"a/".repeat(4000)}`, 404],
    ["/healthz?".padEnd(8000, "a=b&"), 200],
    ["/__proto__", 404],
    ["/constructor", 404],
  ])("the path %p does not lead out of the door", async (path, status) => {
    const { text } = await send(get(path));
    expect(statusOf({ text, isClosed: false })).toBe(status);
    expect(text).not.toContain("root:");
  });

  test.each(["PUT", "DELETE", "PATCH", "TRACE", "CONNECT"])("the method %s is refused", async (method) => {
    for (const path of ["/healthz", "/metrics", "/login"]) {
      const target = method === "CONNECT" ? "127.0.0.1:22" : path;
      const answered = await send(`${method} ${target} HTTP/1.1\r\n${HOST}\r\n`);
      expect([400, 404, 405, 501]).toContain(statusOf(answered));
    }
  });

  test("a refused method names those that there are", async () => {
    const { text } = await send(`DELETE /healthz HTTP/1.1\r\n${HOST}\r\n`);
    expect(text).toMatch(/^HTTP\/1\.1 405 [\s\S]*\r\nallow: GET, HEAD\r\n/i);
  });

  test("GET changes nothing: login and logout exist for POST only", async () => {
    for (const path of ["/login", "/logout", "/login?key=a-key-of-at-least-20-characters"]) {
      expect(statusOf(await send(get(path)))).toBe(405);
    }
  });

  test.each([
    "bytes=0-0",
    "bytes=0-0,1-1,2-99999999999999999999",
    "bytes=-1",
    "bytes=5-2",
    `bytes=${"0-,".repeat(1300)}0-`,
    "lines=1-2",
  ])("the range %p is ignored: the answer is whole (RFC 9110, 14.2)", async (range) => {
    for (const path of ["/healthz", "/"]) {
      const answered = await send(`GET ${path} HTTP/1.1\r\n${HOST}Range: ${range.slice(0, 4000)}\r\n\r\n`);
      expect(statusOf(answered)).toBe(200);
      expect(answered.text).not.toMatch(/content-range/i);
    }
  });

  test("a second Host or one that is not a name is refused", async () => {
    for (const hosts of [
      "Host: 127.0.0.1\r\nHost: evil.example",
      "Host: 127.0.0.1, evil.example",
      "Host: a b",
      "Host: a@b",
    ]) {
      expect([400, 403]).toContain(statusOf(await send(`GET /healthz HTTP/1.1\r\n${hosts}\r\n\r\n`)));
    }
  });

  test("a name that only points to this machine is refused (DNS rebinding)", async () => {
    for (const host of ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "evil.example:80"]) {
      const answered = await send(`GET /healthz HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      expect(statusOf(answered)).toBe(403);
    }
  });

  test.each(["https://evil.example", "null", "http://127.0.0.1:1", "file://", "http://127.0.0.1.evil.example"])(
    "a page of the origin %p gets no answer, no leave to read it, and no WebSocket",
    async (origin) => {
      const answered = await send(`GET /healthz HTTP/1.1\r\n${HOST}Origin: ${origin}\r\n\r\n`);
      expect(statusOf(answered)).toBe(403);
      expect(answered.text).not.toMatch(/access-control-allow/i);
      const preflight = await send(
        `OPTIONS /metrics HTTP/1.1\r\n${HOST}Origin: ${origin}\r\nAccess-Control-Request-Method: GET\r\n\r\n`,
      );
      expect(preflight.text).not.toMatch(/access-control-allow/i);
      const socket = await send(upgradeRequest("/ws", { protocol: WEB_SOCKET_PROTOCOL, headers: { Origin: origin } }));
      expect(statusOf(socket)).toBe(403);
    },
  );
});

describe("HTTP door: time and numbers", () => {
  test("headers and bodies that do not come to their end are given up", async () => {
    const slow = (opening: string) => send(opening, never);
    const ends = await Promise.all([
      slow(""),
      slow("GET / HT"),
      slow(`GET / HTTP/1.1\r\n${HOST}X-A: `),
      slow(`POST /login HTTP/1.1\r\n${HOST}Content-Length: 100\r\nContent-Type: application/json\r\n\r\n{`),
      slow(get("/readyz")), // a connection that stays idle after its answer
    ]);
    for (const { isClosed } of ends) expect(isClosed).toBe(true);
  });

  test("thousands of requests in one packet cost no more than those that are allowed", async () => {
    const access = { requestsPerSecond: 10 };
    await using limited = await serve({ cameras: [PATTERN], port: 0, workers: 1, http: { port: 0 }, access });
    const flood = Buffer.from(get("/readyz").repeat(60_000));
    const { text, isClosed } = await send(flood, never, limited);
    expect(isClosed).toBe(true);
    const answers = text.split("HTTP/1.1 200 ").length - 1;
    expect(answers).toBeLessThan(1_000);
    expect(limited.report().refusedBy.requests).toBeLessThan(10); // the first refusal ends the connection
  });
});

describe("HTTP door: invalid WebSockets", () => {
  const upgrade = (headers: Record<string, string | null> = {}) =>
    upgradeRequest("/ws", { protocol: WEB_SOCKET_PROTOCOL, headers });
  /** Opens a WebSocket, sends frames, and waits for the end. */
  const talk = (...frames: Uint8Array[]) => send([upgrade(), ...frames], never);
  /** Returns the status code of the Close frame in the answer, which is the last one (RFC 6455, 5.5.1). */
  const closeCode = ({ text }: Answered) => {
    const at = text.lastIndexOf("\x88");
    return at < 0 ? 0 : (text.charCodeAt(at + 2) << 8) | text.charCodeAt(at + 3);
  };

  test.each([
    ["no key", { "Sec-WebSocket-Key": null }, [400, 426]],
    ["no version", { "Sec-WebSocket-Version": null }, [400, 426]],
    ["another version of WebSocket", { "Sec-WebSocket-Version": "99" }, [400, 426]],
    ["no Connection", { Connection: null }, [400, 426]],
    ["no Upgrade", { Upgrade: null }, [426]],
    ["another Upgrade", { Upgrade: "h2c" }, [426]],
    ["no subprotocol", { "Sec-WebSocket-Protocol": null }, [400]],
    ["another version of the protocol", { "Sec-WebSocket-Protocol": "slipstream.99" }, [400]],
  ] as const)("an opening with %s is refused", async (_, headers, statuses) => {
    const answered = await send(upgrade(headers));
    expect(statuses as readonly number[]).toContain(statusOf(answered));
  });

  test.each([
    ["a frame of a megabyte", webSocketFrame("binary", new Uint8Array(1_000_000))],
    ["a frame that announces exabytes", webSocketFrame("binary", new Uint8Array(), { length: 2 ** 52 })],
    [
      "a message of fragments without end",
      Buffer.concat([
        webSocketFrame("binary", HELLO, { isLast: false }),
        ...Array.from({ length: 2000 }, () => webSocketFrame("more", new Uint8Array(100))),
      ]),
    ],
  ])("%s: the connection is ended", async (_, frames) => {
    const answered = await talk(frames);
    expect(answered.isClosed).toBe(true);
    expect([1006, 1009]).toContain(closeCode(answered)); // 1009: too big
  });

  test.each([
    ["a frame without a mask", webSocketFrame("binary", HELLO, { isMasked: false })],
    ["an opcode that is reserved", webSocketFrame(7, new Uint8Array(4))],
    ["a continuation of nothing", webSocketFrame("more", new Uint8Array(4), { isLast: true })],
    ["a ping in fragments", webSocketFrame("ping", new Uint8Array(4), { isLast: false })],
    ["a ping of 126 bytes", webSocketFrame("ping", new Uint8Array(126))],
    ["bytes that are no frame", Buffer.alloc(2000, 0xff)],
  ])("%s: the connection is ended", async (_, frames) => {
    expect((await talk(frames)).isClosed).toBe(true);
  });

  test("text ends the connection with 1003 (unsupported data)", async () => {
    const answered = await talk(webSocketFrame("text", Buffer.from("hello")));
    expect(answered.isClosed).toBe(true);
    expect(closeCode(answered)).toBe(1003);
  });

  test.each([
    ["pings", webSocketFrame("ping", new Uint8Array(125))],
    ["pongs", webSocketFrame("pong", new Uint8Array(125))],
    ["messages without bytes", webSocketFrame("binary", new Uint8Array())],
  ])("a flood of %s is ended and counted, before Hello and after it", async (_, frame) => {
    for (const beginning of [[], [webSocketFrame("binary", HELLO)]]) {
      const before = server.report().refusedBy.messages;
      const answered = await talk(...beginning, ...Array.from({ length: 1000 }, () => frame));
      expect(answered.isClosed).toBe(true);
      expect(server.report().refusedBy.messages).toBe(before + 1);
    }
  });

  test("a few pings are answered", async () => {
    const answered = await send(
      [upgrade(), ...Array.from({ length: 3 }, () => webSocketFrame("ping", Buffer.from("here?")))],
      (text) => text.split("here?").length > 3,
    );
    expect(answered.isClosed).toBe(false);
  });

  test("a WebSocket without Hello is ended like any connection without one", async () => {
    const answered = await talk();
    expect(answered.isClosed).toBe(true);
    expect(answered.text).toContain("it has not begun the protocol within 5 s");
  });
});
