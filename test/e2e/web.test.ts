// The HTTP door of the program `serve`: its address, TLS with a certificate that changes, and a default port that is taken.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { copyFile, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { lineLog } from "../../src/core/log.ts";
import { serve } from "../../src/server/serve.ts";
import { type CertificateFile, issued, selfSigned } from "../support/certificates.ts";
import { startServer, TEST_TIMEOUT_MS } from "../support/programs.ts";
import { openWebSocket } from "../support/web-socket-transport.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const PATTERN = ["--source", "pattern", "--size", "320x240", "--fps", "20"];

let folder = "";
let authority: CertificateFile;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipstream-test-"));
  authority = await selfSigned(folder, "authority");
});
afterAll(() => rm(folder, { recursive: true }));

test("serve: prints the address of the web page, has it in --json, and ends with the door", async () => {
  await using server = await startServer([...PATTERN, "--http", "0"]);
  const { http } = server.reports[0] ?? {};
  expect(http).toEqual({ port: expect.any(Number), tls: false });
  await server.until("the address", ({ remarks }) =>
    remarks.includes(`in a browser: http://127.0.0.1:${http?.port}/\n`),
  );
  const address = `http://127.0.0.1:${http?.port}/nothing`;
  expect((await fetch(address)).status).toBe(404);
  expect(await server.end("SIGTERM")).toBe(0);
  await expect(fetch(address)).rejects.toThrow();
});

/** The serial number of the certificate that a server shows. */
function serialNumberAt(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.end();
    });
    socket.on("error", reject);
  });
}

test("serve: the web page uses the server's certificate, and a new one without an end of open connections", async () => {
  const names = { names: "DNS:localhost,IP:127.0.0.1" };
  const first = await issued(folder, "first", authority, names);
  const second = await issued(folder, "second", authority, names);
  const current = { certificate: join(folder, "current.pem"), key: join(folder, "current-key.pem") };
  const install = async ({ certificate, key }: CertificateFile) => {
    for (const [from, to] of [
      [key, current.key],
      [certificate, current.certificate],
    ] as const) {
      await copyFile(from, `${to}.new`);
      await rename(`${to}.new`, to);
    }
  };
  await install(first);
  const tls = ["--tls-cert", current.certificate, "--tls-key", current.key];
  await using server = await startServer([...PATTERN, ...tls, "--http", "0"]);
  const port = server.reports[0]?.http?.port ?? 0;
  expect(server.reports[0]?.http).toEqual({ port, tls: true });
  const ca = await readFile(authority.certificate, "utf8");
  expect((await fetch(`https://localhost:${port}/nothing`, { tls: { ca } })).status).toBe(404);
  const before = await serialNumberAt(port);
  const ends: string[] = [];
  const ignore = () => undefined;
  const events = { receive: ignore, drained: ignore, closed: (text: string) => void ends.push(text) };
  const { socket } = await openWebSocket(`wss://localhost:${port}/ws`, () => events);
  await install(second);
  // The listener is closed for a moment, and the test's time-out ends this loop.
  while ((await serialNumberAt(port).catch(() => before)) === before) await Bun.sleep(20);
  expect(socket.readyState).toBe(WebSocket.OPEN);
  expect(ends).toEqual([]);
  socket.close();
});

test("serve(): a default port that is taken leaves the server without a web page, and a line in the log says so", async () => {
  const lines: string[] = [];
  const other = tryListen(10080);
  await using server = await serve({
    cameras: [{ source: "pattern" }],
    port: 0,
    workers: 1,
    http: {},
    log: lineLog((line) => lines.push(line)),
  });
  expect(server.http).toBeNull();
  other?.stop(true);
  expect(lines.join("\n")).toContain("the server runs without its web page: cannot listen on 127.0.0.1:10080");
});

/** Listens at a port of this machine, unless another program does. */
function tryListen(port: number): Bun.TCPSocketListener | null {
  try {
    return Bun.listen({ hostname: "127.0.0.1", port, socket: { data: () => undefined } });
  } catch {
    return null;
  }
}
