// The routes of the HTTP door.

import { expect, test } from "bun:test";
import type { Route } from "../../../../src/server/doors/http/request.ts";
import { Router } from "../../../../src/server/doors/http/router.ts";

const route = (path: string, more: Partial<Route> = {}): Route => ({ path, ...more, handle: () => new Response() });
const ROUTES = [
  route("/"),
  route("/", { query: { name: "action", value: "stream" } }),
  route("/snapshot", { perCamera: true }),
  route("/metrics"),
];
const router = new Router(ROUTES);

test.each([
  ["/", 0, ""],
  ["/?action=stream", 1, ""],
  ["/?action=other", 0, ""],
  ["/snapshot?width=3", 2, ""],
  ["/cameras/door/snapshot", 2, "door"],
  ["/cameras/the%20%2F%20yard/snapshot", 2, "the / yard"],
  ["/metrics", 3, ""],
  ["/cameras/door/metrics", null, ""],
  ["/cameras/door", null, ""],
  ["/cameras//snapshot", null, ""],
  ["/snapshot/", null, ""],
  ["/constructor", null, ""],
] as const)("Router: finds the route of %s", (path, index, camera) => {
  const found = router.find(new URL(path, "http://localhost"));
  if (index === null) expect(found).toBeNull();
  else expect(found).toEqual({ route: ROUTES[index] as Route, camera });
});

test("Router: a wrong percent sign in a camera's name is an error", () => {
  expect(() => router.find(new URL("/cameras/%E0%A4%A/snapshot", "http://localhost"))).toThrow(URIError);
});
