// Certificates of the operator: from an authority, for the wrong name, expired, changed while a viewer watches, and in files that cannot be used.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { copyFile, mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ViewReport } from "../../src/client/figures.ts";
import { type CertificateFile, issued, openssl, selfSigned, tryOpenssl } from "../support/certificates.ts";
import { eachLine, Program, runToEnd, type Server, startServer, TEST_TIMEOUT_MS } from "../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const PATTERN = ["--source", "pattern", "--size", "320x240", "--fps", "20"];
const THREE_FRAMES = ["--display", "none", "--frames", "3"];
const OWN_NAMES = "DNS:localhost,IP:127.0.0.1";

let folder = "";
let authority: CertificateFile;
let good: CertificateFile;
let misnamed: CertificateFile;
let expired: CertificateFile;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipstream-test-"));
  authority = await selfSigned(folder, "authority");
  good = await issued(folder, "good", authority, { names: OWN_NAMES });
  misnamed = await issued(folder, "misnamed", authority, { names: "DNS:camera.example" });
  expired = await issued(folder, "expired", authority, { names: OWN_NAMES, days: -1 });
});
afterAll(() => rm(folder, { recursive: true }));

const flagsOf = ({ certificate, key }: CertificateFile) => ["--tls-cert", certificate, "--tls-key", key];

const serve = (flags: readonly string[]): Promise<Server> =>
  startServer([...PATTERN, ...flags], { env: { XDG_STATE_HOME: join(folder, "server") } });

/** Each run has a state folder of its own. */
let runs = 0;
const view = (flags: readonly string[]) =>
  runToEnd("view", [...flags, ...THREE_FRAMES], { env: { XDG_STATE_HOME: join(folder, `viewer-${runs++}`) } });

const trusting = () => ["--tls-ca", authority.certificate];

/** A TLS server with any certificate. It is not a Slipstream server. */
async function showCertificate({ certificate, key }: CertificateFile) {
  const child = Bun.spawn(["openssl", "s_server", "-accept", "0", "-cert", certificate, "-key", key], {
    stdio: ["pipe", "pipe", "inherit"], // it ends when its standard input ends
  });
  const port = await new Promise<number>((resolve) => {
    void eachLine(child.stdout, (line) => {
      const shown = /^ACCEPT .*:(\d+)$/.exec(line)?.[1];
      if (shown !== undefined) resolve(Number(shown));
    });
  });
  return {
    port,
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.exited;
    },
  };
}

describe("TLS: a certificate from an authority", () => {
  test("view: accepts a certificate from an authority by chain and name, even for localhost, and does not pin it", async () => {
    await using server = await serve(flagsOf(good));
    for (const host of ["127.0.0.1", "localhost"]) {
      const { code, remarks } = await view([`slips://${host}:${server.port}`, ...trusting()]);
      expect([code, remarks]).toEqual([0, expect.not.stringContaining("first time")]);
    }
  });

  test("view: after an authority has vouched for a server, a self-signed certificate is refused", async () => {
    const env = { XDG_STATE_HOME: join(folder, "vouched") };
    const store = join(env.XDG_STATE_HOME, "slipstream/known-servers.json");
    const run = (...flags: string[]) => runToEnd("view", [...flags, ...THREE_FRAMES], { env });
    let port = 0;
    {
      await using server = await serve(flagsOf(good));
      port = server.port;
      expect((await run(`127.0.0.1:${port}`, ...trusting())).code).toBe(0);
    }
    const host = `127.0.0.1:${port}`;
    const kept = await Bun.file(store).text();
    expect(JSON.parse(kept)).toEqual({ [host]: { usesTls: true, isVouchedFor: true } });
    await using _ = await serve(["--tls", "--port", String(port)]);
    for (const flags of [[], trusting()]) {
      const { code, remarks } = await run(host, ...flags);
      expect([code, remarks]).toEqual([1, expect.stringContaining("before, an authority vouched for it")]);
      expect(remarks).toContain(`view --forget ${host}`);
      expect(await Bun.file(store).text()).toBe(kept);
    }
    await Bun.write(store, JSON.stringify({ [host]: { usesTls: true } })); // as earlier versions wrote it
    expect((await run(host)).remarks).toContain("before, an authority vouched for it");
    expect((await run("--forget", host)).code).toBe(0);
    expect((await run(host)).code).toBe(0);
  });

  test("view: with --tls-ca, a self-signed certificate is refused, even if its key is known", async () => {
    await using server = await serve(["--tls"]);
    const host = `127.0.0.1:${server.port}`;
    const env = { XDG_STATE_HOME: join(folder, "own-authority") };
    const run = (...flags: string[]) => runToEnd("view", [host, ...flags, ...THREE_FRAMES], { env });
    const refused = [1, expect.stringMatching(/no authority vouches for.*leave out --tls-ca/)];
    const first = await run(...trusting());
    expect([first.code, first.remarks]).toEqual(refused);
    expect((await run()).code).toBe(0);
    const second = await run(...trusting());
    expect([second.code, second.remarks]).toEqual(refused);
  });

  test("view: an authority in NODE_EXTRA_CA_CERTS is accepted, too", async () => {
    await using server = await serve(flagsOf(good));
    const env = { XDG_STATE_HOME: join(folder, "extra"), NODE_EXTRA_CA_CERTS: authority.certificate };
    const { code, remarks } = await runToEnd("view", [`slips://127.0.0.1:${server.port}`, ...THREE_FRAMES], { env });
    expect([code, remarks]).toEqual([0, expect.any(String)]);
  });

  test("view: a certificate from an unknown authority is refused", async () => {
    await using server = await serve(flagsOf(good));
    const { code, remarks } = await view([`slips://127.0.0.1:${server.port}`]);
    expect([code, remarks]).toEqual([1, expect.stringContaining("--tls-ca")]);
  });

  test("view: a certificate for another name is refused", async () => {
    await using server = await serve(flagsOf(misnamed));
    const { code, remarks } = await view([`slips://127.0.0.1:${server.port}`, ...trusting()]);
    expect([code, remarks]).toEqual([1, expect.stringMatching(/is not for 127\.0\.0\.1 but for .*camera\.example/)]);
    expect(await server.end("SIGTERM")).toBe(0);
    expect(server.last).toMatchObject({ final: true, sent: 0 });
  });

  test("view: a certificate that has expired is refused", async () => {
    await using server = await showCertificate(expired);
    const { code, remarks } = await view([`slips://127.0.0.1:${server.port}`, ...trusting()]);
    expect([code, remarks]).toEqual([1, expect.stringContaining("has expired")]);
  });
});

describe("TLS: certificate files that cannot be used", () => {
  const cases: [what: string, flags: () => string[], text: RegExp][] = [
    ["expired", () => flagsOf(expired), /expired\.pem expired on \d{4}-\d\d-\d\d: renew it/],
    [
      "of another key",
      () => flagsOf({ certificate: good.certificate, key: misnamed.key }),
      /misnamed-key\.pem is not the key of the first certificate in .*good\.pem/,
    ],
    [
      "exchanged",
      () => flagsOf({ certificate: good.key, key: good.certificate }),
      /good-key\.pem contains no certificate/,
    ],
    ["without a key", () => ["--tls-cert", good.certificate], /good\.pem contains no private key/],
    ["missing", () => ["--tls-cert", join(folder, "none.pem")], /none\.pem: there is no such file/],
    ["a folder", () => ["--tls-cert", folder], /it is a folder/],
    ["a key alone", () => ["--tls-key", good.key], /add --tls-cert/],
    ["not allowed", () => ["--no-tls", ...flagsOf(good)], /without TLS/],
  ];
  test.each(cases)("serve: one line refuses the files: %s", async (_, flags, text) => {
    const { code, remarks } = await runToEnd("serve", [...PATTERN, "--port", "0", ...flags()]);
    expect([code, remarks]).toEqual([2, expect.stringMatching(text)]);
    expect(remarks.trim().split("\n")).toHaveLength(1);
  });
});

test("serve: changed files are read again, viewers stay, and wrong files change nothing", async () => {
  const files = { certificate: join(folder, "live.pem"), key: join(folder, "live-key.pem") };
  const put = async (from: CertificateFile) => {
    for (const part of ["certificate", "key"] as const) {
      await copyFile(from[part], `${files[part]}.new`);
      await rename(`${files[part]}.new`, files[part]); // programs that renew certificates do this
    }
  };
  const subject = async (port: number) =>
    (await tryOpenssl(["s_client", "-connect", `127.0.0.1:${port}`])).text.match(/^subject=.*CN = (\S+)/m)?.[1];
  await put(good);
  await using server = await serve(flagsOf(files));
  expect(await subject(server.port)).toBe("good");
  await using viewer = new Program<ViewReport>(
    "view",
    [`slips://127.0.0.1:${server.port}`, ...trusting(), "--display", "none", "--json"],
    { env: { XDG_STATE_HOME: join(folder, "watching") } },
  );
  await viewer.until("5 frames", ({ last }) => (last?.frames ?? 0) > 5);

  await put(misnamed);
  await server.until("the new certificate", ({ remarks }) => remarks.includes("the certificate was reloaded"));
  expect(await subject(server.port)).toBe("misnamed");

  await copyFile(expired.certificate, files.certificate);
  await server.until("the refusal", ({ remarks }) => remarks.includes("the changed certificate cannot be used"));
  expect(await subject(server.port)).toBe("misnamed");

  const shown = viewer.last?.frames ?? 0;
  await viewer.until("5 more frames", ({ last }) => (last?.frames ?? 0) > shown + 5);
  expect(viewer.last?.reconnects).toBe(0);
});

describe("TLS: versions and suites", () => {
  const WEAK = "ALL:COMPLEMENTOFALL:@SECLEVEL=0";
  const client = (port: number, ...flags: string[]) =>
    tryOpenssl(["s_client", "-connect", `127.0.0.1:${port}`, ...flags]).then(({ text }) => text);

  test("serve: openssl gets TLS 1.3 and 1.2 and no older version, even if it offers all suites", async () => {
    await using server = await serve(["--tls"]);
    const negotiated = async (version: string) =>
      /^New, (\S+), Cipher is (\S+)$/m.exec(await client(server.port, version, "-cipher", WEAK))?.slice(1) ?? [];
    expect(await negotiated("-tls1_3")).toEqual(["TLSv1.3", expect.stringMatching(/^TLS_(AES|CHACHA20)/)]);
    expect(await negotiated("-tls1_2")).toEqual(["TLSv1.2", expect.stringMatching(/^ECDHE-ECDSA-(AES.*GCM|CHACHA20)/)]);
    for (const version of ["-tls1_1", "-tls1"])
      expect(await negotiated(version)).toEqual(["(NONE),", "(NONE)"].map((text) => text.replace(",", "")));
    await server.until("the line", ({ remarks }) =>
      /refused: the TLS handshake failed: UNSUPPORTED_PROTOCOL/.test(remarks),
    );
  });

  test("serve: of the suites of TLS 1.2 openssl gets those with ECDHE and AEAD, for a key of each kind", async () => {
    const rsa = { certificate: join(folder, "rsa.pem"), key: join(folder, "rsa-key.pem") };
    await openssl(
      ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=rsa", "-days", "30"],
      ...["-keyout", rsa.key, "-out", rsa.certificate],
    );
    const all = (await openssl("ciphers", "-s", "-tls1_2", WEAK)).trim().split(":");
    for (const [kind, flags] of [
      ["ECDSA", ["--tls"]],
      ["RSA", flagsOf(rsa)],
    ] as const) {
      await using server = await serve(flags);
      const accepted: string[] = [];
      // Each client offers all suites that the server has not chosen before, until the server chooses none.
      for (let offered = all; offered.length > 0;) {
        const text = await client(server.port, "-tls1_2", "-cipher", `${offered.join(":")}:@SECLEVEL=0`);
        const chosen = /^New, TLSv1\.2, Cipher is (\S+)/m.exec(text)?.[1];
        if (chosen === undefined) break;
        accepted.push(chosen);
        offered = offered.filter((suite) => suite !== chosen);
      }
      expect(accepted.sort()).toEqual([
        `ECDHE-${kind}-AES128-GCM-SHA256`,
        `ECDHE-${kind}-AES256-GCM-SHA384`,
        `ECDHE-${kind}-CHACHA20-POLY1305`,
      ]);
    }
  });
});
