// Parses the address of an HTTP camera, and separates user name and password from the address to request.

import { UsageError } from "../../core/errors.ts";
import { withEncodedUser } from "../encoded-user.ts";
import type { Credentials } from "./authorization.ts";

export interface CameraAddress {
  /** The address without user name, password and fragment. */
  url: URL;
  /** The user name and password, or null. */
  credentials: Credentials | null;
}

/**
 * Parses an address. Throws UsageError for other text. The error contains `name` instead of the text, because the text may have a
 * password.
 */
export function parseAddress(text: string, name: string): CameraAddress {
  const address = withEncodedUser(text);
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url === null || url.hostname === "") {
    throw new UsageError(
      `${name} is not an address: write http://HOST/PATH, and in a user name or password write / as %2F, ? as %3F and # as %23`,
    );
  }
  return { url: withoutUser(url), credentials: credentialsOf(url) };
}

/** Returns the user name and password of an address, or null. */
export function credentialsOf({ username, password }: URL): Credentials | null {
  return username === "" && password === "" ? null : { user: decoded(username), password: decoded(password) };
}

/** Returns a copy of an address without user name, password and fragment. */
export function withoutUser(url: URL): URL {
  const plain = new URL(url);
  plain.username = plain.password = plain.hash = "";
  return plain;
}

/** Decodes percent-encoded text. A percent sign that encodes no character is kept. */
function decoded(text: string): string {
  return text.replace(/(?:%[\da-f]{2})+/gi, (encoded) => {
    try {
      return decodeURIComponent(encoded);
    } catch {
      return encoded;
    }
  });
}
