// The routes `healthz` and `readyz`, for programs that watch the server. They need no key. Without one they say only whether all is
// well, because the names and troubles of cameras are not for everybody.

import { maySee, type Role } from "../../access/role.ts";
import { type CameraCondition, isWell } from "../../deliver/camera-condition.ts";
import type { Route, WebHost } from "./request.ts";

export function healthRoutes(host: WebHost): Route[] {
  return [
    { path: "/healthz", isPublic: true, handle: ({ role }) => health(host, role) },
    { path: "/readyz", isPublic: true, handle: () => readiness(host) },
  ];
}

/** The server is healthy while at least one camera delivers. */
function health({ cameras }: WebHost, role: Role): Response {
  const isHealthy = cameras.some(({ condition }) => isWell(condition));
  const seen = cameras.filter(({ name }) => maySee(role, name));
  const details = seen.map(({ name, condition }) => ({ name, ...describe(condition) }));
  return answer(isHealthy, { ok: isHealthy, ...(details.length === 0 ? {} : { cameras: details }) });
}

function describe(condition: CameraCondition) {
  const { state, since, trouble } = condition;
  return { ok: isWell(condition), state, trouble, since: new Date(since / 1000).toISOString() };
}

/** The server is ready while it accepts a further viewer. */
function readiness({ cameras, reception }: WebHost): Response {
  const hasCamera = cameras.some(({ ended }) => ended === null);
  const reason = hasCamera ? (reception.isFull ? "the server is full" : null) : "all cameras have ended";
  return answer(reason === null, { ok: reason === null, ...(reason === null ? {} : { reason }) });
}

function answer(isWell: boolean, body: Record<string, unknown>): Response {
  return new Response(`${JSON.stringify(body)}\n`, {
    status: isWell ? 200 : 503,
    headers: { "content-type": "application/json" },
  });
}
