// Certificates for tests, made by openssl: authorities, servers with names, expired certificates, self-signed ones.

import { join } from "node:path";

/** The paths of a certificate (followed by that of its issuer in the same file) and of its key. */
export interface CertificateFile {
  certificate: string;
  key: string;
}

const EC_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** Makes a self-signed certificate: an authority, or a server if `names` is given. */
export async function selfSigned(folder: string, name: string, names: string | null = null): Promise<CertificateFile> {
  const files = { certificate: join(folder, `${name}.pem`), key: join(folder, `${name}-key.pem`) };
  const extensions = names === null ? [] : ["-addext", `subjectAltName=${names}`];
  await openssl(
    ...["req", "-x509", ...EC_KEY, "-subj", `/CN=${name}`, "-days", "30", ...extensions],
    ...["-keyout", files.key, "-out", files.certificate],
  );
  return files;
}

/** Makes a certificate of a server for `names`, for example `DNS:localhost,IP:127.0.0.1`. `authority` signs it. */
export async function issued(
  folder: string,
  name: string,
  authority: CertificateFile,
  { names, days = 30 }: { names: string; days?: number },
): Promise<CertificateFile> {
  const files = { certificate: join(folder, `${name}.pem`), key: join(folder, `${name}-key.pem`) };
  const request = join(folder, `${name}.csr`);
  const extensions = join(folder, `${name}.ext`);
  await Bun.write(extensions, `subjectAltName=${names}\n`);
  await openssl("req", ...EC_KEY, "-subj", `/CN=${name}`, "-keyout", files.key, "-out", request);
  await openssl(
    ...["x509", "-req", "-in", request, "-CA", authority.certificate, "-CAkey", authority.key, "-CAcreateserial"],
    ...["-days", String(days), "-extfile", extensions, "-out", files.certificate],
  );
  return files;
}

/** Runs openssl. Resolves with its output. Throws if it fails. */
export async function openssl(...flags: string[]): Promise<string> {
  const { code, text } = await tryOpenssl(flags);
  if (code !== 0) throw new Error(`openssl ${flags.join(" ")} failed: ${text}`);
  return text;
}

/** Runs openssl with an empty standard input. */
export async function tryOpenssl(flags: readonly string[]): Promise<{ code: number; text: string }> {
  const child = Bun.spawn(["openssl", ...flags], { stdio: ["ignore", "pipe", "pipe"] });
  const [out, errors] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, text: out + errors };
}
