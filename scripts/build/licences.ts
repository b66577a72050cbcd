// Collects the licences of the packages that a build contains.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

interface Manifest {
  name: string;
  version: string;
  license?: string;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

/** Returns the licences of all packages on which the checkout depends at run time, as one text. */
export function licencesOf(root: string): string {
  const found = new Map<string, string>();
  const collect = (folder: string, parents: readonly string[]) => {
    const { dependencies, optionalDependencies } = readManifest(folder);
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      // A package is beside those that need it, or in the folder of one of them.
      const place = [folder, ...parents]
        .map((above) => join(above, "node_modules", name))
        .find((path) => existsSync(path));
      if (place === undefined || found.has(place)) continue; // an optional package of another platform
      found.set(place, licenceOf(place));
      collect(place, [folder, ...parents]);
    }
  };
  collect(root, []);
  const ofBun = `Bun ${Bun.version}, which a single file contains: https://bun.com/docs/project/license`;
  return `${[ofBun, ...[...found.values()].toSorted()].join(`\n\n${"-".repeat(80)}\n\n`)}\n`;
}

function licenceOf(folder: string): string {
  const { name, version, license } = readManifest(folder);
  const file = readdirSync(folder).find((each) => /^(licen[cs]e|copying)/i.test(each));
  const text = file === undefined ? "" : `\n\n${readFileSync(join(folder, file), "utf8").trim()}`;
  return `${name} ${version} (${license ?? "see below"})${text}`;
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
}
