// The worked proof in docs/protocol.md: each value of one handshake with a key, for people who write another viewer or server.

import { HEADER_BYTES, WIRE_VERSION } from "../../src/protocol/wire.ts";
import { writeHello } from "../../src/protocol/greeting.ts";
import { normalizeKey, type ProofInput, proveAsServer, proveAsViewer, viewerKey } from "../../src/protocol/proof.ts";

const WRITTEN = "K7QF-2mzd-9x4w-hcv3-tb8n";

/** 32 bytes: 0, 1, 2 … */
const bytesFrom = (first: number) => Uint8Array.from({ length: 32 }, (_, index) => first + index);

const key = viewerKey(WRITTEN);
const hello = writeHello({
  version: WIRE_VERSION,
  software: "my viewer",
  camera: "door",
  paused: false,
  canProve: true,
});

export const PROOF_INPUT: ProofInput = {
  binding: null,
  serverNonce: bytesFrom(0x00),
  viewerNonce: bytesFrom(0x20),
  keyId: key.id,
  hello: hello.slice(HEADER_BYTES),
};

const withTls = { ...PROOF_INPUT, binding: bytesFrom(0x40) };

const VALUES: readonly (readonly [name: string, value: string | Uint8Array])[] = [
  ["key, as it is written", WRITTEN],
  ["key, as it is used", normalizeKey(WRITTEN)],
  ["key id", key.id],
  ["client key", key.clientKey],
  ["stored key", key.storedKey],
  ["server key", key.serverKey],
  ["body of Hello", PROOF_INPUT.hello],
  ["nonce of Challenge", PROOF_INPUT.serverNonce],
  ["nonce of Proof", PROOF_INPUT.viewerNonce],
  ["viewer's proof", proveAsViewer(key, PROOF_INPUT)],
  ["server's proof", proveAsServer(key, PROOF_INPUT)],
  ["exporter of a TLS session", withTls.binding],
  ["viewer's proof with TLS", proveAsViewer(key, withTls)],
  ["server's proof with TLS", proveAsServer(key, withTls)],
];

/** The values in a block of code, one in a line. */
export function proofAsMarkdown(): string {
  const longest = Math.max(...VALUES.map(([name]) => name.length));
  const lines = VALUES.map(([name, value]) => {
    const text = typeof value === "string" ? value : Buffer.from(value).toString("hex");
    return `${name.padEnd(longest)}  ${text}`;
  });
  return ["```text", ...lines, "```"].join("\n");
}
