// Opens the doors of a server: the port for viewers, and the HTTP door. Both have the same certificate.

import { ConnectionError } from "../core/errors.ts";
import { isLoopbackHost } from "../core/host-port.ts";
import type { Log } from "../core/log.ts";
import { showFingerprint } from "../protocol/tls.ts";
import { stateFolder } from "../state/folder.ts";
import { type IdentitySource, openIdentity } from "./access/identity.ts";
import type { HttpDoor } from "./doors/http/door.ts";
import { PausingDoor } from "./doors/pausing-door.ts";
import { openTcpDoor } from "./doors/tcp.ts";
import type { ServeReport } from "./report/report.ts";
import type { ResolvedServeOptions } from "./settings/options.ts";
import type { WebParts } from "./web-door.ts";

export interface Doors {
  viewers: PausingDoor;
  /** The HTTP door, or null if it is not wanted or if its default port is taken. */
  web: HttpDoor | null;
  /** The key and certificate of both doors, or null without TLS. */
  identity: IdentitySource | null;
}

/**
 * Opens the doors, and warns if anybody can watch or read what is sent. `saysOpen` is the option `open`. The doors are closed with
 * `opening`. Throws ConnectionError when a
 * port is in use, and UsageError for files of a certificate that cannot be used.
 */
export async function openDoors(
  opening: AsyncDisposableStack,
  options: ResolvedServeOptions,
  parts: Omit<WebParts, "host" | "http" | "identity"> & { saysOpen: boolean },
): Promise<Doors> {
  const { host, tls } = options;
  const { reception } = parts;
  const serverLog = parts.log.getChild("server");
  const identity = tls === null ? null : await openIdentity(tls.files, stateFolder(), serverLog);
  opening.defer(() => identity?.close());
  const connect: Parameters<typeof openTcpDoor>[0]["connect"] = (connection) => reception.connect(connection);
  const shuns = (ip: string) => reception.shuns(ip);
  const openPort = (port: number) => openTcpDoor({ host, port, identity, connect, shuns });
  const viewers = opening.use(new PausingDoor(openPort, options.port, "viewers", serverLog));
  if (parts.saysOpen && !isLoopbackHost(host)) {
    serverLog.warning(`--open: everybody who reaches port ${viewers.port} can watch, and no key is asked for`);
  }
  const web = await openWeb(options, { ...parts, identity, log: parts.log.getChild("web") }, serverLog);
  opening.defer(() => web?.[Symbol.dispose]());
  if (identity === null && !isLoopbackHost(host)) {
    serverLog.warning(
      "--no-tls: pictures are sent without encryption, and everybody on their way can see and change them",
    );
  }
  return { viewers, web, identity };
}

/** Opens the HTTP door, whose code is loaded only now. Returns null if it is not wanted, or if its default port is taken. */
async function openWeb(
  { host, http }: ResolvedServeOptions,
  parts: Omit<WebParts, "host" | "http">,
  serverLog: Log,
): Promise<HttpDoor | null> {
  if (http === null) return null;
  const { openWebDoor } = await import("./web-door.ts");
  try {
    return openWebDoor({ ...parts, host, http });
  } catch (error) {
    if (!http.isDefaultPort || !(error instanceof ConnectionError)) throw error;
    serverLog.warning(`the server runs without its web page: ${error.message}`);
    return null;
  }
}

/** The part of the public key's fingerprint that is announced. */
export function shortFingerprint(identity: IdentitySource | null): string {
  return identity === null ? "" : Buffer.from(identity.current.publicKey, "base64").toString("hex").slice(0, 16);
}

/** What the report of the server says about its certificate. */
export function tlsReport(identity: IdentitySource | null): ServeReport["tls"] {
  if (identity === null) return null;
  const { publicKey, expiresAt } = identity.current;
  return { fingerprint: showFingerprint(publicKey), expires: expiresAt.toISOString() };
}
