// Reads the challenges of a WWW-Authenticate field (RFC 9110 11.6.1): the ways in which a camera can be given a password.

export interface Challenge {
  /** In lower case: `basic`, `digest`. */
  scheme: string;
  /** By names in lower case. */
  parameters: ReadonlyMap<string, string>;
}

const TOKEN = "[!#$%&'*+.^_`|~\\w-]+";
const NEXT = new RegExp(`[\\s,]*(${TOKEN})(?:\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"?|([^\\s,]*)))?`, "y");

/**
 * Returns the challenges of a field, or of several fields that are joined with commas. Commas separate both challenges and their
 * parameters: a name without a value begins a challenge.
 */
export function parseChallenges(field: string): Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  NEXT.lastIndex = 0;
  for (let match = NEXT.exec(field); match !== null; match = NEXT.exec(field)) {
    const [, name = "", quoted, plain] = match;
    const value = quoted?.replace(/\\(.)/g, "$1") ?? plain;
    if (value === undefined) challenges.push({ scheme: name.toLowerCase(), parameters: new Map() });
    else challenges.at(-1)?.parameters.set(name.toLowerCase(), value);
  }
  return challenges;
}
