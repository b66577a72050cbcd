// Finds out who sends a request: by the cookie of a session, or by a key in the header Authorization.

import { type Micros, nowMicros } from "../../../core/clock.ts";
import { GoodbyeReason } from "../../../protocol/wire.ts";
import type { Gatekeeper } from "../../access/gatekeeper.ts";
import { EVERYBODY, NOBODY, type Role } from "../../access/role.ts";
import { textResponse, type WebRequest } from "./request.ts";

/** A key in a request must not be longer. */
const MAX_KEY_CHARACTERS = 512;
/** Names the schemes that programs may use (RFC 7617, RFC 6750). */
const CHALLENGE = 'Basic realm="Slipstream: any name, and the key as password", charset="UTF-8"';

/** The facts about a request that decide about its role. */
type Asked = Pick<WebRequest, "request" | "ip" | "session">;

/** Returns the role of a request, or the answer for a request whose key is missing or wrong. */
export function roleOf({ request, ip, session }: Asked, gatekeeper: Gatekeeper): Role | Response {
  if (!gatekeeper.needsKey) return EVERYBODY;
  if (session !== null) return session.role;
  const header = request.headers.get("authorization");
  if (header === null) {
    return textResponse(
      401,
      "this server needs a key: send it as the password of Basic authentication, with any name",
      {
        ...challengeFor(request),
      },
    );
  }
  const key = keyIn(header);
  if (key === null) return textResponse(400, "the Authorization header is neither Basic nor Bearer with a key");
  return roleOfKey(key, request, ip, gatekeeper);
}

/** Returns the role of a request that needs no key. Without a key the role is NOBODY, if the server has keys. */
export function roleIfAny(asked: Asked, gatekeeper: Gatekeeper): Role | Response {
  const { request, session } = asked;
  if (!gatekeeper.needsKey || request.headers.has("authorization")) return roleOf(asked, gatekeeper);
  return session?.role ?? NOBODY;
}

/** Returns the role of a key, or the answer for a wrong one. */
export function roleOfKey(key: string, request: Request, ip: string, gatekeeper: Gatekeeper): Role | Response {
  const now: Micros = nowMicros();
  const answer = gatekeeper.authenticate(ip, { key }, now);
  if ("role" in answer) {
    gatekeeper.left(ip, now); // an address with a right key stays good for some minutes (lock-out.ts)
    return answer.role;
  }
  if (answer.reason === GoodbyeReason.wrongKey) return textResponse(401, answer.text, challengeFor(request));
  return textResponse(429, answer.text, { "retry-after": String(gatekeeper.secondsLeft(ip, now)) });
}

/**
 * The page has its own form for the key, so a browser must not open its own dialog for requests of a script. Over HTTP beyond this
 * machine, browsers send no Sec-Fetch headers (Fetch Metadata, 2), so the page says itself that it asks, and a WebSocket shows it.
 */
function challengeFor({ headers }: Request): Record<string, string> {
  const isFromScript =
    headers.get("sec-fetch-mode") === "cors" ||
    headers.get("sec-fetch-dest") === "empty" ||
    headers.has("x-requested-with") ||
    headers.has("sec-websocket-key");
  return isFromScript ? {} : { "www-authenticate": CHALLENGE };
}

/** Returns the key in the header Authorization, or null. */
function keyIn(header: string): string | null {
  const [, scheme = "", value = ""] = /^(\w+) +(\S+) *$/.exec(header) ?? [];
  let key: string | null = null;
  if (scheme.toLowerCase() === "bearer") key = value;
  if (scheme.toLowerCase() === "basic") {
    const text = Buffer.from(value, "base64").toString();
    key = text.includes(":") ? text.slice(text.indexOf(":") + 1) : null;
  }
  return key === null || key.length > MAX_KEY_CHARACTERS ? null : key;
}
