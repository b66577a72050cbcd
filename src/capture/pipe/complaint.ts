// Converts ffmpeg's message about an input that it cannot read into a SourceError. The error contains no passwords, and it says
// how soon the source is tried again.

import { SourceError } from "../../core/errors.ts";
import { isAddress, shownAddress, withoutSecrets } from "../../core/shown-address.ts";
import { explainStatus, passwordMissing } from "../refusals.ts";
import type { FfmpegInput } from "./ffmpeg-input.ts";

/** Matches ffmpeg's messages with a status code (libavformat/rtsp.c and http.c, and the error names in libavutil/error.c). */
const STATUS = /(?:method \w+ failed:|HTTP error|Server returned) (\d{3}) ?([^(]*)/;

/** Matches the messages of the system and of libavformat/tcp.c about a host that cannot be reached. */
const UNREACHABLE =
  /Connection refused|Failed to resolve hostname|Name or service not known|No route to host|Network is unreachable|Connection timed out|Host is down/;

/** Matches the message of libavformat/http.c about an answer that ends early. Without a declared length, its second number is 2^64 - 1. */
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
