// Opens the HTTP door with the routes of all its features. serve.ts loads this file only if the door is wanted.

import type { Log } from "../core/log.ts";
import type { IdentitySource } from "./access/identity.ts";
import type { Camera } from "./cameras/camera.ts";
import { assetRoutes } from "./doors/http/assets.ts";
import { HttpDoor } from "./doors/http/door.ts";
import type { Route, WebHost } from "./doors/http/request.ts";
import type { Reception } from "./doors/reception.ts";
import type { ResolvedHttpOptions } from "./settings/options.ts";

/** The parts of the server that the door uses. */
export interface WebParts {
  host: string;
  http: ResolvedHttpOptions;
  identity: IdentitySource | null;
  reception: Reception;
  cameras: readonly Camera[];
  log: Log;
}

/** Throws ConnectionError if the address cannot be used. */
export function openWebDoor({ host, http, identity, reception, cameras, log }: WebParts): HttpDoor {
  const { port, names, allowedOrigins, trustedProxies } = http;
  const webHost: WebHost = { reception, cameras, log };
  return new HttpDoor({
    ...{ host, port, identity, reception, log },
    ...{ names, allowedOrigins, trustedProxies },
    routes: featureRoutes(webHost),
  });
}

/** Returns the routes of all features. */
function featureRoutes(_host: WebHost): Route[] {
  return assetRoutes();
}
