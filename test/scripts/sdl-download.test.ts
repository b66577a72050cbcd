// The SDL binding: a download is used only if it has the expected checksum.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SetupError } from "../../scripts/setup/run.ts";
import { assetFor, download } from "../../scripts/setup/sdl-download.ts";
import checksums from "../../scripts/setup/sdl-checksums.json";
import packageFile from "../../package.json";

let folder = "";
let archive = Buffer.alloc(0);
let server: Bun.Server<undefined>;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "slipstream-test-"));
  writeFileSync(join(folder, "sdl.node"), "a binding");
  const made = Bun.spawnSync(["tar", "-czf", "-", "-C", folder, "sdl.node"]);
  archive = Buffer.from(made.stdout);
  server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: ({ url }) => (url.endsWith("/there") ? new Response(archive) : new Response("no", { status: 404 })),
  });
});
afterAll(() => {
  void server.stop(true);
  rmSync(folder, { recursive: true });
});

const hash = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const asset = (path: string, sha256: string) => ({ url: `http://127.0.0.1:${server.port}/${path}`, sha256 });

describe("SDL download: checksums", () => {
  test("SDL download: an archive with the right checksum is unpacked and replaces the old files", async () => {
    const target = join(folder, "right");
    mkdirSync(join(target, "dist"), { recursive: true });
    writeFileSync(join(target, "dist", "old"), "");
    expect(await download(asset("there", hash(archive)), target)).toBeNull();
    expect(readFileSync(join(target, "dist", "sdl.node"), "utf8")).toBe("a binding");
    expect(existsSync(join(target, "dist", "old"))).toBe(false);
    expect(existsSync(join(target, "dist.unfinished"))).toBe(false);
  });

  test("SDL download: any other archive is refused with one line, and nothing is unpacked", async () => {
    const target = join(folder, "wrong");
    const wrong = hash(Buffer.from("another file"));
    const error = await download(asset("there", wrong), target).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SetupError);
    const { message } = error as SetupError;
    expect(message).toContain(`its SHA-256 is ${hash(archive)} instead of ${wrong}`);
    expect(message).not.toContain("\n");
    expect(existsSync(target)).toBe(false);
  });

  test("SDL download: the result says why a download failed", async () => {
    expect(await download(asset("gone", hash(archive)), join(folder, "gone"))).toMatch(/gone answers 404$/);
    const nobody = { url: "http://127.0.0.1:1/there", sha256: "" };
    expect(await download(nobody, join(folder, "gone"))).toStartWith("http://127.0.0.1:1/there: ");
  });
});

describe("sdl-checksums.json", () => {
  test("sdl-checksums.json: has the version in package.json, and only SHA-256 checksums", () => {
    expect(checksums.version).toBe(packageFile.dependencies["@kmamal/sdl"]);
    for (const sha256 of Object.values<string>(checksums.sha256)) expect(sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  test("SDL download: an asset without a checksum or of another version of the package is not downloaded, and why", () => {
    const other = join(folder, "other-version");
    mkdirSync(other);
    writeFileSync(join(other, "package.json"), '{"version": "0.0.1"}');
    const ofOther = /^no checksum of sdl\.node-v0\.0\.1-linux-x64\.tar\.gz is known.*SLIPSTREAM_SDL_SHA256/;
    expect(assetFor(other, "linux", "x64")).toMatch(ofOther);
    writeFileSync(join(other, "package.json"), JSON.stringify({ version: checksums.version }));
    expect(assetFor(other, "plan9", "mips")).toMatch(/^no checksum of .*-plan9-mips\.tar\.gz is known/);
  });
});
