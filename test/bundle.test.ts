// The folders that a page bundles: the bundle imports no module of Bun or node, and runs without them, also in Chromium.

import { beforeAll, describe, expect, test } from "bun:test";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import vm from "node:vm";
import { type BunPlugin, Glob } from "bun";
import { PROGRAM_FILES } from "../src/program-files.ts";
import { writeWelcome } from "../src/protocol/greeting.ts";
import { MessageType, WIRE_VERSION } from "../src/protocol/wire.ts";
import type { WasmFile } from "../src/codec/wasm/modules.ts";
import { CHROMIUM, openPage, startChromium } from "./support/chromium.ts";
import { cjpeg, djpeg } from "./support/jpeg-tools.ts";
import type { Page } from "./support/page.ts";
import { largestDifference, testPicture, toRgbaBytes } from "./support/samples.ts";

const ROOT = join(import.meta.dir, "..");
const FOLDERS = ["core", "protocol", "codec", "connect", "client/decode", "client/present"];
/** Files that a page replaces or does not need: AssemblyScript sources, Bun's side of codec, TCP and discovery. */
const NOT_OF_A_PAGE = [
  "src/codec/kernel/",
  "src/codec/bun/",
  "src/connect/ask.ts",
  "src/connect/certificate-check.ts",
  "src/connect/discover.ts",
  "src/connect/known-servers.ts",
  "src/connect/tcp.ts",
];

interface Bundle {
  files: string[];
  code: string;
  /** Modules of Bun or node, each with the file that imports it. */
  builtins: string[];
}

async function bundleForPages(): Promise<Bundle> {
  const files: string[] = [];
  for (const folder of FOLDERS) {
    for await (const file of new Glob(`src/${folder}/**/*.ts`).scan(ROOT)) {
      if (!NOT_OF_A_PAGE.some((other) => file.startsWith(other))) files.push(file);
    }
  }
  const builtins: string[] = [];
  const entry: BunPlugin = {
    name: "entry",
    setup(build) {
      build.onResolve({ filter: /^every-file$/ }, () => ({ path: "every-file", namespace: "entry" }));
      build.onLoad({ filter: /.*/, namespace: "entry" }, () => ({
        contents: [...files, "test/support/page.ts"]
          .map(
            (file, index) =>
              `import * as file${index} from "${join(ROOT, file)}"; globalThis.file${index} = file${index};`,
          )
          .join("\n"),
        loader: "ts",
      }));
      build.onResolve({ filter: /^[a-z][a-z:/_-]*$/ }, ({ path, importer }) => {
        if (isBuiltin(path) || path === "bun") builtins.push(`${path} in ${importer}`);
        return undefined;
      });
    },
  };
  const { outputs } = await Bun.build({
    entrypoints: ["every-file"],
    target: "browser",
    format: "iife",
    define: { "import.meta": "globalThis.importMeta" }, // a classic script has no import.meta, which the loader of MozJPEG mentions
    plugins: [entry],
  });
  return { files, code: (await outputs[0]?.text()) ?? "", builtins };
}

/** Some of the globals of every page and every web worker, beside those of JavaScript itself. */
const WEB = {
  performance,
  setTimeout,
  clearTimeout,
  setInterval,
  clearInterval,
  AbortController,
  AbortSignal,
  TextEncoder,
  TextDecoder,
  URL,
  console,
};

/** Runs the bundle in a context of its own. Arrays from there are not instances of this context's classes. */
function runAsPage(code: string): Page {
  const context = vm.createContext({ ...WEB, importMeta: { url: "https://page.example/" } });
  vm.runInContext(code, context);
  return vm.runInContext("page", context) as Page;
}

describe("the bundle for pages", () => {
  let bundle: Bundle;
  beforeAll(async () => {
    bundle = await bundleForPages();
  });

  test("contains files of each folder that pages use", () => {
    expect(bundle.files.length).toBeGreaterThan(50);
    for (const folder of FOLDERS) expect(bundle.files.some((file) => file.startsWith(`src/${folder}/`))).toBe(true);
  });

  test("imports no module of Bun or node", () => {
    expect(bundle.builtins).toEqual([]);
    expect(bundle.code.includes("(() => ({}))")).toBe(false); // Bun puts this in place of a module that browsers do not have
  });

  test("contains only the version of package.json", () => {
    expect(["version", "devDependencies"].map((word) => bundle.code.includes(word))).toEqual([true, false]);
  });

  test("runs in a context without Bun and node", () => {
    const names = ["Bun", "process", "Buffer", "require", "setImmediate"];
    expect(vm.runInNewContext(`[${names.map((name) => `typeof ${name}`).join()}]`)).toEqual(
      names.map(() => "undefined"),
    );
  });

  test.each([
    ["baseline", ["-restart", "1"]],
    ["progressive", ["-progressive"]],
  ])("decodes a JPEG written by cjpeg with %s as djpeg does", async (_, args) => {
    const jpeg = cjpeg(testPicture({ width: 200, height: 120 }), ...args);
    const read = async (file: WasmFile) => new Uint8Array(await Bun.file(PROGRAM_FILES.wasm[file]).arrayBuffer());
    const pixels = await runAsPage(bundle.code).decode(new Uint8Array(jpeg), read);
    expect(largestDifference(new Uint8Array(pixels), toRgbaBytes(djpeg(jpeg)))).toBeLessThanOrEqual(4);
  });

  test.skipIf(CHROMIUM === null)(
    "decodes a JPEG in Chromium as djpeg does (needs chromium)",
    async () => {
      const browser = await startChromium();
      try {
        await using opened = await openPage(browser);
        const { page, errors } = opened;
        const jpeg = cjpeg(testPicture({ width: 200, height: 120 }), "-restart", "1");
        const kernels: Record<string, string> = {};
        for (const [file, path] of Object.entries(PROGRAM_FILES.wasm))
          kernels[file] = (await Bun.file(path).bytes()).toBase64();
        await page.evaluate(`globalThis.importMeta = { url: location.href }; ${bundle.code}`);
        const decoded = await page.evaluate(`(async () => {
        const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
        const kernels = ${JSON.stringify(kernels)};
        const pixels = await page.decode(bytes("${jpeg.toBase64()}"), async (file) => bytes(kernels[file]));
        return btoa(String.fromCharCode(...pixels));
      })()`);
        const pixels = Uint8Array.fromBase64(decoded as string);
        expect(largestDifference(pixels, toRgbaBytes(djpeg(jpeg)))).toBeLessThanOrEqual(4);
        expect(errors).toEqual([]);
      } finally {
        await browser.close();
      }
    },
    60_000,
  );

  test("splits a stream into messages", () => {
    const bytes = Uint8Array.of(3, 0, 0, 0, 7, 1, 2, 1, 0, 0, 0, 9);
    const found = runAsPage(bundle.code).split([bytes.subarray(0, 6), bytes.subarray(6)]);
    expect(JSON.stringify(found)).toBe("[[7,2],[9,0]]");
  });

  test("greets a server, pings it and says goodbye", () => {
    const welcome = writeWelcome({ version: WIRE_VERSION, software: "a server", sourceName: "door" });
    const sent = runAsPage(bundle.code).converse(welcome);
    const { hello, ping, goodbye } = MessageType;
    expect(sent.map((message) => message[4])).toEqual([hello, ping, goodbye]);
  });
});
