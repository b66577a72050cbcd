// The line that screen readers read aloud when it changes. It is not visible.

import { find, setText } from "./elements.ts";

/** Tells people who do not see the page what has happened. */
export function tell(text: string): void {
  setText(find(document, "#status", HTMLElement), text);
}
