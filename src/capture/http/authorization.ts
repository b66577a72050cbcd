// Answers a camera that asks for a password: basic (RFC 7617) and digest (RFC 7616) authentication.
//
// No library is used: those in the registry answer with MD5 alone, have no types, or bring their own hash functions.

import { createHash, randomBytes } from "node:crypto";
import { type Challenge, parseChallenges } from "./challenge.ts";

export interface Credentials {
  user: string;
  password: string;
}

/** By the names that challenges give them, the best first. */
const HASHES: Readonly<Record<string, string>> = { "sha-512-256": "sha512-256", "sha-256": "sha256", md5: "md5" };
const HASH_NAMES = Object.keys(HASHES);

/** What a request is answered for. */
interface Target {
  method: string;
  /** Path and query, as in the request line. */
  path: string;
}

/** Knows how a camera wants the password, once it has asked. */
export class Authorization {
  readonly #credentials: Credentials;
  readonly #clientNonce: () => string;
  #challenge: Challenge | null = null;
  /** How often the nonce of the challenge has been used. */
  #uses = 0;

  /** `clientNonce` is random, except in tests. */
  constructor(credentials: Credentials, clientNonce = () => randomBytes(16).toString("hex")) {
    this.#credentials = credentials;
    this.#clientNonce = clientNonce;
  }

  /** The nonce that the next answer is made for; null when there is none. */
  get nonce(): string | null {
    return this.#challenge?.parameters.get("nonce") ?? null;
  }

  /** Whether the camera has asked, so that requests have an answer from now on. */
  get isAsked(): boolean {
    return this.#challenge !== null;
  }

  /**
   * Takes the WWW-Authenticate field of an answer. Returns null when it asks for nothing that can be answered, and otherwise whether the
   * camera calls the last answer right but too old.
   */
  take(field: string): { isStale: boolean } | null {
    const known = parseChallenges(field).filter(isKnown).toSorted(byStrength);
    const [best] = known;
    if (best === undefined) return null;
    this.#challenge = best;
    this.#uses = 0;
    return { isStale: best.parameters.get("stale")?.toLowerCase() === "true" };
  }

  /** Returns the Authorization field of a request; null while the camera has not asked. */
  answer(target: Target): string | null {
    const challenge = this.#challenge;
    if (challenge === null) return null;
    const { user, password } = this.#credentials;
    if (challenge.scheme === "basic") return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
    return this.#digest(challenge.parameters, target);
  }

  /** RFC 7616 3.4. Requests have no body, whose hash `auth-int` includes. */
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
    // Without qop as in RFC 2069, which RFC 7616 no longer has and old cameras still do.
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

/** Digest before basic, which sends the password itself. */
function byStrength(one: Challenge, other: Challenge): number {
  return rankOf(one) - rankOf(other);
}

function rankOf({ scheme, parameters }: Challenge): number {
  return scheme === "basic" ? HASH_NAMES.length : HASH_NAMES.indexOf(algorithmOf(parameters).name);
}

/** The bytes of UTF-8 as the characters of a field, and no control characters, which a field cannot contain. */
function fieldText(text: string): string {
  return Buffer.from(text.replace(/\p{Cc}/gu, "")).toString("latin1");
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}
