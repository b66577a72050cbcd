// The route `metrics`, for Prometheus.

import type { Role } from "../../access/role.ts";
import type { Route } from "./request.ts";

/** The metrics in Prometheus' text format, with its content type. */
export interface MetricsText {
  text: string;
  contentType: string;
}

/** `collect` returns the metrics of the cameras that a role may see, and those of the server. */
export function metricsRoute(collect: (role: Role) => Promise<MetricsText>): Route {
  return {
    path: "/metrics",
    async handle({ role }) {
      const { text, contentType } = await collect(role);
      return new Response(text, { headers: { "content-type": contentType } });
    },
  };
}
