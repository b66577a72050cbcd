// Gives ffmpeg an address with a password where other users of the machine cannot read it, as they can read the arguments of a process.
//
// ffmpeg reads a list of inputs on its standard input, with this address as the only one. The demuxer of the list adds no delay: it hands
// on each packet of its input at once (libavformat/concatdec.c, concat_read_packet).

import { shownAddress } from "../../core/shown-address.ts";

/** As libavformat/http.c itself has it: what HTTP stands on, encrypted segments of playlists, and RTP for session descriptions. */
const WEB = "http,https,httpproxy,tls,tcp,crypto,data,rtp,udp";
/** RTSP may go through a tunnel of HTTP or HTTPS. */
const RTSP = "rtp,srtp,udp,tcp,tls,http,https,httpproxy";
const RTMP = "ffrtmphttp,ffrtmpcrypt,tcp,tls,http,https,httpproxy,crypto";

/**
 * What ffmpeg may open behind an address, by scheme. Without `file` and the like, a camera's playlist or redirect cannot make it read
 * files of this machine, and a web camera cannot make it speak other protocols. ffmpeg cannot be kept to one host.
 */
const PROTOCOLS: Readonly<Record<string, string>> = {
  ...{ http: WEB, https: WEB, mmsh: WEB, ipfs: WEB, ipns: WEB },
  ...{ rtsp: RTSP, rtsps: RTSP },
  ...{ rtmp: RTMP, rtmpe: RTMP, rtmps: RTMP, rtmpt: RTMP, rtmpte: RTMP, rtmpts: RTMP },
};

/** Other schemes (`udp`, `tcp`, `srt` …) carry one stream, which names nothing else but the parts of a session. */
const OTHER_PROTOCOLS = "tcp,udp,udplite,rtp,srtp,tls,crypto,data";

/** Returns the list for `-protocol_whitelist`. */
function protocolsOf(address: string): string {
  const [scheme = ""] = address.toLowerCase().split(":", 1);
  return `${PROTOCOLS[scheme] ?? OTHER_PROTOCOLS},${scheme}`;
}

export interface AddressInput {
  arguments: readonly string[];
  /** What ffmpeg reads on its standard input; null: nothing. */
  body: Uint8Array<ArrayBuffer> | null;
}

/** Returns the arguments that make ffmpeg read an address with these options of its demuxer. */
export function addressInput(address: string, options: Readonly<Record<string, string>>): AddressInput {
  const given = Object.entries(options);
  // `udp://@239.0.0.1:1234` is a group from any sender.
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

/** In quotation marks only the mark itself has a meaning (ffmpeg-utils, "Quoting and escaping"). A line break would begin another line. */
function quoted(text: string): string {
  return `'${text.replace(/[\r\n]/g, encodeURIComponent).replaceAll("'", `'\\''`)}'`;
}
