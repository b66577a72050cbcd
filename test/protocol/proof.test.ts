// protocol/proof.ts: proofs equal those of Python's hmac and hashlib, and any change of their inputs makes them wrong.

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import fc from "fast-check";
import { UsageError } from "../../src/core/errors.ts";
import {
  claimedStoredKey,
  isServerProof,
  newNonce,
  normalizeKey,
  type ProofInput,
  proveAsServer,
  proveAsViewer,
  viewerKey,
} from "../../src/protocol/proof.ts";
import { PROOF_INPUT } from "../../scripts/protocol-doc/proof.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const inputs = fc.record({
  binding: fc.option(bytes(32)),
  serverNonce: bytes(32),
  viewerNonce: bytes(32),
  hello: fc.uint8Array({ maxLength: 250 }),
});
const keys = fc.string({
  unit: fc.constantFrom(..."0123456789abcdefghjkmnpqrstvwxyzäß漢"),
  minLength: 20,
  maxLength: 40,
});

/** A key, and the inputs of its proofs. */
const cases = fc.tuple(keys, inputs).map(([text, input]) => {
  const key = viewerKey(text);
  return { text, key, input: { ...input, keyId: key.id } };
});

const isRight = (key: ReturnType<typeof viewerKey>, input: ProofInput, proof: Uint8Array) =>
  hex(claimedStoredKey(key, input, proof)) === hex(key.storedKey);

describe("proofs: right and wrong ones", () => {
  test("proofs equal those that Python's hmac and hashlib make by the text of wire.ts", () => {
    const key = viewerKey("K7QF-2mzd-9x4w-hcv3-tb8n");
    const worked = { text: "K7QF-2mzd-9x4w-hcv3-tb8n", key, input: PROOF_INPUT }; // of docs/protocol.md
    const samples = [worked, ...fc.sample(cases, 200)];
    const questions = samples.map(({ text, input: { binding, serverNonce, viewerNonce, hello } }) => ({
      key: normalizeKey(text),
      binding: binding === null ? null : hex(binding),
      serverNonce: hex(serverNonce),
      viewerNonce: hex(viewerNonce),
      hello: hex(hello),
    }));
    const stdin = Buffer.from(questions.map((question) => JSON.stringify(question)).join("\n"));
    const python = Bun.spawnSync(["python3", join(import.meta.dir, "proof-oracle.py")], { stdin });
    expect(python.stderr.toString()).toBe("");
    const answers = python.stdout.toString().trim().split("\n");
    expect(answers.length).toBe(samples.length);
    for (const [index, { key, input }] of samples.entries()) {
      expect(JSON.parse(answers[index] as string)).toEqual({
        id: hex(key.id),
        storedKey: hex(key.storedKey),
        serverKey: hex(key.serverKey),
        viewerProof: hex(proveAsViewer(key, input)),
        serverProof: hex(proveAsServer(key, input)),
      });
    }
  });

  test("proofs of the right key are accepted by a server that knows only the stored key", () => {
    fc.assert(
      fc.property(cases, ({ key, input }) => {
        expect(isRight(key, input, proveAsViewer(key, input))).toBe(true);
        expect(isServerProof(key, input, proveAsServer(key, input))).toBe(true);
      }),
    );
  });

  test("proofs are wrong for another key, nonce, TLS session, Hello or side, and for one changed bit", () => {
    fc.assert(
      fc.property(cases, keys, fc.nat(255), ({ key, input }, otherText, bit) => {
        const other = viewerKey(otherText);
        fc.pre(hex(other.id) !== hex(key.id));
        const proof = proveAsViewer(key, input);
        const serverProof = proveAsServer(key, input);
        const flip = (of: Uint8Array) => of.map((byte, index) => (index === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
        const changed: ProofInput[] = [
          { ...input, serverNonce: flip(input.serverNonce) },
          { ...input, viewerNonce: flip(input.viewerNonce) },
          { ...input, binding: input.binding === null ? new Uint8Array(32) : null },
          { ...input, binding: flip(input.binding ?? new Uint8Array(32)) },
          { ...input, hello: Uint8Array.of(...input.hello, 0) },
        ];
        for (const each of changed) {
          expect(isRight(key, each, proof)).toBe(false);
          expect(isServerProof(key, each, serverProof)).toBe(false);
        }
        expect(isRight(key, input, flip(proof))).toBe(false);
        expect(isServerProof(key, input, flip(serverProof))).toBe(false);
        expect(isRight(other, input, proof)).toBe(false);
        expect(isServerProof(other, input, serverProof)).toBe(false);
        expect(isRight(key, input, serverProof)).toBe(false);
        expect(isServerProof(key, input, proof)).toBe(false);
      }),
    );
  });

  test.each([0, 31, 33])("a server's proof of %d bytes is wrong", (length) => {
    const key = viewerKey("k7qf-2mzd-9x4w-hcv3-tb8n");
    const input = { binding: null, serverNonce: newNonce(), viewerNonce: newNonce(), keyId: key.id, hello: newNonce() };
    const right = proveAsServer(key, input);
    expect(isServerProof(key, input, Uint8Array.of(...right, 0).subarray(0, length))).toBe(false);
  });
});

describe("normalizeKey: forms of a key", () => {
  const KEY = "k7qf2mzd9x4whcv3tb8n";

  test.each([
    "k7qf-2mzd-9x4w-hcv3-tb8n",
    "K7QF-2MZD-9X4W-HCV3-TB8N",
    " k7qf 2mzd\t9x4w\nhcv3 tb8n\r\n",
    "k7qf–2mzd—9x4w‐hcv3−tb8n".replace("−", "‑"),
    "\ufeffk7qf2mzd9x4whcv3tb8n",
    "ｋ7qf2mzd9x4whcv3tb8n",
  ])("normalizeKey: %j is the same key", (text) => {
    expect(normalizeKey(text)).toBe(KEY);
  });

  test("normalizeKey: letters that look like digits count as digits", () => {
    expect(normalizeKey("oOiIlL-0123-4567-89ab-cdef")).toBe("0011110123456789abcdef");
  });

  test.each(["", "k7qf", "k7qf-2mzd-9x4w-hcv3-tb8", "-".repeat(40), "my secret password"])(
    "normalizeKey: %j is too short, and the error does not quote it",
    (text) => {
      let thrown: unknown;
      try {
        viewerKey(text);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBeInstanceOf(UsageError);
      if (text !== "") expect(String(thrown)).not.toContain(text);
      expect(String(thrown)).toContain("at least 20 characters");
    },
  );
});
