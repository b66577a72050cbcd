// Passwords in requests: the examples of the RFCs, and challenges in the forms that cameras write.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Authorization } from "../../../src/capture/http/authorization.ts";
import { parseChallenges } from "../../../src/capture/http/challenge.ts";

const MUFASA = { user: "Mufasa", password: "Circle of Life" };
const TARGET = { method: "GET", path: "/dir/index.html" };

function answerTo(
  field: string,
  { user, password } = MUFASA,
  clientNonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
): string {
  const authorization = new Authorization({ user, password }, () => clientNonce);
  expect(authorization.answer(TARGET)).toBeNull();
  authorization.take(field);
  return authorization.answer(TARGET) ?? "";
}

const responseOf = (answer: string) => /response="([^"]*)"/.exec(answer)?.[1];

describe("Authorization: answers", () => {
  const both = ["SHA-256", "MD5"].map(
    (algorithm) =>
      `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`,
  );

  // RFC 7616, 3.9.1
  test("Authorization answers the example of RFC 7616 with MD5", () => {
    expect(responseOf(answerTo(both[1] as string))).toBe("8ca523f5e9506fed4657c9700eebdbec");
  });

  test("Authorization answers the example of RFC 7616 with SHA-256, which it prefers", () => {
    for (const field of [both.join(", "), both.toReversed().join(", ")]) {
      const answer = answerTo(field);
      expect(responseOf(answer)).toBe("753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
      expect(answer).toContain("algorithm=SHA-256");
    }
  });

  // RFC 7616, 3.9.2. The figures in it are not those of SHA-512/256 (errata 4897). These are from 'openssl dgst -sha512-256'.
  test("Authorization answers the example of RFC 7616 with SHA-512-256, a hashed user name and UTF-8", () => {
    const field =
      'Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8, userhash=true';
    const authorization = new Authorization(
      { user: "Jäsøn Doe", password: "Secret, or not?" },
      () => "NTg6RKcb9boFIAS3KrFK9BGeh+niz/sm",
    );
    authorization.take(field);
    const answer = authorization.answer({ method: "GET", path: "/doe.json" }) ?? "";
    expect(responseOf(answer)).toBe("7a4e1192babbba02e91182d2895bfdbf7adafc6e48d4e517ca301974843d840c");
    expect(answer).toContain(
      'username="793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b", userhash=true',
    );
  });

  // RFC 2617, 3.5
  test("Authorization answers the example of RFC 2617, and counts its answers", () => {
    const authorization = new Authorization({ user: "Mufasa", password: "Circle Of Life" }, () => "0a4f113b");
    authorization.take(
      'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"',
    );
    const first = authorization.answer(TARGET) ?? "";
    expect(responseOf(first)).toBe("6629fae49393a05397450978507c4ef1");
    expect(first).toContain("nc=00000001");
    expect(first).not.toContain("algorithm");
    expect(authorization.answer(TARGET)).toContain("nc=00000002");
  });

  // RFC 2069, 2.4, with the errata of its response
  test("Authorization answers without qop, as in RFC 2069", () => {
    const field =
      'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"';
    const answer = answerTo(field, { user: "Mufasa", password: "CircleOfLife" });
    expect(responseOf(answer)).toBe("1949323746fe6a43ef61f9606e7febea");
    expect(answer).not.toMatch(/qop|nc=|cnonce/);
  });

  // RFC 7617, 2 and 2.1
  test.each([
    ["Aladdin", "open sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="],
    ["test", "123\u00a3", "Basic dGVzdDoxMjPCow=="],
  ])("Authorization answers the examples of RFC 7617: %s", (user, password, answer) => {
    expect(answerTo('Basic realm="WallyWorld", charset="UTF-8"', { user, password })).toBe(answer);
  });

  test("Authorization prefers digest to basic, and gives no answer to challenges of other kinds", () => {
    expect(answerTo(`Basic realm="cam", ${both[1]}`)).toStartWith("Digest ");
    const authorization = new Authorization(MUFASA);
    for (const field of ["", "Negotiate", 'Digest realm="x"', 'Digest realm="x", nonce="1", algorithm=SHA-999']) {
      expect(authorization.take(field)).toBeNull();
      expect(authorization.answer(TARGET)).toBeNull();
    }
    expect(authorization.take('Digest nonce="2", stale="TRUE"')).toEqual({ isStale: true });
  });

  test("Authorization writes no text of the camera or the user into the request that a header field cannot contain", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (realm, user) => {
        const authorization = new Authorization({ user, password: "x" });
        authorization.take(`Digest realm="${realm.replace(/["\\]/g, "\\$&")}", nonce="1"`);
        new Headers({ Authorization: authorization.answer(TARGET) ?? "" }); // throws if a header field cannot contain the value
      }),
    );
  });
});

describe("parseChallenges: forms", () => {
  test.each([
    ['Basic realm="a, b"', [["basic", { realm: "a, b" }]]],
    ["Basic", [["basic", {}]]],
    ["Basic realm=unquoted", [["basic", { realm: "unquoted" }]]],
    ['Digest realm = "a\\"b" ,nonce="" , qop=auth', [["digest", { realm: 'a"b', nonce: "", qop: "auth" }]]],
    [
      'Newauth realm="apps", type=1, title="Login to \\"apps\\"", Basic realm="simple"',
      [
        ["newauth", { realm: "apps", type: "1", title: 'Login to "apps"' }],
        ["basic", { realm: "simple" }],
      ],
    ],
    [
      'Negotiate oYG/abc+/def==, Basic realm="x"',
      [
        ["negotiate", {}],
        ["oyg", {}],
        ["basic", { realm: "x" }],
      ],
    ],
    ['Digest realm="never closed', [["digest", { realm: "never closed" }]]],
    ["", []],
  ] as [string, [string, Record<string, string>][]][])("reads %s", (field, expected) => {
    expect(parseChallenges(field).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)])).toEqual(
      expected as never,
    );
  });

  test("parseChallenges ends for any text", () => {
    fc.assert(fc.property(fc.string(), (text) => void parseChallenges(text)));
  });
});
