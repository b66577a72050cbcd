// connectTcp with real sockets: localhost by IPv4 and IPv6, and an abort while a port does not answer.

import { expect, setDefaultTimeout, test } from "bun:test";
import { connectTcp } from "../../src/connect/tcp.ts";
import { findServer, OWN_ADDRESS } from "../../src/connect/discover.ts";
import { ConnectionError } from "../../src/core/errors.ts";
import { openBlackHole } from "../support/black-hole.ts";
import { TEST_TIMEOUT_MS } from "../support/programs.ts";
import { until } from "../support/wait-until.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const ignore = () => undefined;
const EVENTS = { onWelcome: ignore, onStream: ignore, onPicture: ignore, onTiles: ignore, onNotice: ignore };

test.each(["127.0.0.1", "::1"])("connectTcp: localhost reaches a server that listens on %s only", async (hostname) => {
  let greetings = 0;
  const socket = { data: () => void greetings++ };
  const listener = Bun.listen({ hostname, port: 0, socket });
  const connection = await connectTcp({ host: "localhost", port: listener.port, camera: "" }, EVENTS);
  while (greetings === 0) await Bun.sleep(1);
  connection.close();
  listener.stop(true);
});

test("connectTcp: when localhost refuses by IPv4 and IPv6, the error is one and names localhost", async () => {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: ignore } });
  const { port } = listener;
  listener.stop(true);
  const failure = await connectTcp({ host: "localhost", port, camera: "" }, EVENTS).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ConnectionError);
  expect((failure as Error).message).toBe(`no program listens on localhost:${port}: start 'bun run serve' there`);
});

test("connectTcp: an abort ends the wait for a port that does not answer", async () => {
  using hole = await openBlackHole();
  const stopping = new AbortController();
  const address = { host: "127.0.0.1", port: hole.port, camera: "" };
  const connecting = connectTcp(address, EVENTS, { signal: stopping.signal }).catch((error: unknown) => error);
  expect(await Promise.race([connecting, Bun.sleep(200).then(() => "waiting")])).toBe("waiting");
  stopping.abort();
  const failure = await connecting;
  expect(failure).toBeInstanceOf(ConnectionError);
  expect((failure as Error).message).toContain("the viewer was closed"); // the error is not "no answer", which comes after 5 s
});

test("connectTcp: an abort ends a TLS handshake to which the server does not answer, and the socket", async () => {
  const events: string[] = [];
  const socket = { data: () => void events.push("bytes"), close: () => void events.push("closed") };
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket });
  const stopping = new AbortController();
  const address = { host: "127.0.0.1", port: listener.port, camera: "" };
  const options = { signal: stopping.signal, scheme: "slips" } as const;
  const connecting = connectTcp(address, EVENTS, options).catch((error: unknown) => error);
  await until(() => events.includes("bytes"), "the first bytes of the handshake");
  stopping.abort();
  expect(await connecting).toBeInstanceOf(ConnectionError);
  await until(() => events.includes("closed"), "the end of the socket");
  listener.stop(true);
});

test("findServer: an abort ends the search, and its result is not reported", async () => {
  const said: string[] = [];
  const { address } = await findServer({ say: (text) => said.push(text), ask: null, wait: false }, AbortSignal.abort());
  expect([address, said]).toEqual([OWN_ADDRESS, []]);
});
