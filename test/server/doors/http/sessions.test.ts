// The sessions of browsers: how many a key may have, and which cookie counts.

import { expect, test } from "bun:test";
import type { Role } from "../../../../src/server/access/role.ts";
import { Sessions } from "../../../../src/server/doors/http/sessions.ts";

const role = (name: string): Role => ({ name, may: new Set(["view"]), cameras: null });
const requestWith = (setCookie: string) =>
  new Request("http://localhost/", { headers: { cookie: setCookie.split(";")[0] ?? "" } });

test("Sessions: many logins with one key end its oldest session, and those of other keys stay", () => {
  const sessions = new Sessions(() => true, 1);
  const [ann, ben] = [role("ann"), role("ben")];
  const ofAnn = requestWith(sessions.begin(ann, false));
  const ofBen = Array.from({ length: 65 }, () => requestWith(sessions.begin(ben, false)));
  expect(sessions.sessionOf(ofAnn, false)?.role).toBe(ann);
  expect(ofBen.map((request) => sessions.sessionOf(request, false)?.role === ben)).toEqual([
    false,
    ...Array(64).fill(true),
  ]);
});

test("Sessions: over TLS only the secure cookie counts", () => {
  const sessions = new Sessions(() => true, 1);
  const ann = role("ann");
  const [plain, secure] = [sessions.begin(ann, false), sessions.begin(ann, true)].map(requestWith) as [
    Request,
    Request,
  ];
  const roleOf = (request: Request, isSecure: boolean) => sessions.sessionOf(request, isSecure)?.role ?? null;
  expect([roleOf(plain, false), roleOf(plain, true)]).toEqual([ann, null]);
  expect([roleOf(secure, false), roleOf(secure, true)]).toEqual([null, ann]);
});

test("Sessions: a session ends when its key does", () => {
  let holds = true;
  const sessions = new Sessions(() => holds, 1);
  const request = requestWith(sessions.begin(role("ann"), false));
  holds = false;
  expect(sessions.sessionOf(request, false)).toBeNull();
  holds = true;
  expect(sessions.sessionOf(request, false)).toBeNull();
});
