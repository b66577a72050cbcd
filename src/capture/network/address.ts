// Parses the addresses tcp://HOST:PORT and udp://HOST:PORT, in the syntax of ffmpeg.

export interface NetworkAddress {
  protocol: "tcp" | "udp";
  /** The host. An empty host means all addresses of this machine (UDP only). */
  host: string;
  port: number;
}

/** Matches options in an address that only set the sizes of ffmpeg's buffers. They need no ffmpeg, so they are ignored here. */
const TUNING = /^(?:pkt_size|buffer_size|fifo_size|overrun_nonfatal|recv_buffer_size)=[^=]*$/;

/** Parses an address. Returns null for all other addresses, and for options that only ffmpeg knows, for example `?listen`. */
export function parseNetworkAddress(url: string): NetworkAddress | null {
  const match = /^(tcp|udp):\/\/@?(\[[^\]]+\]|[^:/?#@[\]]*):(\d{1,5})\/?(?:\?(.*))?$/i.exec(url);
  if (match === null) return null;
  const [, protocol, host, port, query = ""] = match as unknown as [string, string, string, string, string | undefined];
  const isTcp = protocol.toLowerCase() === "tcp";
  const isKnown = query === "" || query.split("&").every((option) => TUNING.test(option));
  if (!isKnown || Number(port) > 65_535 || (isTcp && host === "")) return null;
  return { protocol: isTcp ? "tcp" : "udp", host: host.replace(/^\[|\]$/g, ""), port: Number(port) };
}
