// The screen `none`: pictures are decoded and counted, but not shown.

import type { Screen } from "./screen.ts";

export function createNoScreen(): Screen {
  return {
    show: () => undefined,
    setTitle: () => undefined,
    setSource: () => undefined,
    close: () => undefined,
  };
}
