// Downloads the native part of @kmamal/sdl for this platform, and uses it only if its checksum is the committed one.
//
// sdl-checksums.json has the SHA-256 of the assets of one release, by platform and architecture as in the names of the assets (linux-x64).
// An asset without a checksum is not downloaded, unless the user names one in SLIPSTREAM_SDL_SHA256, and the binding is built from its
// sources, which have the checksum of bun.lock. The file has a checksum only after somebody has downloaded the asset, compared its bytes
// with the checksum that GitHub shows beside it, and tried it. An update of the package needs new ones.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run, SetupError } from "./run.ts";
import checksums from "./sdl-checksums.json";

const RELEASES_PAGE = "https://github.com/kmamal/node-sdl/releases";
const PATIENCE_MS = 60_000;
/** The assets have some megabytes. */
const MAX_BYTES = 64 * 1024 * 1024;

export interface Asset {
  url: string;
  /** The SHA-256 of its bytes, as hexadecimal digits. */
  sha256: string;
}

/** Returns the asset of this platform for the version of the package in `folder`, or as text why none is downloaded. */
export function assetFor(
  folder: string,
  platform: string = process.platform,
  arch: string = process.arch,
): Asset | string {
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string };
  const committed = version === checksums.version ? (checksums.sha256 as Record<string, string>) : {};
  const sha256 = process.env["SLIPSTREAM_SDL_SHA256"] ?? committed[`${platform}-${arch}`];
  const name = `sdl.node-v${version}-${platform}-${arch}.tar.gz`;
  if (sha256 === undefined) {
    return `no checksum of ${name} is known, so it is not downloaded (SLIPSTREAM_SDL_SHA256 can name the one at ${RELEASES_PAGE})`;
  }
  return { url: `${RELEASES_PAGE}/download/v${version}/${name}`, sha256 };
}

/**
 * Downloads the asset and unpacks it into `dist` of `folder`. Returns null, or the reason why the download failed. Throws a SetupError if the
 * checksum is wrong. Then nothing is unpacked.
 */
export async function download({ url, sha256 }: Asset, folder: string): Promise<string | null> {
  let bytes: Uint8Array;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!response.ok) return `${url} answers ${response.status}`;
    if (Number(response.headers.get("content-length")) > MAX_BYTES) return `${url} has more than ${MAX_BYTES} bytes`;
    bytes = new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    return `${url}: ${error instanceof Error ? error.message : String(error)}`;
  }
  const found = createHash("sha256").update(bytes).digest("hex");
  if (found !== sha256) {
    throw new SetupError(
      `${url} is not the file that was checked: its SHA-256 is ${found} instead of ${sha256} ; it is not used`,
    );
  }
  const unpacked = join(folder, "dist.unfinished"); // the folder is renamed when it is complete
  rmSync(unpacked, { recursive: true, force: true });
  mkdirSync(unpacked, { recursive: true });
  const archive = join(unpacked, "asset.tar.gz");
  writeFileSync(archive, bytes);
  const failure = run(["tar", "-xzf", archive, "-C", unpacked]);
  rmSync(archive);
  if (failure !== null) return `${url} cannot be unpacked: ${failure}`;
  const dist = join(folder, "dist");
  rmSync(dist, { recursive: true, force: true });
  renameSync(unpacked, dist);
  return null;
}
