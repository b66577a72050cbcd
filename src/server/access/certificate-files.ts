// The certificate and key that the operator has given. They are read again when their files change, and viewers stay connected.

import { readFileSync, statSync } from "node:fs";
import { messageOf, UsageError } from "../../core/errors.ts";
import { explainFileError } from "../../core/file-errors.ts";
import type { Log } from "../../core/log.ts";
import { showFingerprint } from "../../protocol/tls.ts";
import { stateOfFiles } from "../../state/file-state.ts";
import { checkIdentity, type IdentityNames, type ServerIdentity } from "./certificate.ts";

/** The paths of the certificate (with those of its issuers) and of the key. Both may be in one file. */
export type IdentityFiles = IdentityNames;

/**
 * The interval of checks for changes. The files are checked instead of watched, because programs that renew certificates may
 * replace links, files or folders.
 */
const POLL_MS = 1_000;
/** The largest file. It is larger than any chain of certificates. */
const MAX_FILE_BYTES = 1024 * 1024;
const READABLE_BY_OTHERS = 0o004;

export class CertificateFiles {
  readonly #files: IdentityFiles;
  readonly #log: Log;
  readonly #polling: ReturnType<typeof setInterval>;
  #current: ServerIdentity;
  /** The state of the files at the last poll. */
  #seen: string;
  #isPolling = false;

  private constructor(files: IdentityFiles, current: ServerIdentity, seen: string, log: Log) {
    this.#files = files;
    this.#log = log;
    this.#current = current;
    this.#seen = seen;
    this.#polling = setInterval(() => void this.#poll(), POLL_MS);
    this.#polling.unref();
  }

  /** Reads the files and watches them. Throws UsageError if they cannot be used. */
  static async open(files: IdentityFiles, log: Log): Promise<CertificateFiles> {
    const seen = await stateOfFiles(pathsOf(files));
    const identity = read(files);
    warnOfReaders(files.key, log);
    return new CertificateFiles(files, identity, seen, log);
  }

  get current(): ServerIdentity {
    return this.#current;
  }

  close(): void {
    clearInterval(this.#polling);
  }

  async #poll(): Promise<void> {
    if (this.#isPolling) return; // the last check still runs, for example on a slow network file system
    this.#isPolling = true;
    const seen = await stateOfFiles(pathsOf(this.#files));
    this.#isPolling = false;
    if (seen === this.#seen) return;
    this.#seen = seen;
    // The two files are not replaced at the same moment, so they are read only when both have not changed for some time.
    setTimeout(() => void this.#readAgain(seen), POLL_MS).unref();
  }

  async #readAgain(seen: string): Promise<void> {
    if ((await stateOfFiles(pathsOf(this.#files))) !== seen) return; // the next check handles the newer state
    try {
      const next = read(this.#files);
      if (next.certificate === this.#current.certificate && next.key === this.#current.key) return;
      this.#current = next;
      this.#log.info(
        `the certificate was reloaded: it is valid until ${next.expiresAt.toISOString().slice(0, 10)} (fingerprint ${showFingerprint(next.publicKey)})`,
      );
    } catch (error) {
      this.#log.warning(
        `the changed certificate cannot be used, so the previous one stays in use: ${messageOf(error)}`,
      );
    }
  }
}

function pathsOf({ certificate, key }: IdentityFiles): string[] {
  return [certificate, key];
}

/** Warns if every user of the machine can read the key. Its group may, because programs that renew certificates use groups. */
function warnOfReaders(key: string, log: Log): void {
  if (((statSync(key, { throwIfNoEntry: false })?.mode ?? 0) & READABLE_BY_OTHERS) === 0) return;
  log.warning(`every user of this machine can read the TLS key in ${key}: run 'chmod o-r ${key}'`);
}

function read(files: IdentityFiles): ServerIdentity {
  const certificate = readText(files.certificate);
  const key = files.key === files.certificate ? certificate : readText(files.key);
  return checkIdentity(certificate, key, files);
}

function readText(path: string): string {
  try {
    const file = statSync(path);
    if (file.isDirectory()) throw new UsageError(`cannot read ${path}: it is a folder`);
    // Reading a pipe would block the program.
    if (!file.isFile()) throw new UsageError(`cannot read ${path}: it is not a regular file`);
    if (file.size > MAX_FILE_BYTES)
      throw new UsageError(`cannot read ${path}: it is too large for a certificate or key`);
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`cannot read ${path}: ${explainFileError(error)}`);
  }
}
