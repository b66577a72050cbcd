// Removes keys of servers from text that is shown. A key has 20 characters of Crockford's base 32, in groups of four:
// k7qf-2mzd-….

/** Stands for a removed key. */
const HIDDEN = "…";

/** Matches five groups of four characters with dashes. Nothing else has this form. */
const GROUPS = /(?<![\da-z])[\da-z]{4}(?:\p{Pd}[\da-z]{4}){4}(?![\da-z])/iu;
const ALL_GROUPS = new RegExp(GROUPS, "giu");
/**
 * Matches a key without dashes. A host name may also have 20 characters, so two digits are required: 199 of 200 random keys have
 * two or more.
 */
const PLAIN = /^(?=(?:\D*\d){2})[0-9a-hj-km-np-tv-zilo]{20}$/i;

/** Returns whether a word looks like a key or contains one. */
export function looksLikeKey(word: string): boolean {
  return GROUPS.test(word) || PLAIN.test(word);
}

/** Matches a fingerprint of a public key, or a word. The base 64 of a fingerprint may contain what looks like a key. */
const FINGERPRINTS_AND_WORDS = /\bSHA256:[\w+/]{43}|[\da-z\p{Pd}]+/giu;

/** Returns the text with `…` instead of keys, and instead of words between `/`, `:`, `@` and the like that look like keys. */
export function withoutKeys(text: string): string {
  const shown = text.replace(ALL_GROUPS, HIDDEN);
  return shown.replace(FINGERPRINTS_AND_WORDS, (word) => (looksLikeKey(word) ? HIDDEN : word));
}
