// The workers of the page. Each camera is in one of them, so that several cameras use several processors.

import type { FromWorker, ToWorker, ViewEvent, ViewRequest } from "../messages.ts";

/** The most workers. Each has its own memory and its own decoder. */
const MOST_WORKERS = 4;
/** The number of processors if the browser does not tell it. */
const USUAL_PROCESSORS = 2;

export interface WorkersOwner {
  /** The browser cannot decode in a worker. */
  unable(reason: string): void;
  /** The server needs a key. */
  needsKey(): void;
  /** The server speaks another version of the protocol than this page. */
  otherVersion(protocol: string): void;
}

type RequestOf<R> = R extends { view: number } ? Omit<R, "view"> : never;

/** A view in a worker. */
export interface RemoteView {
  ask(request: RequestOf<Exclude<ViewRequest, { kind: "close" }>>, transfer?: Transferable[]): void;
  /** Ends the view. Its listener hears nothing after that. */
  close(): void;
}

export class Workers {
  readonly #owner: WorkersOwner;
  readonly #workers: Worker[] = [];
  readonly #listeners = new Map<number, (event: ViewEvent) => void>();
  #views = 0;

  constructor(owner: WorkersOwner) {
    this.#owner = owner;
  }

  /** Opens a view, which calls `listener` with its events. */
  open(listener: (event: ViewEvent) => void): RemoteView {
    const view = this.#views++;
    this.#listeners.set(view, listener);
    const most = Math.min(MOST_WORKERS, navigator.hardwareConcurrency || USUAL_PROCESSORS);
    const worker = this.#workers[view % most] ?? this.#start();
    return {
      ask: (request, transfer = []) => post(worker, { ...request, view } as ViewRequest, transfer),
      close: () => {
        this.#listeners.delete(view);
        post(worker, { kind: "close", view });
      },
    };
  }

  /** Lets the workers connect again after a login. */
  loggedIn(): void {
    for (const worker of this.#workers) post(worker, { kind: "logged-in" });
  }

  /** Ends all workers and their connections. */
  close(): void {
    for (const worker of this.#workers) worker.terminate();
  }

  #start(): Worker {
    const worker = new Worker("worker.js", { type: "module" });
    this.#workers.push(worker);
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#hear(data);
    worker.onerror = (event) => this.#owner.unable(event.message);
    post(worker, { kind: "start", base: new URL("./", document.baseURI).href });
    return worker;
  }

  #hear(message: FromWorker): void {
    switch (message.kind) {
      case "unable":
        this.#owner.unable(message.reason);
        return;
      case "needs-key":
        this.#owner.needsKey();
        return;
      case "other-version":
        this.#owner.otherVersion(message.protocol);
        return;
      case "say":
        // biome-ignore lint/suspicious/noConsole: the console is the log of a page
        console.info(message.text);
        return;
      default:
        this.#listeners.get(message.view)?.(message);
    }
  }
}

function post(worker: Worker, message: ToWorker, transfer: Transferable[] = []): void {
  worker.postMessage(message, transfer);
}
