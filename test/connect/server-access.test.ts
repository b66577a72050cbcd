// ServerAccess: the key that a viewer proves, the next step after a refusal, and the key that it stores.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KnownServersFile } from "../../src/connect/known-servers.ts";
import { accessWith, type KeySource, KeyRefused, ServerAccess } from "../../src/connect/server-access.ts";
import { ServerNotTrusted } from "../../src/connect/carriage.ts";
import { UsageError } from "../../src/core/errors.ts";

const ADDRESS = { host: "camera.local", port: 10050, camera: "door" };
/** Keys in their normalised form. */
const [LINK, FILE, STORE, TYPED] = ["1111aaaa", "2222bbbb", "3333cccc", "4444dddd"].map(
  (text) => text + "0".repeat(12),
) as [string, string, string, string];

let folder = "";
let store = new KnownServersFile("");
let said: string[] = [];
let questions: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipstream-test-"));
  store = new KnownServersFile(folder);
  said = [];
  questions = [];
});

afterEach(() => rm(folder, { recursive: true }));

const source = (name: string, key: string | null, isOwn = false): KeySource => ({
  name,
  read: async () => key,
  isOwn,
  howToOmit: `leave out ${name}`,
});

/** `answers` are the answers of the user. Null means that there is no terminal. */
function accessOf(sources: KeySource[], answers: (string | null)[] | null = null, address = ADDRESS): ServerAccess {
  const ask = async (question: string) => {
    questions.push(question);
    await Bun.sleep(1);
    return answers?.shift() ?? null;
  };
  return new ServerAccess({
    address,
    scheme: null,
    sources,
    knownServers: store,
    ask: answers === null ? null : ask,
    advice: "do this",
    say: (text) => said.push(text),
  });
}

/** The key for the next connection, as text. */
const next = async (access: ServerAccess) => (await access.attempt()).text;

const refuse = async (access: ServerAccess, wasWelcome = false) => access.refused(await access.attempt(), wasWelcome);

describe("ServerAccess: the order of keys", () => {
  test("ServerAccess: tries the sources in their order, then the store, then the user", async () => {
    await store.update(ADDRESS, { key: STORE });
    const access = accessOf([source("the link", LINK), source("--key-file", FILE)], [TYPED]);
    const tried = [await next(access)];
    for (let refusal = 0; refusal < 3; refusal++) {
      await refuse(access);
      tried.push(await next(access));
    }
    expect(tried).toEqual([LINK, FILE, STORE, TYPED]);
    expect(questions).toEqual([
      "camera.local:10050 has refused all keys that were given or stored\nKey of camera.local:10050: ",
    ]);
    await expect(refuse(access)).rejects.toThrow(KeyRefused);
  });

  test("ServerAccess: has no key if there is none, and asks for one when the server needs it", async () => {
    const access = accessOf([source("SLIPSTREAM_KEY", null)], [TYPED.toUpperCase().replace(/(.{4})(?=.)/g, "$1-")]);
    expect(await access.attempt()).toMatchObject({ key: null, text: null });
    await refuse(access);
    expect(questions[0]).toStartWith("camera.local:10050 needs a key\n");
    expect(await next(access)).toBe(TYPED);
  });

  test("ServerAccess: the same key in two sources is tried once", async () => {
    await store.update(ADDRESS, { key: LINK });
    const access = accessOf([source("the link", LINK), source("--key-file", LINK.toUpperCase())]);
    await next(access);
    await expect(refuse(access)).rejects.toThrow("the key of the link is not right for camera.local:10050: do this");
  });

  test("ServerAccess: a text that cannot be a key gives a UsageError that does not quote it", async () => {
    for (const text of ["hunter2", ""]) {
      const error = await accessOf([source("--key-file", text)])
        .attempt()
        .catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(UsageError);
      expect((error as Error).message).toStartWith("the key of --key-file cannot be used: ");
      expect((error as Error).message).not.toContain("hunter2");
    }
  });
});

describe("ServerAccess: questions to the user", () => {
  test("ServerAccess: asks three times, even if an answer cannot be a key, and then gives up", async () => {
    const access = accessOf([], ["short", TYPED, TYPED, TYPED]);
    await refuse(access);
    expect(await next(access)).toBe(TYPED);
    await expect(refuse(access)).rejects.toThrow(KeyRefused);
    expect(questions.length).toBe(3);
    expect(questions[2]).toStartWith("the key is not right for camera.local:10050\n");
  });

  test("ServerAccess: the user can end the questions", async () => {
    await expect(refuse(accessOf([], [null, TYPED]))).rejects.toThrow("camera.local:10050 needs a key: do this");
    expect(questions.length).toBe(1);
  });

  test("ServerAccess: several connections that are refused ask once", async () => {
    const access = accessOf([source("the link", LINK)], [TYPED]);
    const attempts = await Promise.all([access.attempt(), access.attempt(), access.attempt()]);
    await Promise.all(attempts.map((attempt) => access.refused(attempt, false)));
    expect(questions.length).toBe(1);
    await access.refused(attempts[0] as (typeof attempts)[0], false); // a connection that comes late
    expect(questions.length).toBe(1);
    expect(await next(access)).toBe(TYPED);
  });

  test("ServerAccess: a revoked key is reported as revoked, and the user gets three questions again", async () => {
    const access = accessOf([source("the link", LINK)], ["a", "b", TYPED, "c", "d", FILE]);
    await refuse(access);
    access.welcomed(await access.attempt(), true);
    await refuse(access, true);
    expect(questions[3]).toStartWith("camera.local:10050 does not accept the key any more\n");
    expect(await next(access)).toBe(FILE);
    await access[Symbol.asyncDispose]();
  });

  test("ServerAccess: a changed key file is used without a question", async () => {
    const path = join(folder, "key");
    await writeFile(path, LINK);
    const file: KeySource = { name: "--key-file", read: () => Bun.file(path).text(), isOwn: true, howToOmit: "" };
    const access = accessOf([file], []);
    expect(await next(access)).toBe(LINK);
    await writeFile(path, FILE);
    await refuse(access, true);
    expect(await next(access)).toBe(FILE);
    expect(questions).toEqual([]);
  });
});

describe("ServerAccess: storing keys", () => {
  test("ServerAccess: stores a proven key, whatever the camera, and no other key", async () => {
    const access = accessOf([source("the link", LINK, true)]);
    const attempt = await access.attempt();
    expect(await store.entryOf(ADDRESS)).toBeNull();
    access.welcomed(attempt, true);
    await access[Symbol.asyncDispose]();
    expect(await store.entryOf({ ...ADDRESS, camera: "" })).toEqual({ key: LINK });
    await using other = accessOf([source("SLIPSTREAM_KEY", FILE)], null, { ...ADDRESS, port: 7 });
    const unproven = await other.attempt();
    expect(() => other.welcomed(unproven, false)).toThrow(ServerNotTrusted);
    expect(await store.entryOf({ ...ADDRESS, port: 7 })).toBeNull();
  });

  test("ServerAccess: a right key replaces the stored one", async () => {
    await store.update(ADDRESS, { key: STORE, usesTls: true });
    const access = accessOf([source("the link", LINK, true)]);
    access.welcomed(await access.attempt(), true);
    await access[Symbol.asyncDispose]();
    expect(await store.entryOf(ADDRESS)).toEqual({ key: LINK, usesTls: true });
  });

  test("ServerAccess: a key that cannot be stored is reported once", async () => {
    store = new KnownServersFile("/dev/null");
    const access = accessOf([source("the link", LINK, true)]);
    access.welcomed(await access.attempt(), true);
    access.welcomed(await access.attempt(), true);
    await access[Symbol.asyncDispose]();
    expect(said.length).toBe(1);
    expect(said[0]).toStartWith("the key was not stored: ");
    expect(said[0]).not.toContain(LINK);
  });
});

describe("ServerAccess: a server that does not ask for a key", () => {
  test.each([
    ["the link", true, "camera.local", true],
    ["the link", true, "127.0.0.1", true],
    ["--key-file", true, "::1", true],
    ["SLIPSTREAM_KEY", false, "camera.local", true],
    ["SLIPSTREAM_KEY", false, "127.0.0.1", false],
    ["SLIPSTREAM_KEY", false, "localhost", false],
    ["SLIPSTREAM_KEY", false, "::1", false],
  ])(
    "ServerAccess: with the key from %s, given for this server %p, at %s, it is refused %p",
    async (name, isOwn, host, isRefused) => {
      const access = accessOf([source(name, LINK, isOwn)], null, { ...ADDRESS, host });
      const attempt = await access.attempt();
      const welcome = () => access.welcomed(attempt, false);
      if (isRefused) expect(welcome).toThrow(`does not ask for the key of ${name}, so another program may answer`);
      else expect(welcome).not.toThrow();
    },
  );

  test.each([
    ["no other key", []],
    ["SLIPSTREAM_KEY", [source("SLIPSTREAM_KEY", FILE)]],
  ])(
    "ServerAccess: a server that does not ask is refused if its key is stored, with %s, also on this machine",
    async (_, sources) => {
      for (const host of ["camera.local", "127.0.0.1"]) {
        const address = { ...ADDRESS, host };
        await store.update(address, { key: STORE });
        const access = accessOf(sources, null, address);
        const attempt = await access.attempt();
        expect(() => access.welcomed(attempt, false)).toThrow(ServerNotTrusted);
        expect(() => access.welcomed(attempt, false)).toThrow(`view --forget ${host}:10050`);
      }
    },
  );

  test("ServerAccess: a server that does not ask for the key that the user has typed is refused", async () => {
    const access = accessOf([], [TYPED], { ...ADDRESS, host: "127.0.0.1" });
    await refuse(access);
    const attempt = await access.attempt();
    expect(() => access.welcomed(attempt, false)).toThrow("the server does not ask for the key, so another program");
  });

  test("accessWith: a viewer without a key accepts any server", async () => {
    const access = accessWith(ADDRESS, null, null);
    const attempt = await access.attempt();
    expect(attempt.key).toBeNull();
    access.welcomed(attempt, false);
    await expect(access.refused(attempt, false)).rejects.toThrow("camera.local:10050 needs a key: give its link");
  });
});
