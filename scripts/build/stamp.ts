// Tells whether something has to be built again: a stamp beside it has the digest of what it was built from.

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What decides the result of a build. The folders count with all their files. */
const FOLDERS = ["src", "scripts/build"];
const FILES = ["test/fixtures/vtest-6s.mp4", "package.json", "bun.lock", "README.md", "LICENSE"];

/** A digest of what a build is made from. `others` are further files. */
export function digestOfInputs(root: string, others: readonly string[] = []): string {
  const hasher = new Bun.CryptoHasher("sha256");
  const inFolders = FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name)),
  );
  for (const path of [...inFolders.toSorted(), ...FILES.map((file) => join(root, file)), ...others])
    hasher.update(`${path}\n`).update(readFileSync(path));
  return hasher.update(Bun.revision).digest("hex");
}

/** Calls `build` unless `output` exists and its stamp has this digest. */
export async function unlessFresh(output: string, digest: string, build: () => Promise<void>): Promise<void> {
  const stamp = `${output}.stamp`;
  if (existsSync(output) && existsSync(stamp) && readFileSync(stamp, "utf8") === digest) return;
  await build();
  writeFileSync(stamp, digest);
}
