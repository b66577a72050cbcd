// Text that came from elsewhere, a peer, a device or another program, made fit for a terminal and a log of lines.

// C0, DEL and C1, which terminals obey; marks that turn the direction of writing; line and paragraph separators.
const OBEYED = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu;

/** The text without what a terminal would obey and without line breaks. All that comes in goes through here once, where it is read. */
export function printable(text: string): string {
  return text.replace(OBEYED, "");
}
