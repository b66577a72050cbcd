// Parses the address of a server, with the name of one of its cameras: HOST, HOST:PORT or [IPv6]:PORT, and then /NAME.

import { UsageError } from "../../core/errors.ts";
import { formatHostPort } from "../../core/host-port.ts";
import { DEFAULT_PORT, MAX_CAMERA_NAME_BYTES } from "../../protocol/wire.ts";

export interface Address {
  host: string;
  port: number;
  /** The name of a camera, or a part of it. An empty name means the first camera. */
  camera: string;
}

/** Parses an address. Throws UsageError if the text is not a host with an optional port and camera name. */
export function parseAddress(text: string): Address {
  const match = /^(?:\[([0-9a-fA-F:.%\w]+)\]|([^:\s/[\]]+))(?::(\d{1,5}))?(?:\/([^\n]*))?$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? DEFAULT_PORT : Number(match[3]);
  if (host === undefined || port < 1 || port > 65535) {
    throw new UsageError(
      `'${text}' is not an address: write HOST, HOST:PORT or HOST:PORT/CAMERA, for example camera.local:10050 or [::1]:10050/door`,
    );
  }
  const camera = match?.[4] ?? "";
  if (new TextEncoder().encode(camera).length > MAX_CAMERA_NAME_BYTES) {
    throw new UsageError(
      `'${camera}' is too long for the name of a camera: the limit is ${MAX_CAMERA_NAME_BYTES} bytes`,
    );
  }
  return { host, port, camera };
}

export function formatAddress({ host, port, camera }: Address): string {
  const where = formatHostPort(host, port);
  return camera === "" ? where : `${where}/${camera}`;
}
