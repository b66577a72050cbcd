// A worker of the page. It owns the connections, the decoder and the canvases of some cameras.

import { DEFAULT_MAX_PIXELS, PixelBudget } from "../../connect/server-limits.ts";
import { Arena } from "../../codec/memory/arena.ts";
import { FairShare } from "../../codec/threads/fair-share.ts";
import { CodecPool } from "../../codec/threads/pool.ts";
import { messageOf } from "../../core/errors.ts";
import type { ToWorker, ViewRequest } from "../messages.ts";
import { createRuntime } from "./decoder.ts";
import { scope } from "./scope.ts";
import { PageView, type ViewResources } from "./view.ts";
import { createAccess, createConnect } from "./web-socket.ts";

const TICK_MS = 100;
const REPORT_MS = 200;
/** The same memory for a picture as in a window (client/session.ts). */
const ARENA_BYTES = 256 * 2 ** 20;
const ARENA_BYTES_PER_PIXEL = 64;
/** With less memory than for this many pixels the page shows the MJPEG stream instead. */
const LEAST_PIXELS = 2 ** 20;

const views = new Map<number, PageView>();
let logIn = Promise.withResolvers<void>();
let ready: Promise<ViewResources & { turns: FairShare }> | null = null;
/** The requests to views that are not ready yet. */
const early = new Map<number, ViewRequest[]>();

scope.onmessage = ({ data: message }) => {
  receive(message).catch((error: unknown) => scope.postMessage({ kind: "unable", reason: messageOf(error) }));
};

async function receive(message: ToWorker): Promise<void> {
  switch (message.kind) {
    case "start":
      ready = start(message.base);
      await ready;
      return;
    case "logged-in":
      logIn.resolve();
      logIn = Promise.withResolvers();
      return;
    case "open":
      await open(message);
      return;
    default:
      request(message);
  }
}

async function start(base: string): Promise<ViewResources & { turns: FairShare }> {
  const askForKey = () => {
    scope.postMessage({ kind: "needs-key" });
    return logIn.promise;
  };
  const server = {
    connect: createConnect({
      base,
      logIn: askForKey,
      otherVersion: (protocol) => scope.postMessage({ kind: "other-version", protocol }),
    }),
    access: createAccess({ logIn: askForKey }),
    onConnected: retry,
  };
  const { arena, maxPixels } = createArena();
  const runtime = createRuntime(arena, base);
  const fail = (reason: unknown) => scope.postMessage({ kind: "unable", reason: messageOf(reason) });
  const pool = new CodecPool({
    runtime,
    arena,
    codec: "simd",
    threads: 1,
    onIdle: () => turns.pump(),
    onBroken: fail,
    onRestarted: (reason) => scope.postMessage({ kind: "say", text: `the decoder was restarted: ${reason}` }),
  });
  const turns = new FairShare(pool);
  await pool.started;
  setInterval(() => {
    for (const { view } of views.values()) view.tick();
  }, TICK_MS);
  setInterval(() => {
    for (const view of views.values()) view.tick();
  }, REPORT_MS);
  const { hostname, port, protocol } = new URL(base);
  const address = { host: hostname, port: Number(port || (protocol === "https:" ? 443 : 80)) };
  return { arena, pool, turns, pixels: new PixelBudget(maxPixels), ...server, ...address };
}

/** Lets all views connect at once that could not reach the server before. */
function retry(): void {
  for (const { view } of views.values()) view.retryNow();
}

/** Creates the largest arena for which the browser has address space. Phones have less. */
function createArena(): { arena: Arena; maxPixels: number } {
  for (let maxPixels = DEFAULT_MAX_PIXELS / 2; ; maxPixels /= 2) {
    try {
      return { arena: Arena.create(ARENA_BYTES + ARENA_BYTES_PER_PIXEL * maxPixels), maxPixels };
    } catch (error) {
      if (!(error instanceof RangeError) || maxPixels < LEAST_PIXELS) throw error;
    }
  }
}

async function open({ view: number, camera, canvas }: Extract<ViewRequest, { kind: "open" }>): Promise<void> {
  if (ready === null) throw new Error("the worker was not started");
  const waiting: ViewRequest[] = [];
  early.set(number, waiting);
  const { turns, ...resources } = await ready;
  const view = await PageView.create(number, camera, canvas, resources);
  early.delete(number);
  views.set(number, view);
  turns.add(view.view);
  for (const message of waiting) request(message);
  await view.run();
  views.delete(number);
  turns.remove(view.view);
}

function request(message: ViewRequest): void {
  const waiting = early.get(message.view);
  if (waiting !== undefined) {
    waiting.push(message);
    return;
  }
  const pageView = views.get(message.view);
  if (pageView === undefined) return;
  const { view } = pageView;
  switch (message.kind) {
    case "open":
      return;
    case "seen":
      view.setSeen(message.size);
      return;
    case "hidden":
      view.setHidden(message.isHidden);
      if (!message.isHidden) view.retryNow();
      return;
    case "pause":
      pageView.togglePause();
      return;
    case "snapshot":
      view.snapshot();
      return;
    case "ask-controls":
      view.askForControls();
      return;
    case "set-control":
      view.setControl(message.set);
      return;
    case "close":
      pageView.close();
      views.delete(message.view);
  }
}
