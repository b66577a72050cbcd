// The line that screen readers read aloud when it changes. It is not visible.

import { find } from "./elements.ts";

/** Tells people who do not see the page what has happened. */
export function tell(text: string): void {
  const line = find(document, "#status", HTMLElement);
  if (line.textContent !== text) line.textContent = text;
}
