// Makes text from a peer, a device or another program safe to print on a terminal and in a log that has one event a line.

// These are the control characters C0, DEL and C1, which control terminals, the marks that change the direction of writing, and the
// line and paragraph separators.
const OBEYED = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu;

/**
 * Returns the text without control characters and line breaks. All text from outside goes through this function once, where it is
 * read.
 */
export function printable(text: string): string {
  return text.replace(OBEYED, "");
}
