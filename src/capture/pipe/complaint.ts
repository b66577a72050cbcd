// Finds ffmpeg's message about an input that it cannot read, and converts it into a SourceError. The error contains no passwords,
// and it says how soon the source is tried again.

import { SourceError } from "../../core/errors.ts";
import { printable } from "../../core/printable.ts";
import { isAddress, shownAddress, withoutSecrets } from "../../core/shown-address.ts";
import { explainStatus, passwordMissing } from "../refusals.ts";
import type { FfmpegInput } from "./ffmpeg-input.ts";

/** Matches a line of a progress report (print_report in fftools/ffmpeg.c). The last line of each report is `progress=`. */
const PROGRESS_LINE =
  /^(?:frame|fps|stream_\d+_\d+_\w+|bitrate|total_size|out_time(?:_us|_ms)?|dup_frames|drop_frames|speed|progress)=/;

/** How many of the last lines of standard error are kept. */
const MOST_COMPLAINTS = 16;

/**
 * Matches lines of ffmpeg that give no reason: advice about its command line, and consequences of an error that it has already
 * named.
 */
const ADVICE =
  /^(?:To ignore this|Did you mean|\[concat @ 0x[0-9a-f]+\] Impossible to open|Error marking filters as finished|Conversion failed!|Cannot determine format of input stream \d)/;

/** Matches messages that are too general. In this case the line before has the reason, from the part of ffmpeg that failed. */
const VAGUE =
  /^Error while decoding stream|: (?:Input\/output error|Invalid argument|Operation not permitted|Immediate exit requested|Server returned .*)$/;

/** Matches the message about an option that a newer ffmpeg has, for example -fps_mode of ffmpeg 5.1. */
const UNKNOWN_OPTION = /^Unrecognized option '([\w:]+)'/;

/**
 * Returns the line of ffmpeg's output that gives the reason, without `[demuxer @ 0x…]` and without the input's name. Calls
 * `onProgress` after each progress report.
 */
export async function lastComplaint(stderr: ReadableStream<Uint8Array>, onProgress: () => void): Promise<string> {
  const decoder = new TextDecoder();
  let tail: string[] = [];
  let rest = "";
  for await (const chunk of stderr) {
    const texts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = texts.pop()?.slice(-4096) ?? "";
    tail = [...tail, ...texts.filter((text) => !PROGRESS_LINE.test(text))].slice(-MOST_COMPLAINTS);
    if (texts.some((text) => text.startsWith("progress="))) onProgress();
  }
  const lines = [...tail, rest].map(printable).filter((line) => line.trim() !== "" && !ADVICE.test(line));
  const [before = "", last = ""] = [lines.at(-2), lines.at(-1)];
  const isSpoken = (line: string) => /^\[[^\]]* @ 0x[0-9a-f]+\]/.test(line);
  const chosen = VAGUE.test(last) && isSpoken(before) ? before : last;
  // ffmpeg's last line is then about the command line as a whole (fftools/cmdutils.c).
  const unknown = lines.find((line) => UNKNOWN_OPTION.test(line));
  if (unknown !== undefined)
    return `this ffmpeg does not know the option ${UNKNOWN_OPTION.exec(unknown)?.[1]}: install ffmpeg 5.1 or newer`;
  const reason = chosen.replace(/^\[[^\]]* @ 0x[0-9a-f]+\]\s*/, "").trim();
  if (reason.includes("matches no streams")) return "there is no video in it";
  const lacking = /^Unknown input format: '(\w+)'/.exec(reason)?.[1];
  if (lacking !== undefined)
    return `this ffmpeg was built without ${lacking}: install an ffmpeg with it ('ffmpeg -devices' lists the supported devices)`;
  return isSpoken(chosen) ? reason : reason.replace(/^.*: (?=[A-Z])/, "");
}

/** Matches ffmpeg's messages with a status code (libavformat/rtsp.c and http.c, and the error names in libavutil/error.c). */
const STATUS = /(?:method \w+ failed:|HTTP error|Server returned) (\d{3}) ?([^(]*)/;

/** Matches the messages of the system and of libavformat/tcp.c about a host that cannot be reached. */
const UNREACHABLE =
  /Connection refused|Failed to resolve hostname|Name or service not known|No route to host|Network is unreachable|Connection timed out|Host is down/;

/**
 * Matches the message of libavformat/http.c about an answer that ends early. Without a declared length, its second number is
 * 2^64 - 1.
 */
const ENDS_EARLY = /Stream ends prematurely at (\d+), should be \d+/;

/** Returns the error for a message of ffmpeg. `complaint` is the message without the name of the part of ffmpeg that wrote it. */
export function explainComplaint(
  { name, address }: Pick<FfmpegInput, "name" | "address">,
  complaint: string,
): SourceError {
  const [, status, text = ""] = STATUS.exec(complaint) ?? [];
  const isNetwork = address !== null || isAddress(name);
  if (isNetwork && status !== undefined) {
    const isLoginMissing = status === "401" && address !== null && shownAddress(address) === address;
    return isLoginMissing ? passwordMissing(name) : explainStatus(name, Number(status), text.trim());
  }
  const [, bytes] = ENDS_EARLY.exec(complaint) ?? [];
  const plain = bytes === undefined ? complaint : `its answer ends after ${bytes} bytes`;
  const reason = address === null ? plain : withoutSecrets(plain, address);
  const retry = isNetwork && UNREACHABLE.test(complaint) ? "growing" : "soon";
  return new SourceError(`cannot read video from ${name}: ${reason}`, { retry });
}
