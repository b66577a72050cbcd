// Opens the source that is a camera of another server: slip://HOST:PORT/CAMERA or slips://KEY@HOST:PORT/CAMERA.

import type { SourceOptions } from "../../capture/open.ts";
import type { Source } from "../../capture/source.ts";
import { parseLink } from "../../connect/address.ts";
import { KnownServersFile } from "../../connect/known-servers.ts";
import { type KeySource, ServerAccess } from "../../connect/server-access.ts";
import { UsageError } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import { shownAddress } from "../../core/shown-address.ts";
import { stateFolder } from "../../state/folder.ts";
import { RelaySource } from "./relay-source.ts";

/** The settings that only other sources have. The pictures of a server are passed on as they are. */
const NOT_OF_A_RELAY = {
  size: "--size",
  framesPerSecond: "--fps",
  pixelFormat: "--pixel-format",
  device: "--device",
  certificate: "--certificate",
} as const satisfies Partial<Record<keyof SourceOptions, string>>;

/** Opens the source, without connecting. Throws UsageError for a link that is not right, which never quotes a key. */
export function openRelay(options: SourceOptions, log: Log): Source {
  const { source, writtenAt } = options;
  const name = shownAddress(source);
  try {
    for (const [option, flag] of Object.entries(NOT_OF_A_RELAY)) {
      if (options[option as keyof typeof NOT_OF_A_RELAY] != null)
        throw new UsageError(`${flag} does not apply to a camera of another server: leave it out for ${name}`);
    }
    if ((options.settings ?? []).length > 0)
      throw new UsageError(
        `--set does not apply to a camera of another server: set it on that server, not for ${name}`,
      );
    const { address, scheme, key } = parseLink(source);
    const link: KeySource = {
      name: "the link",
      read: async () => key,
      isOwn: true,
      howToOmit: "leave the key out of the link",
    };
    const access = new ServerAccess({
      address,
      scheme,
      sources: key === null ? [] : [link],
      knownServers: new KnownServersFile(stateFolder()),
      ask: null,
      advice: "write the link that the server printed (slips://KEY@HOST:PORT/CAMERA)",
      say: (text) => log.info(text),
    });
    return new RelaySource({ name, address, access, log });
  } catch (error) {
    if (!(error instanceof UsageError) || writtenAt === undefined) throw error;
    throw new UsageError(`${writtenAt}: ${error.message}`);
  }
}
