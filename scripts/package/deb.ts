// Builds the Debian package: the program, manual pages, completions, the service and its settings. The same input gives the same
// bytes (https://reproducible-builds.org/docs/source-date-epoch/).

import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { VERSION } from "../../src/core/version.ts";
import { bashCompletions, fishCompletions, zshCompletions } from "../manual/completions.ts";
import { manualPages } from "../manual/man-page.ts";

const FILES = join(import.meta.dir, "deb");
const MAINTAINER = "Slipstream authors <slipstream@localhost>";

/** The architectures of Debian for which a package is built. */
export const DEB_ARCHITECTURES = ["amd64", "arm64"] as const;
export type DebArchitecture = (typeof DEB_ARCHITECTURES)[number];

export interface DebOptions {
  /** The compiled program for this architecture. */
  program: string;
  architecture: DebArchitecture;
  /** The licences of the parts of the program that are not ours. */
  licences: string;
  /** The folder for the package. */
  folder: string;
  /** The time of the files in the package, in seconds since 1970. */
  epochSeconds: number;
}

/** Builds a package and returns its path. Throws an Error with the complaint of dpkg-deb. */
export function buildDeb({ program, architecture, licences, folder, epochSeconds }: DebOptions): string {
  const root = join(folder, `deb-${architecture}`);
  rmSync(root, { recursive: true, force: true });
  const date = new Date(epochSeconds * 1000);
  const put = (path: string, content: string | Uint8Array, mode = 0o644) => {
    const target = join(root, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, content);
    chmodSync(target, mode);
  };
  const own = (name: string) => readFileSync(join(FILES, name));
  mkdirSync(join(root, "usr/bin"), { recursive: true });
  cpSync(program, join(root, "usr/bin/slipstream"));
  chmodSync(join(root, "usr/bin/slipstream"), 0o755);
  for (const { file, text } of manualPages(date.toISOString().slice(0, 10))) {
    put(`usr/share/man/man${file.at(-1)}/${file}.gz`, compressed(text));
  }
  put("usr/share/bash-completion/completions/slipstream", bashCompletions());
  put("usr/share/zsh/vendor-completions/_slipstream", zshCompletions());
  put("usr/share/fish/vendor_completions.d/slipstream.fish", fishCompletions());
  put("lib/systemd/system/slipstream.service", own("slipstream.service"));
  put("usr/lib/sysusers.d/slipstream.conf", own("sysusers.conf"));
  put("etc/slipstream/slipstream.toml", own("slipstream.toml"));
  put("usr/share/doc/slipstream/copyright", own("copyright"));
  put("usr/share/doc/slipstream/third-party-licences.txt.gz", compressed(licences));
  put("usr/share/doc/slipstream/changelog.gz", compressed(changelog(date)));
  put("usr/share/lintian/overrides/slipstream", own("lintian-overrides"));
  for (const script of ["postinst", "prerm", "postrm"]) put(`DEBIAN/${script}`, own(script), 0o755);
  put("DEBIAN/conffiles", "/etc/slipstream/slipstream.toml\n");
  put("DEBIAN/control", control(architecture, installedKiB(root)));
  put("DEBIAN/md5sums", md5Sums(root));
  setTimes(root, epochSeconds);
  const path = join(folder, `slipstream_${VERSION}_${architecture}.deb`);
  // gzip, because xz takes more than a minute of processor time for a third less.
  const command = ["dpkg-deb", "--root-owner-group", "-Zgzip", "--build", root, path];
  const { success, stderr } = Bun.spawnSync(command, {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(epochSeconds) },
    stdout: "ignore",
    stderr: "pipe",
  });
  if (!success) throw new Error(`dpkg-deb failed: ${stderr.toString().trim()}`);
  rmSync(root, { recursive: true });
  return path;
}

/** Returns the time for the files of a package: SOURCE_DATE_EPOCH, or that of the newest commit. */
export function sourceEpochSeconds(root: string): number {
  const given = process.env["SOURCE_DATE_EPOCH"];
  if (given !== undefined && /^\d+$/.test(given)) return Number(given);
  const { success, stdout } = Bun.spawnSync(["git", "-C", root, "log", "-1", "--format=%ct"], { stderr: "ignore" });
  if (!success) throw new Error("the time of the source is not known: set SOURCE_DATE_EPOCH");
  return Number(stdout.toString().trim());
}

function control(architecture: DebArchitecture, installed: number): string {
  return [
    "Package: slipstream",
    `Version: ${VERSION}`,
    `Architecture: ${architecture}`,
    `Maintainer: ${MAINTAINER}`,
    `Installed-Size: ${installed}`,
    "Depends: libc6 (>= 2.31), systemd | systemd-standalone-sysusers | systemd-sysusers",
    "Recommends: ffmpeg",
    "Suggests: libsdl2-2.0-0, fswebcam, v4l2loopback-dkms",
    "Section: video",
    "Priority: optional",
    "Description: live video over TCP: what you see is what the camera sees now",
    " Slipstream streams live video, without audio, from a camera, a screen or a",
    " file to windows, browsers, files and programs on other machines. A slow",
    " viewer skips pictures and never falls behind, and every viewer measures and",
    " shows its latency.",
    " .",
    " ffmpeg reads files, screens and network streams. SDL shows windows.",
    "",
  ].join("\n");
}

/** The changelog in the form of Debian (deb-changelog(5)). CHANGELOG.md has the changes. */
function changelog(date: Date): string {
  const day = date.toUTCString().replace("GMT", "+0000");
  return `slipstream (${VERSION}) unstable; urgency=medium\n\n  * CHANGELOG.md of the source has the changes.\n\n -- ${MAINTAINER}  ${day}\n`;
}

/** Compresses text like `gzip -9n`, without a time. */
function compressed(text: string): Uint8Array {
  return Bun.gzipSync(new TextEncoder().encode(text), { level: 9 });
}

/** Returns the files of the package that are installed, in a fixed order. */
function installedFiles(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => !path.startsWith("DEBIAN/"))
    .toSorted();
}

function installedKiB(root: string): number {
  return installedFiles(root).reduce((sum, path) => sum + Math.ceil(statSync(join(root, path)).size / 1024), 0);
}

function md5Sums(root: string): string {
  const lines = installedFiles(root).filter((path) => !path.startsWith("etc/"));
  return lines.map((path) => `${Bun.MD5.hash(readFileSync(join(root, path)), "hex")}  ${path}\n`).join("");
}

function setTimes(root: string, epochSeconds: number): void {
  for (const path of readdirSync(root, { recursive: true }) as string[])
    utimesSync(join(root, path), epochSeconds, epochSeconds);
}
