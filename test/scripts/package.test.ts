// The npm package: its contents, its types, its program, and a program that is compiled with its library.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { providePackage } from "../../scripts/build/package.ts";
import { cjpeg, djpeg } from "../support/jpeg-tools.ts";
import { TEST_TIMEOUT_MS, TEST_VARIABLES } from "../support/programs.ts";
import { largestDifference, testPicture, toRgbaBytes } from "../support/samples.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const ROOT = join(import.meta.dir, "../..");
/** A program that has installed the package. It is below node_modules, so that the type check finds the types of Bun. */
const FOLDER = mkdtempSync(join(ROOT, "node_modules", ".package-"));
const INSTALLED = join(FOLDER, "node_modules", "slipstream");
let archive = "";

beforeAll(async () => {
  archive = await providePackage(ROOT);
  mkdirSync(INSTALLED, { recursive: true });
  writeFileSync(join(FOLDER, "package.json"), '{ "name": "program" }'); // otherwise "slipstream" is the checkout around the folder
  expect(Bun.spawnSync(["tar", "-xzf", archive, "-C", INSTALLED, "--strip-components", "1"]).success).toBe(true);
});
afterAll(() => rmSync(FOLDER, { recursive: true }));

/** Runs a command in the folder of the program, where it finds the package and nothing of the checkout. */
async function run(command: readonly string[], input: Uint8Array = new Uint8Array()) {
  const env = { ...process.env, ...TEST_VARIABLES };
  const child = Bun.spawn([...command], { cwd: FOLDER, env, stdin: input, stdout: "pipe", stderr: "pipe" });
  const [output, errors] = await Promise.all([new Response(child.stdout).bytes(), new Response(child.stderr).text()]);
  return { code: await child.exited, output, errors };
}

test("the package has its code, files, types and licences, and nothing else", () => {
  const known =
    /^(index|main|program-files|chunk-\w+)\.js$|^(files|types|package\.json|README\.md|LICENSE|third-party-licences\.txt)$/;
  expect(readdirSync(INSTALLED).filter((name) => !known.test(name))).toEqual([]);
  const list = readFileSync(join(INSTALLED, "program-files.js"), "utf8");
  const listed = [...list.matchAll(/"\.\/files\/([^"]+)"/g)].map(([, name = ""]) => name);
  expect(readdirSync(join(INSTALLED, "files")).toSorted()).toEqual(listed.toSorted());
  expect(Object.keys(JSON.parse(readFileSync(join(INSTALLED, "package.json"), "utf8")))).not.toContain("dependencies");
});

test("publint and 'are the types wrong' find nothing in the package, for ESM", async () => {
  const { messages, pkg } = await publint({ pkgDir: INSTALLED, pack: false, strict: true });
  expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  const result = await checkPackage(createPackageFromTarballData(await Bun.file(archive).bytes()));
  expect(result.types).toMatchObject({ kind: "included" });
  const problems = "problems" in result ? result.problems : [];
  // The package has no CommonJS, which is what these two ways of resolution look for.
  const others = problems.filter(
    (problem) => !("resolutionKind" in problem && ["node10", "node16-cjs"].includes(problem.resolutionKind)),
  );
  expect(others).toEqual([]);
});

test("the types of the package fit a program that serves and watches", async () => {
  writeFileSync(
    join(FOLDER, "typed.ts"),
    `import { serve, watch } from "slipstream";
     await using server = await serve({ cameras: [{ name: "door", source: "pattern" }], port: 0 });
     const port: number = server.port;
     for await (const { pixels } of watch(\`127.0.0.1:\${port}/door\`)) {
       const first: number | undefined = pixels[0];
       console.log(first);
       break;
     }
     // @ts-expect-error the option is misspelt
     await serve({ camera: [] });
     export {};`,
  );
  const options = { extends: join(ROOT, "tsconfig.json"), files: ["typed.ts"], include: [] };
  writeFileSync(join(FOLDER, "tsconfig.json"), JSON.stringify(options));
  const { code, output, errors } = await run([process.execPath, "check", "--no-script", "--project", "tsconfig.json"]);
  expect([code, `${Buffer.from(output)}${errors}`]).toEqual([0, expect.any(String)]);
});

test("the program of the package serves and shows the pattern", async () => {
  const program = join(INSTALLED, JSON.parse(readFileSync(join(INSTALLED, "package.json"), "utf8")).bin.slipstream);
  await using server = Bun.spawn(
    [program, "serve", "--source", "pattern", "--port", "0", "--no-http", "--no-config", "--json"],
    {
      cwd: FOLDER,
      env: { ...process.env, ...TEST_VARIABLES },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const reader = server.stdout.getReader();
  let text = "";
  while (!text.includes("\n")) text += Buffer.from((await reader.read()).value ?? []).toString();
  const { port } = JSON.parse(text.slice(0, text.indexOf("\n")));
  const { code, output } = await run([
    program,
    "view",
    `127.0.0.1:${port}`,
    "--display",
    "none",
    "--frames",
    "3",
    "--json",
  ]);
  expect(code).toBe(0);
  expect(JSON.parse(Buffer.from(output).toString().trim().split("\n").at(-1) ?? "")).toMatchObject({
    final: true,
    frames: 3,
  });
});

test("a program that is compiled with the library decodes every kind of JPEG, serves and watches, with the files inside", async () => {
  writeFileSync(
    join(FOLDER, "program.ts"),
    `import { decodeJpeg, serve, watch } from "slipstream";
     if (process.argv[2] === "serve") {
       await using server = await serve({ cameras: [{ name: "door", source: "pattern" }], port: 0, http: { port: 0 } });
       for await (const { frameNumber } of watch(\`127.0.0.1:\${server.port}/door\`)) {
         const page = await fetch(\`http://127.0.0.1:\${server.http?.port}/worker.js\`);
         console.log(frameNumber >= 0, page.status, (await page.text()).length > 10_000);
         break;
       }
     } else {
       const { pixels } = await decodeJpeg(await Bun.stdin.bytes());
       await Bun.write(Bun.stdout, pixels);
     }`,
  );
  const built = await run([process.execPath, "build", "--compile", "program.ts", "--outfile", "program"]);
  expect(built.code).toBe(0);
  rmSync(join(FOLDER, "node_modules"), { recursive: true });
  for (const args of [[], ["-progressive"], ["-arithmetic"]]) {
    const jpeg = cjpeg(testPicture({ width: 64, height: 48 }), ...args);
    const { output, errors } = await run([join(FOLDER, "program")], jpeg);
    expect(errors).toBe("");
    expect(largestDifference(output, toRgbaBytes(djpeg(jpeg)))).toBeLessThanOrEqual(4);
  }
  const { code, output, errors } = await run([join(FOLDER, "program"), "serve"]);
  expect([code, Buffer.from(output).toString(), errors]).toEqual([0, "true 200 true\n", ""]);
});
