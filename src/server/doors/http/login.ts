// The login of the page: the page sends the key once, and the browser gets a cookie for it.

import type { Reception } from "../reception.ts";
import { roleOfKey } from "./credentials.ts";
import { type Route, textResponse, type WebRequest } from "./request.ts";
import type { Sessions } from "./sessions.ts";

/** Returns the routes `login` and `logout`. Both are POST, so that no link can use them. */
export function loginRoutes(reception: Reception, sessions: Sessions): Route[] {
  return [
    {
      path: "/login",
      methods: ["POST"],
      isPublic: true,
      async handle({ request, ip, isSecure }) {
        const key = await readKey(request);
        if (key === null) return textResponse(400, "send the key as the field 'key' of a form or of JSON");
        const role = roleOfKey(key.trim(), request, ip, reception.gatekeeper);
        if (role instanceof Response) return role;
        return answer(request, sessions.begin(role, isSecure));
      },
    },
    {
      path: "/logout",
      methods: ["POST"],
      isPublic: true,
      handle({ request, isSecure, session }: WebRequest) {
        if (session !== null) reception.loggedOut(session);
        return answer(request, sessions.end(request, isSecure));
      },
    },
  ];
}

/** A form of a page without scripts goes back to the page. A script needs no further answer. */
function answer(request: Request, cookie: string): Response {
  const isForm = request.headers.get("sec-fetch-mode") === "navigate";
  const headers: Record<string, string> = { "set-cookie": cookie, ...(isForm ? { location: "./" } : {}) };
  return new Response(null, { status: isForm ? 303 : 204, headers });
}

async function readKey(request: Request): Promise<string | null> {
  const type = request.headers.get("content-type") ?? "";
  try {
    const key = type.startsWith("application/json")
      ? ((await request.json()) as { key?: unknown } | null)?.key
      : (await request.formData()).get("key");
    return typeof key === "string" && key !== "" ? key : null;
  } catch {
    return null; // neither JSON nor a form
  }
}
