// A viewer's proof that it knows the key of a server, and its check that the server knows the key, too.

import type { Welcome } from "../protocol/greeting.ts";
import { PROOF_SCHEME, readChallenge, writeProof } from "../protocol/handshake.ts";
import { isServerProof, newNonce, type ProofInput, proveAsViewer, type ViewerKey } from "../protocol/proof.ts";
import { GoodbyeReason } from "../protocol/wire.ts";

/** The proofs of one connection. */
export class KeyProof {
  readonly #key: ViewerKey | null;
  readonly #hello: Uint8Array;
  /** The data of the connection that the proofs include. Null before a proof was made. */
  #input: ProofInput | null = null;

  /** `hello` is the body of the viewer's Hello, which the proofs include. */
  constructor(key: ViewerKey | null, hello: Uint8Array) {
    this.#key = key;
    this.#hello = hello;
  }

  /** Whether `answer` has returned a proof. */
  get isSent(): boolean {
    return this.#input !== null;
  }

  /**
   * Returns the message Proof for the body of a Challenge, or the reason why the viewer cannot prove anything. `binding` ties the
   * proof to the session of TLS.
   */
  answer(challengeBody: Uint8Array, binding: Uint8Array | null): Uint8Array | { reason: GoodbyeReason; text: string } {
    const challenge = readChallenge(challengeBody);
    if (challenge.scheme !== PROOF_SCHEME) {
      const text = "the server asks for a proof that this viewer does not know: update the viewer";
      return { reason: GoodbyeReason.other, text };
    }
    if (this.#key === null) return { reason: GoodbyeReason.needsKey, text: "the server needs a key" };
    const nonce = newNonce();
    const keyId = this.#key.id;
    this.#input = { binding, serverNonce: challenge.nonce, viewerNonce: nonce, keyId, hello: this.#hello };
    return writeProof({ keyId, nonce, proof: proveAsViewer(this.#key, this.#input) });
  }

  /** Whether a Welcome proves that the server knows the key. */
  isAnsweredBy({ serverProof = new Uint8Array() }: Welcome): boolean {
    return this.#key !== null && this.#input !== null && isServerProof(this.#key, this.#input, serverProof);
  }
}
