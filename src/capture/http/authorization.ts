// Authenticates at a camera that asks for a password, with basic (RFC 7617) or digest (RFC 7616) authentication.
//
// This file uses no library. The libraries found support only MD5, have no types, or include their own hash functions.

import { createHash, randomBytes } from "node:crypto";
import { type Challenge, parseChallenges } from "./challenge.ts";

export interface Credentials {
  user: string;
  password: string;
}

/** The hash algorithms by their names in challenges, with the best first. */
const HASHES: Readonly<Record<string, string>> = { "sha-512-256": "sha512-256", "sha-256": "sha256", md5: "md5" };
const HASH_NAMES = Object.keys(HASHES);

/** The parts of a request that its authentication covers. */
interface Target {
  method: string;
  /** The path and query as in the request line. */
  path: string;
}

/** Knows the authentication scheme of a camera after the camera has asked for a password. */
export class Authorization {
  readonly #credentials: Credentials;
  readonly #clientNonce: () => string;
  #challenge: Challenge | null = null;
  /** How often the challenge's nonce was used. */
  #uses = 0;

  /** `clientNonce` is random, except in tests. */
  constructor(credentials: Credentials, clientNonce = () => randomBytes(16).toString("hex")) {
    this.#credentials = credentials;
    this.#clientNonce = clientNonce;
  }

  /** The nonce (number used once) that the camera has sent for the next answer, or null. */
  get nonce(): string | null {
    return this.#challenge?.parameters.get("nonce") ?? null;
  }

  /** Whether the camera has asked for a password. If so, each request contains the credentials. */
  get isAsked(): boolean {
    return this.#challenge !== null;
  }

  /**
   * Reads the WWW-Authenticate field of an answer. Returns null when it contains no supported scheme. Otherwise `isStale` in the
   * result tells whether the last answer was right except that its nonce was too old (`stale`, RFC 7616 3.3).
   */
  take(field: string): { isStale: boolean } | null {
    const known = parseChallenges(field).filter(isKnown).toSorted(byStrength);
    const [best] = known;
    if (best === undefined) return null;
    this.#challenge = best;
    this.#uses = 0;
    return { isStale: best.parameters.get("stale")?.toLowerCase() === "true" };
  }

  /** Returns the Authorization field of a request, or null while the camera has not asked for a password. */
  answer(target: Target): string | null {
    const challenge = this.#challenge;
    if (challenge === null) return null;
    const { user, password } = this.#credentials;
    if (challenge.scheme === "basic") return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
    return this.#digest(challenge.parameters, target);
  }

  /** Computes a digest answer (RFC 7616 3.4). Requests have no body, so the hash for `auth-int` covers an empty body. */
  #digest(parameters: ReadonlyMap<string, string>, { method, path }: Target): string {
    const { user, password } = this.#credentials;
    const [realm, nonce, opaque] = [
      parameters.get("realm") ?? "",
      parameters.get("nonce") ?? "",
      parameters.get("opaque"),
    ];
    const { name, isOfSession } = algorithmOf(parameters);
    const hash = (text: string) =>
      createHash(HASHES[name] ?? "md5")
        .update(text)
        .digest("hex");
    const offered =
      parameters
        .get("qop")
        ?.toLowerCase()
        .split(/[\s,]+/) ?? [];
    const qop = offered.includes("auth") ? "auth" : offered.includes("auth-int") ? "auth-int" : null;
    const count = (++this.#uses).toString(16).padStart(8, "0");
    const clientNonce = this.#clientNonce();
    const secret = hash(`${user}:${realm}:${password}`);
    const first = isOfSession ? hash(`${secret}:${nonce}:${clientNonce}`) : secret;
    const second = hash(qop === "auth-int" ? `${method}:${path}:${hash("")}` : `${method}:${path}`);
    // Old cameras use digests without qop (RFC 2069), which RFC 7616 no longer allows.
    const response = hash(
      qop === null ? `${first}:${nonce}:${second}` : `${first}:${nonce}:${count}:${clientNonce}:${qop}:${second}`,
    );
    const isHashed = parameters.get("userhash")?.toLowerCase() === "true";
    const fields = [
      `username=${quoted(isHashed ? hash(`${user}:${realm}`) : user)}`,
      ...(isHashed ? ["userhash=true"] : []),
      `realm=${quoted(realm)}`,
      `nonce=${quoted(nonce)}`,
      `uri=${quoted(path)}`,
      `response="${response}"`,
      ...(parameters.has("algorithm") ? [`algorithm=${parameters.get("algorithm")}`] : []),
      ...(opaque === undefined ? [] : [`opaque=${quoted(opaque)}`]),
      ...(qop === null ? [] : [`qop=${qop}`, `nc=${count}`]),
      ...(qop === null && !isOfSession ? [] : [`cnonce="${clientNonce}"`]),
    ];
    return fieldText(`Digest ${fields.join(", ")}`);
  }
}

function algorithmOf(parameters: ReadonlyMap<string, string>): { name: string; isOfSession: boolean } {
  const algorithm = (parameters.get("algorithm") ?? "md5").toLowerCase();
  return { name: algorithm.replace(/-sess$/, ""), isOfSession: algorithm.endsWith("-sess") };
}

function isKnown({ scheme, parameters }: Challenge): boolean {
  if (scheme === "basic") return true;
  return scheme === "digest" && parameters.has("nonce") && HASH_NAMES.includes(algorithmOf(parameters).name);
}

/** Chooses a challenge. Digest is preferred to basic, because basic sends the password itself. */
function byStrength(one: Challenge, other: Challenge): number {
  return rankOf(one) - rankOf(other);
}

function rankOf({ scheme, parameters }: Challenge): number {
  return scheme === "basic" ? HASH_NAMES.length : HASH_NAMES.indexOf(algorithmOf(parameters).name);
}

/**
 * Returns the UTF-8 bytes of a text as the characters of a header field. Control characters are removed, because a field cannot
 * contain them.
 */
function fieldText(text: string): string {
  return Buffer.from(text.replace(/\p{Cc}/gu, "")).toString("latin1");
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}
