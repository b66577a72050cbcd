// The headers that all answers of the HTTP door have.

import type { Guard } from "./guard.ts";

/**
 * What a page of this server may load: its own files, pictures that its scripts make, and its own WebSocket. The page itself
 * compiles no WebAssembly, but its workers do, whose policy assets.ts sets.
 */
const CONTENT_POLICY =
  "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'";

/** Adds the headers to an answer. */
export function answerHeaders(request: Request, response: Response, guard: Guard): Response {
  const { headers } = response;
  headers.set("x-content-type-options", "nosniff");
  headers.set("referrer-policy", "no-referrer");
  // Pictures are private, and old ones are wrong ones.
  if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
  if (headers.get("content-type")?.startsWith("text/html")) {
    const framers = guard.allowedOrigins.length === 0 ? "'none'" : guard.allowedOrigins.join(" ");
    headers.set("content-security-policy", `${CONTENT_POLICY}; frame-ancestors ${framers}`);
  }
  const origin = request.headers.get("origin");
  if (guard.isAllowed(origin)) {
    headers.set("access-control-allow-origin", origin);
    headers.append("vary", "origin");
  }
  return response;
}

/** Answers the question of a browser whether a page of an allowed origin may send a request (Fetch, 3.2.2). */
export function preflight(request: Request, guard: Guard): Response {
  if (!guard.isAllowed(request.headers.get("origin")))
    return new Response(null, { status: 204, headers: { allow: "GET, HEAD" } });
  const headers = {
    "access-control-allow-methods": "GET, HEAD",
    "access-control-allow-headers": "authorization",
    "access-control-max-age": "600",
  };
  return answerHeaders(request, new Response(null, { status: 204, headers }), guard);
}
