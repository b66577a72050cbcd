// Folders for temporary files: they are removed with their files in any case.

import { expect, test } from "bun:test";
import { existsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../src/system/temporary-folder.ts";

test("temporaryFolder: only its user can read it, and it is removed with its files", async () => {
  const folders = await Promise.all([temporaryFolder(), temporaryFolder()]);
  expect(new Set(folders.map(({ path }) => path)).size).toBe(2);
  for (const folder of folders) {
    expect(statSync(folder.path).mode & 0o777).toBe(0o700);
    writeFileSync(join(folder.path, "file"), "text");
    await folder[Symbol.asyncDispose]();
    expect(existsSync(folder.path)).toBe(false);
  }
});

test("temporaryFolder: a program that exits at once leaves none behind", async () => {
  const source = join(import.meta.dir, "../../src/system/temporary-folder.ts");
  const program = `
    import { writeFileSync } from "node:fs";
    import { temporaryFolder } from ${JSON.stringify(source)};
    const { path } = await temporaryFolder();
    writeFileSync(path + "/file", "text");
    console.log(path);
    process.exit(130);
  `;
  const child = Bun.spawn([process.execPath, "-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  const path = (await child.stdout.text()).trim();
  expect(await child.exited).toBe(130);
  expect(path).toContain("slipstream-");
  expect(existsSync(path)).toBe(false);
});
