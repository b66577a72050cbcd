// The global scope of a worker, as far as this folder uses it. TypeScript's types for pages and for workers exclude each other.

import type { FromWorker, ToWorker } from "../messages.ts";

interface WorkerScope {
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
  requestAnimationFrame?(callback: () => void): number;
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
}

export const scope = globalThis as unknown as WorkerScope;
