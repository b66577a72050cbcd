// Gives ffmpeg an address with a password where other users of the machine cannot read it, as they can read the arguments of a process.
//
// ffmpeg reads a list of inputs on its standard input, with this address as the only one. The demuxer of the list adds no delay: it hands
// on each packet of its input at once (libavformat/concatdec.c, concat_read_packet).

import { shownAddress } from "../../core/shown-address.ts";

/** What ffmpeg may open behind an address. Without `file`, a camera's playlist or redirect cannot make it read files of this machine. */
const PROTOCOLS =
  "pipe,http,https,httpproxy,tls,tcp,udp,udplite,rtp,srtp,crypto,data,rtmp,rtmpe,rtmps,rtmpt,rtmpte,rtmpts,ffrtmphttp,ffrtmpcrypt";

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
    return { arguments: [...given.flatMap(([name, value]) => [`-${name}`, value]), "-i", address], body: null };
  }
  const [scheme = ""] = address.toLowerCase().split(":", 1);
  const lines = [
    "ffconcat version 1.0",
    `file ${quoted(address)}`,
    ...given.map(([name, value]) => `option ${name} ${quoted(value)}`),
  ];
  const live = options["fflags"] === undefined ? [] : ["-fflags", options["fflags"]]; // of the list's own demuxer
  const list = ["-f", "concat", "-safe", "0", "-protocol_whitelist", `${PROTOCOLS},${scheme}`];
  return { arguments: [...live, ...list, "-i", "pipe:0"], body: new TextEncoder().encode(`${lines.join("\n")}\n`) };
}

/** In quotation marks only the mark itself has a meaning (ffmpeg-utils, "Quoting and escaping"). A line break would begin another line. */
function quoted(text: string): string {
  return `'${text.replace(/[\r\n]/g, encodeURIComponent).replaceAll("'", `'\\''`)}'`;
}
