// Opens the HTTP door with the routes of all its features. serve.ts loads this file only if the door is wanted.

import type { Log } from "../core/log.ts";
import { maySee, type Role } from "./access/role.ts";
import type { IdentitySource } from "./access/identity.ts";
import type { Camera } from "./cameras/camera.ts";
import { clipRoutes } from "./doors/http/clip.ts";
import { assetRoutes } from "./doors/http/assets.ts";
import { HttpDoor } from "./doors/http/door.ts";
import { healthRoutes } from "./doors/http/health.ts";
import { metricsRoute, type MetricsText } from "./doors/http/metrics.ts";
import type { Route, WebHost } from "./doors/http/request.ts";
import { otherNameRoutes } from "./doors/http/other-names.ts";
import { snapshotRoutes } from "./doors/http/snapshot.ts";
import { stateRoutes } from "./doors/http/state.ts";
import { streamRoutes } from "./doors/http/stream.ts";
import type { Reception } from "./doors/reception.ts";
import type { DurationsInBuckets } from "./report/durations-in-buckets.ts";
import { METRICS_TYPE, renderMetrics } from "./report/prometheus.ts";
import { CameraStages } from "./report/stages.ts";
import type { ResolvedHttpOptions } from "./settings/options.ts";

/** The parts of the server that the door uses. */
export interface WebParts {
  host: string;
  http: ResolvedHttpOptions;
  identity: IdentitySource | null;
  reception: Reception;
  cameras: readonly Camera[];
  /** The stages of each camera's frames, by the name of the camera. */
  stages: ReadonlyMap<string, CameraStages>;
  loopDelays: DurationsInBuckets;
  log: Log;
}

/** Throws ConnectionError if the address cannot be used. */
export function openWebDoor(parts: WebParts): HttpDoor {
  const { host, http, identity, reception, cameras, log } = parts;
  const { port, names, allowedOrigins, trustedProxies } = http;
  const webHost: WebHost = { reception, cameras, log };
  return new HttpDoor({
    ...{ host, port, identity, reception, log },
    ...{ names, allowedOrigins, trustedProxies },
    routes: featureRoutes(webHost, parts),
  });
}

/** Returns the routes of all features. */
function featureRoutes(host: WebHost, parts: WebParts): Route[] {
  return [
    ...assetRoutes(host),
    ...healthRoutes(host),
    ...streamRoutes(host),
    ...snapshotRoutes(host),
    ...clipRoutes(host),
    ...stateRoutes(host),
    ...otherNameRoutes(host),
    metricsRoute((role) => collectMetrics(parts, role)),
  ];
}

async function collectMetrics(parts: WebParts, role: Role): Promise<MetricsText> {
  const { cameras, stages, loopDelays, reception, identity } = parts;
  const { refusedBy, bitrate } = reception;
  const figures = cameras
    .filter(({ name }) => maySee(role, name))
    .map((camera) => ({
      report: camera.report(),
      condition: camera.condition,
      stages: stages.get(camera.name) ?? new CameraStages(),
      viewersByDoor: camera.audience.countByDoor,
    }));
  const certificateExpires = identity?.current.expiresAt ?? null;
  const server = { cameras: figures, refusedBy, heldBack: bitrate.heldBack, loopDelays, certificateExpires };
  return { text: await renderMetrics(server), contentType: METRICS_TYPE };
}
