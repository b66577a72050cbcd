// The store of known servers on a real file system: its contents, several programs at once, and files that it must not use or change.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KnownServersFile } from "../../src/connect/known-servers.ts";
import { UsageError } from "../../src/core/errors.ts";

const KEY = "k7qf2mzd9x4tb0hn5rwv";
const OTHER_KEY = "00001111222233334444";
const PROGRAM = new URL("../support/keep-servers.ts", import.meta.url).pathname;

/** The files of the store. The lock is an empty file. */
const FILES = ["known-servers.json", "known-servers.json.lock"];

let folder = "";
let store = new KnownServersFile("");

beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), "slipstream-test-")), "slipstream");
  store = new KnownServersFile(folder);
});

afterEach(() => rm(join(folder, ".."), { recursive: true }));

const at = (host: string, port = 10050, camera = "") => ({ host, port, camera });

/** The mode of the file, without its type. */
const modeOf = async (path: string) => (await stat(path)).mode & 0o777;

describe("KnownServersFile: contents", () => {
  test("facts are added one after the other, whatever the camera and the case of the host", async () => {
    expect(await store.entryOf(at("door.local"))).toBeNull();
    await store.update(at("door.local", 10050, "front"), { key: KEY });
    await store.update(at("Door.local"), { publicKey: "cGlu", usesTls: true });
    await store.update(at("door.local", 10051), { key: OTHER_KEY });
    await store.update(at("::1"), { key: OTHER_KEY });
    const again = new KnownServersFile(folder);
    expect(await again.entryOf(at("DOOR.local", 10050, "back"))).toEqual({
      key: KEY,
      publicKey: "cGlu",
      usesTls: true,
    });
    const names = Object.keys(JSON.parse(await readFile(store.path, "utf8")));
    expect(names).toEqual(["door.local:10050", "door.local:10051", "[::1]:10050"]);
    expect(await again.namesOf("door.local")).toEqual(["door.local:10050", "door.local:10051"]);
  });

  test("only the user can read the file and its folder, and no other file remains", async () => {
    const before = process.umask(0);
    try {
      await store.update(at("door.local"), { key: KEY });
    } finally {
      process.umask(before);
    }
    expect([await modeOf(folder), await modeOf(store.path)]).toEqual([0o700, 0o600]);
    expect((await readdir(folder)).toSorted()).toEqual(FILES);
  });

  test("forget removes a server, and returns whether it was known", async () => {
    await store.update(at("door.local"), { key: KEY });
    await store.update(at("gate.local"), { key: OTHER_KEY });
    expect(await store.forget(at("door.local"))).toBe(true);
    expect(await store.forget(at("door.local"))).toBe(false);
    expect(await store.entryOf(at("door.local"))).toBeNull();
    expect(await store.entryOf(at("gate.local"))).toEqual({ key: OTHER_KEY });
    expect(await readFile(store.path, "utf8")).not.toContain(KEY);
  });

  test("fields that a later version has added remain", async () => {
    await store.update(at("door.local"), { key: KEY });
    const text = await readFile(store.path, "utf8");
    await writeFile(store.path, text.replace("{\n    ", '{\n    "colour": "red", '));
    await store.update(at("door.local"), { usesTls: true });
    expect(JSON.parse(await readFile(store.path, "utf8"))["door.local:10050"]).toEqual({
      colour: "red",
      key: KEY,
      usesTls: true,
    });
  });

  test("a fact that is already there is not written again", async () => {
    await store.update(at("door.local"), { key: KEY });
    const before = await stat(store.path, { bigint: true });
    await store.update(at("door.local"), { key: KEY });
    expect((await stat(store.path, { bigint: true })).ino).toBe(before.ino);
  });
});

describe("KnownServersFile: fingerprints", () => {
  const pin = Buffer.from("00112233445566778899aabbccddeeff", "hex").toString("base64");
  const similar = Buffer.from("0011223344556677ffffffffffffffff", "hex").toString("base64");

  test("a server is found by the start of its public key, at one or several addresses", async () => {
    await store.update(at("door.local"), { key: KEY, publicKey: pin });
    await store.update(at("gate.local"), { key: OTHER_KEY });
    expect(await store.withFingerprint("0011223344556677")).toEqual({ key: KEY, publicKey: pin });
    await store.update(at("10.0.0.7"), { key: KEY, publicKey: pin });
    expect((await store.withFingerprint("0011223344556677"))?.publicKey).toBe(pin);
    expect(await store.withFingerprint("0011223344556678")).toBeNull();
    expect(await store.withFingerprint("")).toBeNull();
  });

  test("no server is found if two servers have the same start", async () => {
    await store.update(at("door.local"), { key: KEY, publicKey: pin });
    await store.update(at("gate.local"), { key: OTHER_KEY, publicKey: similar });
    expect(await store.withFingerprint("0011223344556677")).toBeNull();
  });

  test("an expectation counts at once, and is written with the first fact", async () => {
    store.expect(at("10.0.0.7"), { key: KEY, publicKey: pin, usesTls: true });
    expect(await store.entryOf(at("10.0.0.7"))).toEqual({ key: KEY, publicKey: pin, usesTls: true });
    expect(await new KnownServersFile(folder).entryOf(at("10.0.0.7"))).toBeNull();
    await store.update(at("10.0.0.7"), { publicKey: pin });
    expect(await new KnownServersFile(folder).entryOf(at("10.0.0.7"))).toEqual({
      key: KEY,
      publicKey: pin,
      usesTls: true,
    });
  });
});

describe("KnownServersFile: several programs at once", () => {
  const start = (...args: string[]) =>
    Bun.spawn([process.execPath, PROGRAM, folder, ...args], { stdout: "ignore", stderr: "pipe" });

  test("several programs lose no fact of each other", async () => {
    const programs = ["a", "b", "c", "d"].map((name) => start(name, "20"));
    for (const program of programs) {
      expect(await new Response(program.stderr).text()).toBe("");
      expect(await program.exited).toBe(0);
    }
    const entries = JSON.parse(await readFile(store.path, "utf8"));
    expect(Object.keys(entries).length).toBe(80);
    for (const entry of Object.values(entries)) expect(entry).toEqual({ key: KEY, usesTls: true });
    expect((await readdir(folder)).toSorted()).toEqual(FILES);
  });

  test("a program that is killed leaves a whole file, and its lock is free at once", async () => {
    await store.update(at("door.local"), { key: KEY });
    for (let round = 0; round < 3; round++) {
      const program = start(`killed${round}`, "1000000");
      while (!(await readFile(store.path, "utf8")).includes(`killed${round}`)) await Bun.sleep(5);
      await Bun.sleep(round * 3);
      program.kill("SIGKILL");
      await program.exited;
      expect(await store.entryOf(at("door.local"))).toEqual({ key: KEY });
    }
    await store.update(at("last.local"), { key: OTHER_KEY });
    expect(await store.entryOf(at("last.local"))).toEqual({ key: OTHER_KEY });
  }, 60_000);
});

describe("KnownServersFile: a file that cannot be used", () => {
  /** Each use of this file by a viewer fails with one line that has no key, and the file does not change. */
  async function expectRefused(reason: RegExp): Promise<void> {
    const before = await readFile(store.path, "utf8");
    for (const act of [
      () => store.entryOf(at("door.local")),
      () => store.update(at("door.local"), { key: OTHER_KEY }),
      () => store.forget(at("door.local")),
      () => store.withFingerprint("0011223344556677"),
    ]) {
      const error = await act().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(UsageError);
      expect((error as Error).message).toMatch(reason);
      expect((error as Error).message).not.toContain(KEY);
      expect((error as Error).message).not.toContain("\n");
    }
    expect(await readFile(store.path, "utf8")).toBe(before);
    expect((await readdir(folder)).toSorted()).toEqual(FILES);
  }

  test.each([0o644, 0o640, 0o604, 0o660, 0o602])(
    "a file with mode %o is refused, and the error says what to do",
    async (mode) => {
      await store.update(at("door.local"), { key: KEY });
      await chmod(store.path, mode);
      await expectRefused(/may be read by other users.*chmod 600/);
      await chmod(store.path, 0o600);
      expect(await store.entryOf(at("door.local"))).toEqual({ key: KEY });
    },
  );

  test.each([
    "",
    "{",
    "null",
    "[]",
    `{"door.local:10050": "${KEY}"}`,
    `{"door.local:10050": {"key": 7, "publicKey": "${KEY}"}}`,
    `{"door.local:10050": {"key": "${KEY}"`,
    `${KEY}`,
    "\u0000\u0001",
  ])("a file that contains %j is refused", async (text) => {
    await store.update(at("door.local"), { key: KEY });
    await writeFile(store.path, text);
    await expectRefused(/is damaged/);
  });

  test("a folder that cannot be made gives an error only when a viewer writes", async () => {
    await writeFile(folder, "not a folder");
    expect(await store.entryOf(at("door.local"))).toBeNull();
    await expect(store.update(at("door.local"), { key: KEY })).rejects.toThrow(/cannot write/);
    expect(await readFile(folder, "utf8")).toBe("not a folder");
  });
});
