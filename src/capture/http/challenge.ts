// Parses the challenges of a WWW-Authenticate field (RFC 9110 11.6.1), which name the authentication schemes of a camera.

export interface Challenge {
  /** The scheme in lower case, for example `basic` or `digest`. */
  scheme: string;
  /** The parameters by their names in lower case. */
  parameters: ReadonlyMap<string, string>;
}

/** Unreadable text is skipped up to the next comma, for example the data of `Negotiate` (token68 of RFC 9110 11.2). */
const SKIPPED = /[^,]*,/y;
const TOKEN = "[!#$%&'*+.^_`|~\\w-]+";
const NEXT = new RegExp(`[\\s,]*(${TOKEN})(?:\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"?|([^\\s,]*)))?`, "y");

/**
 * Returns the challenges of a field, or of several fields joined with commas. Commas separate both challenges and parameters, so
 * a name without a value begins a challenge.
 */
export function parseChallenges(field: string): Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  for (let at = 0; at < field.length;) {
    NEXT.lastIndex = SKIPPED.lastIndex = at;
    const match = NEXT.exec(field);
    if (match === null) {
      if (!SKIPPED.test(field)) break;
      at = SKIPPED.lastIndex;
      continue;
    }
    at = NEXT.lastIndex;
    const [, name = "", quoted, plain] = match;
    const value = quoted?.replace(/\\(.)/g, "$1") ?? plain;
    if (value === undefined) challenges.push({ scheme: name.toLowerCase(), parameters: new Map() });
    else challenges.at(-1)?.parameters.set(name.toLowerCase(), value);
  }
  return challenges;
}
