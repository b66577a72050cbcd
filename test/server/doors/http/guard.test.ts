// The names by which people reach the HTTP door.

import { expect, test } from "bun:test";
import { Guard } from "../../../../src/server/doors/http/guard.ts";

let certificateNames: string[] = [];
const guard = new Guard({
  names: ["Cams.example.org", "0.0.0.0"],
  certificateNames: () => certificateNames,
  allowedOrigins: [],
});

test("guard: names of the host and of the certificate are right, also those of a newer certificate", () => {
  expect(guard.refusalOfHost("cams.example.org:10080")).toBeNull();
  expect(guard.refusalOfHost("door.example.org")).toContain("add --http-name door.example.org");
  certificateNames = ["Door.example.org"];
  expect(guard.refusalOfHost("door.example.org:10080")).toBeNull();
  expect(guard.refusalOfHost("a.door.example.org")).not.toBeNull();
});

test("guard: a page over HTTPS whose proxy is not trusted is told what to add", () => {
  expect(guard.refusalOfOrigin("https://cams.example.org", "cams.example.org", false)).toContain("--trusted-proxy");
  expect(guard.refusalOfOrigin("https://cams.example.org", "cams.example.org", true)).toBeNull();
  expect(guard.refusalOfOrigin("https://other.example.org", "cams.example.org", false)).toContain("--allow-origin");
});
