// The beginning of a viewer's connection on the server. The viewer sends Hello. If a key is needed, the server sends Challenge
// and the viewer answers with Proof. The result is the role of the viewer, which says what it may do.

import { ProtocolError } from "../../core/errors.ts";
import { type Hello, readHello } from "../../protocol/greeting.ts";
import { PROOF_SCHEME, type Proof, readProof, writeChallenge } from "../../protocol/handshake.ts";
import { newNonce, type ProofInput } from "../../protocol/proof.ts";
import { GoodbyeReason, MessageType } from "../../protocol/wire.ts";
import type { Authenticated } from "../access/key-ring.ts";
import { EVERYBODY, type Role } from "../access/role.ts";
import type { Refusal } from "../access/refusal.ts";

/** The messages that a viewer without a key may send directly after its Hello, before it has read the Challenge. */
const EARLY_MESSAGES: ReadonlySet<number> = new Set([
  MessageType.wish,
  MessageType.controlsAsked,
  MessageType.setControl,
]);
const MAX_EARLY_MESSAGES = 16;

/** A viewer that has passed the handshake, with its Hello and its role. */
export interface Greeted extends Authenticated {
  hello: Hello;
}

export interface HandshakeOptions {
  needsKey: boolean;
  /** The role of a viewer whose key the door has checked, or null. */
  role: Role | null;
  /** Returns the binding of the connection's TLS session, or null without TLS. */
  binding: () => Uint8Array | null;
  authenticate: (proof: Proof, input: ProofInput) => Authenticated | Refusal;
  send: (message: Uint8Array) => void;
}

export class Handshake {
  readonly #options: HandshakeOptions;
  /** The data of the sent Challenge, which Proof must match. Null before the Challenge. */
  #asked: { hello: Hello; helloBody: Uint8Array; nonce: Uint8Array } | null = null;
  #earlyMessages = 0;

  constructor(options: HandshakeOptions) {
    this.#options = options;
  }

  /** Handles the Hello. Returns null after a Challenge was sent. */
  takeHello(body: Uint8Array): Greeted | Refusal | null {
    const hello = readHello(body);
    const { needsKey, role, send } = this.#options;
    if (role !== null) return { hello, role };
    if (!needsKey) return { hello, role: EVERYBODY };
    if (!hello.canProve) {
      const text = "this server needs a key, and this version of the viewer does not support keys: update the viewer";
      return { reason: GoodbyeReason.needsKey, text };
    }
    this.#asked = { hello, helloBody: new Uint8Array(body), nonce: newNonce() };
    send(writeChallenge({ scheme: PROOF_SCHEME, nonce: this.#asked.nonce }));
    return null;
  }

  /** Handles a message between Hello and Welcome. Returns null for a message that changes nothing, and false for a wrong one. */
  takeOther(type: number, body: Uint8Array): Greeted | Refusal | null | false {
    if (this.#asked === null) return false;
    if (EARLY_MESSAGES.has(type)) {
      if (++this.#earlyMessages > MAX_EARLY_MESSAGES) throw new ProtocolError("too many messages before Proof");
      return null;
    }
    if (type !== MessageType.proof) return false;
    const { hello, helloBody, nonce: serverNonce } = this.#asked;
    this.#asked = null; // Each Challenge has one Proof.
    const proof = readProof(body);
    const { nonce: viewerNonce, keyId } = proof;
    const input = { binding: this.#options.binding(), serverNonce, viewerNonce, keyId, hello: helloBody };
    const answer = this.#options.authenticate(proof, input);
    return "reason" in answer ? answer : { ...answer, hello };
  }
}
