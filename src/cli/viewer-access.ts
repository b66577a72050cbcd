// Collects the ways in which `view` may get the key of its server: the link, SLIPSTREAM_KEY, --key-file, the store of known
// servers, and a question on the terminal.

import { readFileSync } from "node:fs";
import type { Link } from "../connect/address.ts";
import type { ChosenServer } from "../connect/discover.ts";
import type { KnownServersFile } from "../connect/known-servers.ts";
import { type AskForKey, type KeySource, ServerAccess } from "../connect/server-access.ts";
import { UsageError } from "../core/errors.ts";
import { explainFileError } from "../core/file-errors.ts";
import { readChain } from "../server/access/certificate.ts";
import { readKeyFile } from "../state/key-file.ts";

export const KEY_VARIABLE = "SLIPSTREAM_KEY";

export interface ViewerAccessOptions {
  link: Link;
  /** The server's announcement on the network, if the server was found in this way. */
  announced: ChosenServer["announced"];
  /** The value of --key-file. */
  keyFile: string | undefined;
  /** The value of SLIPSTREAM_KEY. */
  variable: string | undefined;
  knownServers: KnownServersFile;
  /** The value of --tls-ca. */
  tlsCa: string | undefined;
  ask: AskForKey | null;
  say: (text: string) => void;
}

/** Returns the access to the server. Throws UsageError if the store cannot be used. */
export async function openAccess(options: ViewerAccessOptions): Promise<ServerAccess> {
  const { link, announced, keyFile, variable, knownServers, tlsCa, ask, say } = options;
  const { address, key } = link;
  const sources: KeySource[] = [];
  if (key !== null) {
    const howToOmit = "leave the key out of the link";
    sources.push({ name: "the link", read: async () => key, isOwn: true, howToOmit });
  }
  if (variable?.trim()) {
    const howToOmit = `unset ${KEY_VARIABLE} for a server without keys`;
    sources.push({ name: KEY_VARIABLE, read: async () => variable, isOwn: false, howToOmit });
  }
  if (keyFile !== undefined) {
    const howToOmit = "leave out --key-file";
    sources.push({ name: "--key-file", read: async () => readKeyFile(keyFile), isOwn: true, howToOmit });
  }
  if (announced !== null && (await knownServers.entryOf(address)) === null) {
    // A known server may have a new address. It has to prove its pinned public key there, because anybody can announce a
    // fingerprint.
    const known = await knownServers.withFingerprint(announced.fingerprint);
    if (known !== null) knownServers.expect(address, known);
  }
  // An announcement can only require TLS. If it does not mention TLS, that means nothing, because anybody can send an
  // announcement.
  const scheme = link.scheme ?? (announced?.usesTls ? "slips" : null);
  const orAsk = ask === null ? ", or start view on a terminal, which asks for the key" : "";
  const advice = `give the link that the server printed (slips://KEY@HOST:PORT), ${KEY_VARIABLE} or --key-file FILE${orAsk}`;
  return new ServerAccess({
    address,
    scheme,
    sources,
    knownServers,
    authorities: readAuthorities(tlsCa),
    ask,
    advice,
    say,
  });
}

function readAuthorities(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  let pem: string;
  try {
    pem = readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${explainFileError(error)}`);
  }
  readChain(pem, path);
  return pem;
}
