// The screen `none`: pictures are decoded and counted, and not shown.

import type { Screen } from "./screen.ts";

export function createNoScreen(): Screen {
  return {
    show: () => undefined,
    setTitle: () => undefined,
    setSource: () => undefined,
    close: () => undefined,
  };
}
