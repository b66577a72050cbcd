// The files of the page: src/browser, bundled for browsers, and the builds of the decoder kernel. They are made for the first
// browser, which takes about 100 ms in a checkout, and kept in memory. A build has bundled them before.

import { createHash } from "node:crypto";
import { type BunPlugin, gzipSync } from "bun";
import { messageOf } from "../../../core/errors.ts";
import { ARE_BUILT, PROGRAM_FILES } from "../../../program-files.ts";
import { hasTag } from "./header-lists.ts";
import { type Route, textResponse, type WebHost } from "./request.ts";

/** One file as it is sent. */
interface Asset {
  type: string;
  bytes: Uint8Array<ArrayBuffer>;
  gzipped: Uint8Array<ArrayBuffer>;
  /** The entity tag (RFC 9110, 8.8.3). */
  tag: string;
}

/**
 * What a worker may do: compile WebAssembly, and reach this server. A worker has the policy of its own script (CSP 3, 4.1.2).
 * Browsers compile WebAssembly under a policy only with 'wasm-unsafe-eval', which allows no JavaScript from text (CSP 3, 4.4).
 */
const WORKER_POLICY = "default-src 'none'; script-src 'wasm-unsafe-eval'; connect-src 'self'";
const SCRIPT = "text/javascript; charset=utf-8";
const { assets: ASSETS, pageScripts: SCRIPT_FILES, wasm: WASM } = PROGRAM_FILES;
/** The scripts by the path of the page. */
const SCRIPTS = { "/page.js": SCRIPT_FILES.page, "/worker.js": SCRIPT_FILES.worker } as const;
/** The files that are sent as they are. */
const FILES: Readonly<Record<string, { type: string; path: string }>> = {
  "/": { type: "text/html; charset=utf-8", path: ASSETS["index.html"] },
  "/page.css": { type: "text/css; charset=utf-8", path: ASSETS["page.css"] },
  "/motion.css": { type: "text/css; charset=utf-8", path: ASSETS["motion.css"] },
  "/icon.svg": { type: "image/svg+xml", path: ASSETS["icon.svg"] },
  "/decoder.plain.wasm": { type: "application/wasm", path: WASM["decoder.plain"] },
  "/decoder.relaxed.wasm": { type: "application/wasm", path: WASM["decoder.relaxed"] },
};

/** The assets, which all doors of the process share. Null before the first request. */
let assets: Promise<ReadonlyMap<string, Asset>> | null = null;

/** Makes the files of the page, or returns those that are made. Rejects if a script cannot be bundled. */
export function pageAssets(): Promise<ReadonlyMap<string, Asset>> {
  assets ??= makeAssets();
  return assets;
}

/** Returns the routes of the files. */
export function assetRoutes({ log }: Pick<WebHost, "log">): Route[] {
  let hasFailed = false;
  const fail = (error: unknown) => {
    if (!hasFailed) log.warning(`the server runs without its web page: ${messageOf(error)}`);
    hasFailed = true;
    return undefined;
  };
  return [...Object.keys(FILES), ...Object.keys(SCRIPTS)].map((path) => ({
    path,
    isPublic: true,
    async handle({ request }) {
      const asset = await pageAssets().then((all) => all.get(path), fail);
      return asset === undefined
        ? textResponse(503, "this program has no page, but /stream has the pictures")
        : answer(request, asset);
    },
  }));
}

function answer(request: Request, { type, bytes, gzipped, tag }: Asset): Response {
  const headers: Record<string, string> = {
    ...(type === SCRIPT ? { "content-security-policy": WORKER_POLICY } : {}),
    "content-type": type,
    etag: tag,
    // The browser asks each time whether its copy is still right, because a page and a server of two versions do not fit.
    "cache-control": "no-cache",
    vary: "accept-encoding",
  };
  if (hasTag(request.headers.get("if-none-match"), tag)) return new Response(null, { status: 304, headers });
  if (!/\bgzip\b/.test(request.headers.get("accept-encoding") ?? "")) return new Response(bytes, { headers });
  return new Response(gzipped, { headers: { ...headers, "content-encoding": "gzip" } });
}

async function makeAssets(): Promise<ReadonlyMap<string, Asset>> {
  const [files, bundled] = await Promise.all([
    Promise.all(
      Object.entries(FILES).map(async ([path, { type, path: file }]) => [path, type, await read(file)] as const),
    ),
    scripts(),
  ]);
  const all = [...files, ...bundled.map(([path, bytes]) => [path, SCRIPT, bytes] as const)];
  return new Map(all.map(([path, type, bytes]) => [path, asset(type, bytes)]));
}

async function read(path: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await Bun.file(path).arrayBuffer());
}

async function scripts(): Promise<(readonly [path: string, bytes: Uint8Array<ArrayBuffer>])[]> {
  const make = ARE_BUILT ? read : bundlePageScript;
  return Promise.all(Object.entries(SCRIPTS).map(async ([path, file]) => [path, await make(file)] as const));
}

/** Bundles an entry point of the page. */
export async function bundlePageScript(entry: string, plugins: BunPlugin[] = []): Promise<Uint8Array<ArrayBuffer>> {
  const { outputs } = await Bun.build({
    entrypoints: [entry],
    target: "browser",
    format: "esm",
    minify: true,
    plugins,
  });
  const [script] = outputs;
  if (script === undefined) throw new Error(`the bundle of ${entry} is empty`);
  return new Uint8Array(await script.arrayBuffer());
}

function asset(type: string, bytes: Uint8Array<ArrayBuffer>): Asset {
  const tag = `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`;
  return { type, bytes, gzipped: gzipSync(bytes, { level: 9 }), tag };
}
