// Finds the route of a request.

import type { Route } from "./request.ts";

/** The folder of a camera's own paths: `/cameras/NAME/snapshot`. */
const CAMERA_PATH = /^\/cameras\/([^/]+)(\/.*)?$/;

export interface Found {
  route: Route;
  /** The camera in the path, or an empty name. */
  camera: string;
}

export class Router {
  readonly #routes = new Map<string, Route[]>();

  constructor(routes: readonly Route[]) {
    for (const route of routes) this.#routes.set(route.path, [...(this.#routes.get(route.path) ?? []), route]);
  }

  /** Returns the route, or null if there is none. Throws URIError for a path with a wrong percent sign. */
  find(url: URL): Found | null {
    const { pathname, searchParams } = url;
    const fits = ({ query }: Route) => query === undefined || searchParams.get(query.name) === query.value;
    // Routes for a value of a parameter come before the route for all values.
    const choose = (path: string) =>
      (this.#routes.get(path) ?? [])
        .toSorted((a, b) => Number(b.query !== undefined) - Number(a.query !== undefined))
        .find(fits);
    const route = choose(pathname);
    if (route !== undefined) return { route, camera: "" };
    const [, name, rest = "/"] = CAMERA_PATH.exec(pathname) ?? [];
    if (name === undefined) return null;
    const ofCamera = choose(rest);
    return ofCamera?.perCamera ? { route: ofCamera, camera: decodeURIComponent(name) } : null;
  }
}
