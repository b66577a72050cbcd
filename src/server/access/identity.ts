// Opens the server's identity for TLS: from the files that the operator names, or the server's own, which is made at the first
// start.

import { hostname, networkInterfaces } from "node:os";
import { join } from "node:path";
import { messageOf, UsageError } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import { changePrivateFile, readPrivateFile, writePrivateFile } from "../../state/private-file.ts";
import { checkIdentity, coversNames, readKey, type ServerIdentity } from "./certificate.ts";
import { CertificateFiles, type IdentityFiles } from "./certificate-files.ts";
import { makeCertificate, makeKey } from "./certificate-make.ts";

/** An open identity. Each new connection gets the current one. */
export interface IdentitySource {
  readonly current: ServerIdentity;
  /** Stops watching files. */
  close(): void;
}

const KEY_FILE = "tls-key.pem";
const CERTIFICATE_FILE = "tls-certificate.pem";
/** The largest number of names in a certificate. A machine with many containers may have very many addresses. */
const MOST_NAMES = 64;

/**
 * Opens the identity in `files`, or without them the server's own in `folder`. Throws UsageError with one line if the files
 * cannot be used.
 */
export async function openIdentity(files: IdentityFiles | null, folder: string, log: Log): Promise<IdentitySource> {
  if (files !== null) return await CertificateFiles.open(files, log);
  const current = await ownIdentity(folder, namesOfMachine(), log);
  return { current, close: () => undefined };
}

/**
 * Reads the server's own key and certificate, and makes those that are missing. The key stays the same, because viewers know the
 * server by it. A certificate that lacks one of the `names` is made again.
 */
export async function ownIdentity(folder: string, names: readonly string[], log: Log): Promise<ServerIdentity> {
  const paths = { certificate: join(folder, CERTIFICATE_FILE), key: join(folder, KEY_FILE) };
  const key = readPrivateFile(paths.key) ?? newKey(paths.key, log);
  // This throws for a damaged key. The key is not replaced, because viewers would refuse the server with another key.
  readKey(key, paths.key);
  const kept = readPrivateFile(paths.certificate);
  if (kept !== null && coversNames(kept, names)) {
    try {
      return checkIdentity(kept, key, paths);
    } catch (error) {
      log.debug(`the certificate is made again: ${messageOf(error)}`); // for example because it belongs to another key
    }
  }
  const certificate = await makeCertificate(key, names);
  const identity = checkIdentity(certificate, key, paths);
  try {
    writePrivateFile(paths.certificate, certificate);
  } catch (error) {
    log.debug(`the certificate is made again at the next start: ${messageOf(error)}`); // the key is all that viewers keep
  }
  return identity;
}

/** Makes the key, unless another server has just done so. Throws UsageError if it cannot be kept. */
function newKey(path: string, log: Log): string {
  let key = makeKey();
  let isNew = true;
  try {
    changePrivateFile(path, (present) => {
      isNew = present === null;
      key = present ?? key;
      return isNew ? key : null;
    });
  } catch (error) {
    throw new UsageError(
      `the server's key for TLS cannot be kept: ${messageOf(error)}; set XDG_STATE_HOME to a folder that can be written, name a certificate by --tls-cert, or use --no-tls`,
    );
  }
  if (isNew) log.info(`made the server's key for TLS: ${path}`);
  return key;
}

/** Returns the names and addresses by which viewers may reach this machine. */
function namesOfMachine(): string[] {
  const addresses = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ internal, scopeid }) => !internal && !scopeid) // without addresses of fe80::, which need a zone
    .map(({ address }) => address);
  const own = hostname();
  const host = /^[\w.-]+$/.test(own) ? [own, `${own.split(".")[0]}.local`] : [];
  return [...new Set([...host, "localhost", "127.0.0.1", "::1", ...addresses])].slice(0, MOST_NAMES);
}
