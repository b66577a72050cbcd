// First bytes of other protocols, and the text that people get for them.

import { expect, test } from "bun:test";
import { otherProtocol } from "../../src/protocol/other-protocols.ts";
import { Peer, type PeerEnd } from "../../src/protocol/peer.ts";

const bytes = (text: string) => Buffer.from(text, "latin1");

test.each([
  ["GET / HTTP/1.1\r\n", "HTTP"],
  ["OPTIONS * HTTP/1.1\r\n", "HTTP"],
  ["HTTP/1.1 400 Bad Request\r\n", "HTTP"],
  ["SSH-2.0-OpenSSH_9.2\r\n", "SSH"],
  ["\x16\x03\x01\x02\x00", "TLS"],
  ["\x16", null],
  ["GETTER", null],
  ["", null],
  ["\x20\x00\x00\x00\x01SLIP", null],
] as const)("otherProtocol: %j is %p", (text, expected) => {
  expect(otherProtocol(bytes(text))).toBe(expected);
});

test.each([
  [
    "server",
    "GET / HTTP/1.1\r\n\r\n",
    "it does not speak Slipstream's protocol: it speaks HTTP, and the web page has a port of its own (serve --http)",
  ],
  [
    "viewer",
    "HTTP/1.1 400 Bad Request\r\n\r\n",
    "the program that listens there is not a Slipstream server: it speaks HTTP: open its address in a browser",
  ],
  ["server", "\x16\x03\x01\x02\x00\x01\x00", "it begins TLS, and this server uses none"],
] as const)("Peer: a %s that gets %j names the protocol", (role, text, expected) => {
  const ends: PeerEnd[] = [];
  const transport = {
    write: (chunk: Uint8Array) => chunk.length,
    bufferedBytes: 0,
    end: () => undefined,
    abort: () => undefined,
  };
  const peer = new Peer(transport, role, {
    onGreeting: () => undefined,
    onMessage: () => true,
    onGone: (end) => ends.push(end),
  });
  peer.receive(bytes(text));
  expect(ends).toHaveLength(1);
  expect(ends[0]).toMatchObject({ how: "left", text: expect.stringContaining(expected) });
  peer.closed("the test is over");
});
