// Makes an error of what ffmpeg says about an input that it cannot read, without secrets and with how soon it is tried again.

import { SourceError } from "../../core/errors.ts";
import { isAddress, shownAddress, withoutSecrets } from "../../core/shown-address.ts";
import { explainStatus, passwordMissing } from "../refusals.ts";
import type { FfmpegInput } from "./ffmpeg-input.ts";

/** The lines of libavformat/rtsp.c and http.c, and the names of its errors (libavutil/error.c), which have no number for some. */
const STATUS = /(?:method \w+ failed:|HTTP error|Server returned) (\d{3}) ?([^(]*)/;

/** The texts of the system and of libavformat/tcp.c for a host that cannot be reached. */
const UNREACHABLE =
  /Connection refused|Failed to resolve hostname|Name or service not known|No route to host|Network is unreachable|Connection timed out|Host is down/;

/** `complaint` is a line without the names of ffmpeg's parts. */
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
  const reason = address === null ? complaint : withoutSecrets(complaint, address);
  const retry = isNetwork && UNREACHABLE.test(complaint) ? "growing" : "soon";
  return new SourceError(`cannot read video from ${name}: ${reason}`, { retry });
}
