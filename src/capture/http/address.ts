// An address of a camera, divided into what is requested and the password.

import { UsageError } from "../../core/errors.ts";
import type { Credentials } from "./authorization.ts";

export interface CameraAddress {
  /** Without user name, password and fragment. */
  url: URL;
  /** Null when the address has none. */
  credentials: Credentials | null;
}

/** Throws UsageError for text that is no address. `name` stands for it in the error. */
export function parseAddress(text: string, name: string): CameraAddress {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.hostname === "") {
    throw new UsageError(
      `${name} is not an address: write http://HOST/PATH; in a user name or password write / as %2F, ? as %3F and # as %23`,
    );
  }
  return { url: withoutUser(url), credentials: credentialsOf(url) };
}

/** Returns the user name and password of an address; null when it has none. */
export function credentialsOf({ username, password }: URL): Credentials | null {
  return username === "" && password === "" ? null : { user: decoded(username), password: decoded(password) };
}

/** Returns a copy of an address without user name, password and fragment. */
export function withoutUser(url: URL): URL {
  const plain = new URL(url);
  plain.username = plain.password = plain.hash = "";
  return plain;
}

/** A percent sign that encodes nothing stands for itself. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
