// Makes text from a peer, a device or another program safe to print on a terminal and in a log that has one event a line.

// These characters have an effect instead of a glyph: C0, DEL and C1 control terminals, bidirectional marks change the direction
// of writing, and two separators (U+2028, U+2029) break lines.
const OBEYED = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu;

/**
 * Returns the text without control characters and line breaks. All text from outside goes through this function once, where it is
 * read.
 */
export function printable(text: string): string {
  return text.replace(OBEYED, "");
}
