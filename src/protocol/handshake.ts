// The messages by which a viewer proves a key before Welcome: Challenge and Proof. wire.ts has their layouts.

import { BodyReader, MessageWriter } from "./bytes.ts";
import { KEY_ID_BYTES, MessageType, PROOF_BYTES } from "./wire.ts";

/** The number of the method of proof in proof.ts. */
export const PROOF_SCHEME = 1;

export interface Challenge {
  /** The method by which the viewer must prove its key. Viewers support only PROOF_SCHEME. */
  scheme: number;
  /** 32 random bytes of the server. */
  nonce: Uint8Array;
}

export interface Proof {
  keyId: Uint8Array;
  /** 32 random bytes of the viewer. */
  nonce: Uint8Array;
  proof: Uint8Array;
}

export function writeChallenge({ scheme, nonce }: Challenge): Uint8Array {
  return new MessageWriter(MessageType.challenge).u8(scheme).bytes(nonce).finish();
}

/** The bytes of the result are copies. */
export function readChallenge(body: Uint8Array): Challenge {
  const reader = new BodyReader(body, "Challenge");
  return { scheme: reader.u8(), nonce: new Uint8Array(reader.bytes(PROOF_BYTES)) };
}

export function writeProof({ keyId, nonce, proof }: Proof): Uint8Array {
  return new MessageWriter(MessageType.proof).bytes(keyId).bytes(nonce).bytes(proof).finish();
}

/** The bytes of the result are copies. */
export function readProof(body: Uint8Array): Proof {
  const reader = new BodyReader(body, "Proof");
  return {
    keyId: new Uint8Array(reader.bytes(KEY_ID_BYTES)),
    nonce: new Uint8Array(reader.bytes(PROOF_BYTES)),
    proof: new Uint8Array(reader.bytes(PROOF_BYTES)),
  };
}
