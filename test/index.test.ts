// The library: the code of docs/library.md and of each @example is type-checked and run with a real server.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeJpeg } from "../src/index.ts";
import { TEST_TIMEOUT_MS } from "./support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const ROOT = join(import.meta.dir, "..");
/** A program that depends on slipstream. It is below node_modules, so that the type check finds the types of Bun. */
const FOLDER = mkdtempSync(join(ROOT, "node_modules", ".library-examples-"));

interface Example {
  name: string;
  code: string;
}

/** The code blocks of a page, each with the heading above it. */
function piecesOf(page: string): Example[] {
  const text = readFileSync(join(ROOT, page), "utf8");
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(({ index, 1: code = "" }) => ({
    name: `${page}: ${/.*^## ([^\n]+)/ms.exec(text.slice(0, index))?.[1]}`,
    code,
  }));
}

/** Each @example of a source file, with an import of all public names that it uses. */
function examplesOf(path: string, names: readonly string[]): Example[] {
  const text = readFileSync(join(ROOT, path), "utf8");
  return [...text.matchAll(/@example\n((?: +\* ?[^/\n][^\n]*\n)+)/g)].map(([, lines = ""], index) => {
    const code = lines.replaceAll(/^ +\* ?/gm, "");
    const used = names.filter((name) => new RegExp(`\\b${name}\\(`).test(code));
    return { name: `${path}: example ${index + 1}`, code: `import { ${used.join(", ")} } from "slipstream";\n${code}` };
  });
}

const NAMES = ["createCamera", "createJpegCodec", "decodeJpeg", "encodeJpeg", "serve", "watch"];
const EXAMPLES = [
  ...piecesOf("docs/library.md"),
  ...["src/server/serve.ts", "src/client/watch.ts", "src/capture/push-camera.ts", "src/codec/bun/jpeg.ts"].flatMap(
    (path) => examplesOf(path, NAMES),
  ),
];
const fileOf = (index: number) => join(FOLDER, `example-${index}.ts`);

beforeAll(async () => {
  mkdirSync(join(FOLDER, "node_modules"));
  symlinkSync(ROOT, join(FOLDER, "node_modules", "slipstream"));
  const files = EXAMPLES.map((_, index) => fileOf(index));
  for (const [index, { code }] of EXAMPLES.entries()) writeFileSync(fileOf(index), `${code}\nexport {};\n`);
  const compilerOptions = { noUnusedLocals: false };
  writeFileSync(
    join(FOLDER, "tsconfig.json"),
    JSON.stringify({ extends: join(ROOT, "tsconfig.json"), files, include: [], compilerOptions }),
  );
  const photo = await encodeJpeg(new Uint8Array(32 * 16 * 4), { width: 32, height: 16 });
  writeFileSync(join(FOLDER, "photo.jpg"), photo);
});
afterAll(() => rmSync(FOLDER, { recursive: true }));

describe("library", () => {
  test("library: docs/library.md shows four pieces of code within a screen of 50 lines", () => {
    const screen = readFileSync(join(ROOT, "docs/library.md"), "utf8").split("\n").slice(0, 50);
    expect(screen.filter((line) => line === "```ts").length).toBe(4);
    expect(screen.filter((line) => line === "```").length).toBe(4);
    expect(piecesOf("docs/library.md").length).toBe(5);
  });

  test("library: each public function has an @example", () => {
    for (const name of NAMES) {
      expect([name, EXAMPLES.some((each) => !each.name.startsWith("docs") && each.code.includes(`${name}(`))]).toEqual([
        name,
        true,
      ]);
    }
  });

  test("library: the examples have the right types", async () => {
    const check = Bun.spawn([process.execPath, "check", "--no-script", "--project", join(FOLDER, "tsconfig.json")], {
      cwd: ROOT,
      stdout: "pipe",
      stderr: "pipe",
    });
    const said = `${await new Response(check.stdout).text()}${await new Response(check.stderr).text()}`;
    expect([await check.exited, said]).toEqual([0, said]);
  });

  test.each(EXAMPLES.map(({ name }, index) => [name, index] as const))(
    "library: %s runs and ends",
    async (_, index) => {
      const program = Bun.spawn([process.execPath, fileOf(index)], { cwd: FOLDER, stdout: "pipe", stderr: "pipe" });
      const errors = await new Response(program.stderr).text();
      expect([await program.exited, errors]).toEqual([0, ""]);
    },
  );

  test("library: an import prints nothing, opens nothing and does not keep the process alive", async () => {
    const program = Bun.spawn([process.execPath, "-e", 'import "slipstream";'], {
      cwd: FOLDER,
      stdout: "pipe",
      stderr: "pipe",
    });
    expect(await new Response(program.stdout).text()).toBe("");
    expect([await program.exited, await new Response(program.stderr).text()]).toEqual([0, ""]);
  });
});
