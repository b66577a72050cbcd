// Explains why a camera cannot be read over HTTP, and decides how soon it is tried again.

import { codeOf, messageOf, SourceError } from "../../core/errors.ts";
import { printable } from "../../core/printable.ts";

/** The texts for the error codes of Bun's fetch. */
const NETWORK: Readonly<Record<string, string>> = {
  ECONNREFUSED: "Connection refused",
  ENOTFOUND: "the host is unknown",
  ECONNRESET: "the connection was closed",
  EHOSTUNREACH: "there is no route to the host",
  ENETUNREACH: "there is no route to the host",
  Malformed_HTTP_Response: "its answer is not HTTP",
  ZlibError: "its answer is not compressed as its header says",
};

/**
 * Errors of a host that is switched off, or whose address is wrong. It will not come back within seconds, so the pauses between
 * tries grow.
 */
const UNREACHABLE: ReadonlySet<string> = new Set(["ECONNREFUSED", "ENOTFOUND", "EHOSTUNREACH", "ENETUNREACH"]);

const CERTIFICATE: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is self-signed",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate is from an authority that is not known",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its certificate is from an authority that is not known",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its certificate is from an authority that is not known",
  UNABLE_TO_GET_ISSUER_CERT: "its certificate is from an authority that is not known",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another name",
  CERT_HAS_EXPIRED: "its certificate has expired",
  CERT_NOT_YET_VALID: "its certificate is not valid yet",
};

/** Returns the error for a connection that failed or that broke before the answer. */
export function explainConnection(name: string, cause: unknown): SourceError {
  const code = codeOf(cause) ?? "";
  const wrong = CERTIFICATE[code];
  if (wrong !== undefined) {
    const text = `cannot read video from ${name}: ${wrong} (--certificate FILE trusts the certificate in a file, see docs/cameras.md)`;
    return new SourceError(text, { retry: "growing", cause });
  }
  // The messages of fetch repeat the address, and a password may be in its query.
  const reason = NETWORK[code] ?? (code === "" ? printable(messageOf(cause)).replace(/ fetching ".*/, "") : code);
  const retry = UNREACHABLE.has(code) ? "growing" : "soon";
  return new SourceError(`cannot read video from ${name}: ${reason}`, { retry, cause });
}

/** Returns the error for an answer that ended without a picture. */
export function answersWithoutPicture(name: string): SourceError {
  return new SourceError(`cannot read video from ${name}: its answer contains no picture`, { retry: "growing" });
}

/** Returns the error for the address of a web page that shows the video. */
export function answersWithPage(name: string): SourceError {
  const text = `cannot read video from ${name}: the address is a web page: write the address of the video itself`;
  return new SourceError(text, { retry: "growing" });
}

/** Returns the error for an answer with text of the type `type`. */
export function answersWithText(name: string, type: string): SourceError {
  const text = `cannot read video from ${name}: it answers with text (${printable(type)}) instead of video`;
  return new SourceError(text, { retry: "growing" });
}

/** Returns the error for a single picture that is not a JPEG. */
export function answersWithStill(name: string, format: string): SourceError {
  const text = `cannot read video from ${name}: it answers with a ${format} picture, and over HTTP only JPEG pictures are read: write the address of its JPEG or of a stream`;
  return new SourceError(text, { retry: "growing" });
}

/** Returns the error for a stream that the camera has ended. */
export function hasEnded(name: string): SourceError {
  return new SourceError(`${name} has ended`, { retry: "soon" });
}
