// The sessions of browsers. A browser that has sent a right key gets a cookie, so that the key itself is not kept there.

import { createHash, randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { type Micros, nowMicros } from "../../../core/clock.ts";
import type { Role } from "../../access/role.ts";
import type { Session } from "../../access/session.ts";

const LIFETIME_S = 12 * 3600;
/** The largest number of sessions of one key. If there are more, the oldest one of this key ends, and those of other keys stay. */
const MAX_SESSIONS_OF_KEY = 64;
/** A browser accepts a cookie with this prefix only over TLS and only for this host (RFC 6265bis, 4.1.3.2). */
const SECURE_PREFIX = "__Host-";

interface TimedSession extends Session {
  readonly endsAt: Micros;
}

export class Sessions {
  readonly #sessions = new Map<string, TimedSession>();
  readonly #holds: (role: Role) => boolean;
  readonly #name: string;

  /** `holds` returns whether the key of a role is still valid. `port` is that of the door. */
  constructor(holds: (role: Role) => boolean, port: number) {
    this.#holds = holds;
    // Browsers send a cookie to all ports of a host (RFC 6265, 8.5), and a proxy can have servers of several machines at one host.
    // So each server has a name of its own. Otherwise a login at one server would be a logout at the others.
    const server = createHash("sha256").update(`${hostname()} ${port}`).digest("hex").slice(0, 8);
    this.#name = `slipstream-${server}`;
  }

  /** Begins a session. Returns the value of the header Set-Cookie. */
  begin(role: Role, isSecure: boolean): string {
    const id = randomBytes(24).toString("base64url");
    this.#sessions.set(id, { role, endsAt: nowMicros() + LIFETIME_S * 1e6 });
    const ofKey = [...this.#sessions].filter(([, session]) => session.role === role);
    const [oldest] = ofKey;
    if (ofKey.length > MAX_SESSIONS_OF_KEY && oldest !== undefined) this.#sessions.delete(oldest[0]);
    return this.#cookie(id, LIFETIME_S, isSecure);
  }

  /** Ends the session of a request. Returns the value of the header Set-Cookie, which removes the cookie. */
  end(request: Request, isSecure: boolean): string {
    const id = this.#idOf(request, isSecure);
    if (id !== null) this.#sessions.delete(id);
    return this.#cookie("", 0, isSecure);
  }

  /** Returns the session to which a request belongs, or null. */
  sessionOf(request: Request, isSecure: boolean): Session | null {
    const id = this.#idOf(request, isSecure);
    const session = id === null ? undefined : this.#sessions.get(id);
    if (id === null || session === undefined) return null;
    if (session.endsAt > nowMicros() && this.#holds(session.role)) return session;
    this.#sessions.delete(id);
    return null;
  }

  #cookie(value: string, seconds: number, isSecure: boolean): string {
    const name = isSecure ? `${SECURE_PREFIX}${this.#name}` : this.#name;
    return `${name}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${isSecure ? "; Secure" : ""}`;
  }

  /**
   * Returns the session in the cookies of a request. Over TLS only the secure cookie counts, because a page without TLS cannot
   * set it.
   */
  #idOf(request: Request, isSecure: boolean): string | null {
    const cookies = new Map<string, string>();
    for (const part of (request.headers.get("cookie") ?? "").split(";")) {
      const [name = "", value = ""] = part.trim().split("=", 2);
      if (!cookies.has(name)) cookies.set(name, value);
    }
    return cookies.get(isSecure ? `${SECURE_PREFIX}${this.#name}` : this.#name) ?? null;
  }
}
