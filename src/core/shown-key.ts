// Keeps keys of servers out of what is shown. A key is 20 characters of Crockford's base 32, in groups of four: k7qf-2mzd-….

/** Stands for a key that is left out. */
const HIDDEN = "…";

/** Five groups of four with dashes. Nothing else is written so. */
const GROUPS = /(?<![\da-z])[\da-z]{4}(?:\p{Pd}[\da-z]{4}){4}(?![\da-z])/iu;
const ALL_GROUPS = new RegExp(GROUPS, "giu");
/** A host name can have 20 characters, too, so a key without dashes is known by its digits: of 200 random keys 199 have two or more. */
const PLAIN = /^(?=(?:\D*\d){2})[0-9a-hj-km-np-tv-zilo]{20}$/i;

/** Whether a word is evidently a key, or has one in it. */
export function looksLikeKey(word: string): boolean {
  return GROUPS.test(word) || PLAIN.test(word.replace(/\p{Pd}/gu, ""));
}

/** Returns the text with `…` instead of keys, and of words between `/`, `:`, `@` and the like that are evidently keys. */
export function withoutKeys(text: string): string {
  const shown = text.replace(ALL_GROUPS, HIDDEN);
  return shown.replace(/[\da-z\p{Pd}]+/giu, (word) => (looksLikeKey(word) ? HIDDEN : word));
}
