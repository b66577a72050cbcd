// Passes an address with a password to ffmpeg through its standard input, because other users of the machine can read the
// arguments of a process.
//
// ffmpeg reads a list of inputs (ffconcat) that has only this address. The list adds no delay, because its demuxer passes on each
// packet at once (libavformat/concatdec.c, concat_read_packet).

import { shownAddress } from "../../core/shown-address.ts";

/**
 * The protocols that HTTP needs, also for encrypted segments of playlists and for session descriptions (RTP). It is the list in
 * libavformat/http.c.
 */
const WEB = "http,https,httpproxy,tls,tcp,crypto,data,rtp,udp";
/** RTSP may go through a tunnel of HTTP or HTTPS. */
const RTSP = "rtp,srtp,udp,tcp,tls,http,https,httpproxy";
const RTMP = "ffrtmphttp,ffrtmpcrypt,tcp,tls,http,https,httpproxy,crypto";

/**
 * The protocols that ffmpeg may use for an address and its redirects, by the scheme of the address. `file` is not among them, so
 * that a camera's playlist or redirect cannot make ffmpeg read files of this machine. ffmpeg has no option that limits it to one
 * host.
 */
const PROTOCOLS: Readonly<Record<string, string>> = {
  ...{ http: WEB, https: WEB, mmsh: WEB, ipfs: WEB, ipns: WEB },
  ...{ rtsp: RTSP, rtsps: RTSP },
  ...{ rtmp: RTMP, rtmpe: RTMP, rtmps: RTMP, rtmpt: RTMP, rtmpte: RTMP, rtmpts: RTMP },
};

/**
 * The protocols for other schemes (`udp`, `tcp`, `srt` …). Their streams can name other addresses only in session descriptions.
 */
const OTHER_PROTOCOLS = "tcp,udp,udplite,rtp,srtp,tls,crypto,data";

/** Returns the list for `-protocol_whitelist`. */
function protocolsOf(address: string): string {
  const [scheme = ""] = address.toLowerCase().split(":", 1);
  return `${PROTOCOLS[scheme] ?? OTHER_PROTOCOLS},${scheme}`;
}

export interface AddressInput {
  arguments: readonly string[];
  /** The content of ffmpeg's standard input, or null for none. */
  body: Uint8Array<ArrayBuffer> | null;
}

/** Returns the arguments that make ffmpeg read an address with these options of its demuxer. */
export function addressInput(address: string, options: Readonly<Record<string, string>>): AddressInput {
  const given = Object.entries(options);
  // In `udp://@239.0.0.1:1234` (a multicast group) the @ is not the end of a password.
  if (shownAddress(address) === address.replace("://@", "://")) {
    const flags = given.flatMap(([name, value]) => [`-${name}`, value]);
    return { arguments: ["-protocol_whitelist", protocolsOf(address), ...flags, "-i", address], body: null };
  }
  const lines = [
    "ffconcat version 1.0",
    `file ${quoted(address)}`,
    ...given.map(([name, value]) => `option ${name} ${quoted(value)}`),
  ];
  const live = options["fflags"] === undefined ? [] : ["-fflags", options["fflags"]]; // of the list's own demuxer
  const list = ["-f", "concat", "-safe", "0", "-protocol_whitelist", `pipe,${protocolsOf(address)}`];
  return { arguments: [...live, ...list, "-i", "pipe:0"], body: new TextEncoder().encode(`${lines.join("\n")}\n`) };
}

/**
 * Quotes text for a list. Between quotation marks, only the quotation mark has a meaning (ffmpeg-utils, "Quoting and escaping").
 * Line breaks are percent-encoded, because each line of the list is a command.
 */
function quoted(text: string): string {
  return `'${text.replace(/[\r\n]/g, encodeURIComponent).replaceAll("'", `'\\''`)}'`;
}
