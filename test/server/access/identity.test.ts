// The server's own key and certificate. The oracle is openssl.

import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UsageError } from "../../../src/core/errors.ts";
import { SILENT_LOG } from "../../../src/core/log.ts";
import { CertificateFiles } from "../../../src/server/access/certificate-files.ts";
import { ownIdentity } from "../../../src/server/access/identity.ts";
import { openssl, selfSigned } from "../../support/certificates.ts";

const NAMES = ["camera.local", "localhost", "127.0.0.1", "::1", "2001:db8::7"];

let folder = "";
let certificate = "";
let key = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipstream-test-"));
  certificate = join(folder, "tls-certificate.pem");
  key = join(folder, "tls-key.pem");
});
afterEach(() => rm(folder, { recursive: true }));

const own = (names: readonly string[] = NAMES) => ownIdentity(folder, names, SILENT_LOG);

test("ownIdentity: openssl reads a self-signed ECDSA certificate on P-256 for all names, and accepts it", async () => {
  const { publicKey, expiresAt } = await own();
  const text = await openssl("x509", "-in", certificate, "-noout", "-text");
  expect(text).toContain("ecdsa-with-SHA256");
  expect(text).toContain("prime256v1");
  expect(text).toContain("CA:FALSE");
  expect(
    await openssl("verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", certificate, certificate),
  ).toContain("OK");
  for (const name of NAMES) {
    const flag = /^[\d.]+$|:/.test(name) ? "-checkip" : "-checkhost";
    expect(await openssl("x509", "-in", certificate, "-noout", flag, name)).toContain("does match");
  }
  const spki = join(folder, "spki.der");
  await openssl("pkey", "-in", key, "-pubout", "-outform", "der", "-out", spki);
  const digest = await openssl("dgst", "-sha256", "-r", spki);
  expect(Buffer.from(publicKey, "base64").toString("hex")).toBe(digest.slice(0, 64));
  expect(expiresAt.getUTCFullYear()).toBe(9999);
});

test("ownIdentity: key and certificate stay, and are readable for their owner only", async () => {
  const first = await own();
  expect(await own()).toEqual(first);
  for (const file of [key, certificate]) expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test("ownIdentity: a new name of the machine, and a certificate that is lost or damaged, keep the key", async () => {
  const first = await own();
  const renamed = await own([...NAMES, "192.0.2.7"]);
  expect(renamed.publicKey).toBe(first.publicKey);
  expect(await openssl("x509", "-in", certificate, "-noout", "-checkip", "192.0.2.7")).toContain("does match");
  await rm(certificate);
  expect((await own()).publicKey).toBe(first.publicKey);
  await writeFile(certificate, "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", { mode: 0o600 });
  expect((await own()).publicKey).toBe(first.publicKey);
});

test("ownIdentity: servers that start at the same time have the same key", async () => {
  const all = await Promise.all(Array.from({ length: 8 }, () => own()));
  expect(new Set(all.map(({ publicKey }) => publicKey)).size).toBe(1);
});

test("ownIdentity: a folder that cannot be written is an error that says what to do, until it has a key", async () => {
  const nowhere = ownIdentity("/proc/slipstream", NAMES, SILENT_LOG);
  await expect(nowhere).rejects.toThrow(
    /^the server's key for TLS cannot be kept: .*XDG_STATE_HOME.*--tls-cert.*--no-tls$/,
  );
  const { publicKey } = await own();
  await rm(certificate);
  await mkdir(certificate); // no file can be written here
  await expect(own()).rejects.toThrow(UsageError); // and none can be read
  await rm(certificate, { recursive: true });
  expect((await own()).publicKey).toBe(publicKey);
});

test("ownIdentity: a key that others can read is refused, and a damaged one is not replaced", async () => {
  await own();
  await chmod(key, 0o644);
  await expect(own()).rejects.toThrow(UsageError);
  await chmod(key, 0o600);
  const text = await readFile(key, "utf8");
  await writeFile(key, text.replace(/M/g, "N"));
  await expect(own()).rejects.toThrow(/tls-key\.pem contains a private key that cannot be read/);
  expect(await readFile(key, "utf8")).not.toBe(text);
});

test("CertificateFiles: a warning names a key that every user can read, and none a key of the owner and group", async () => {
  const files = await selfSigned(folder, "server", "IP:127.0.0.1");
  const warnings: string[] = [];
  const log = { ...SILENT_LOG, warning: (text: string) => void warnings.push(text) };
  for (const mode of [0o640, 0o644]) {
    await chmod(files.key, mode);
    (await CertificateFiles.open(files, log)).close();
  }
  expect(warnings).toEqual([expect.stringContaining(`can read the TLS key in ${files.key}`)]);
});
