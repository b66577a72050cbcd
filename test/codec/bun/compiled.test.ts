// A compiled program contains the codecs: their WebAssembly and their worker are in the binary.

import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildParts, listFrom, writeList } from "../../../scripts/build/parts.ts";
import { cjpeg, djpeg } from "../../support/jpeg-tools.ts";
import { TEST_TIMEOUT_MS } from "../../support/programs.ts";
import { largestDifference, testPicture, toRgbaBytes } from "../../support/samples.ts";

const ROOT = join(import.meta.dir, "../../..");
const folder = mkdtempSync(join(tmpdir(), "slipstream-compiled-"));
afterAll(() => rmSync(folder, { recursive: true }));

test(
  "a compiled program decodes baseline, progressive and arithmetic-coded JPEGs with the files in the binary",
  async () => {
    const program = join(folder, "program.ts");
    writeFileSync(
      program,
      `import { decodeJpeg } from "${ROOT}/src/codec/bun/jpeg.ts";
     const { pixels } = await decodeJpeg(await Bun.stdin.bytes());
     await Bun.write(Bun.stdout, pixels);`,
    );
    const binary = join(folder, "program");
    const list = join(folder, "program-files.js");
    await writeList(list, { parts: await buildParts(folder), files: ".", program: "null", sdlBinding: null });
    const plugins = [listFrom(list, { external: false })];
    await Bun.build({ entrypoints: [program], target: "bun", plugins, compile: { outfile: binary } });
    for (const args of [[], ["-progressive"], ["-arithmetic"]]) {
      const jpeg = cjpeg(testPicture({ width: 64, height: 48 }), ...args);
      // An empty working folder outside the project, so that the program finds only the binary.
      const { stdout, stderr } = Bun.spawnSync([binary], { stdin: jpeg, cwd: folder });
      expect(stderr.toString()).toBe("");
      expect(largestDifference(new Uint8Array(stdout), toRgbaBytes(djpeg(jpeg)))).toBeLessThanOrEqual(4);
    }
  },
  TEST_TIMEOUT_MS,
);
