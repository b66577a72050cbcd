// access/key-store.ts and server-keys.ts: the keys of a server, in a real file that changes while the server runs.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UsageError } from "../../../src/core/errors.ts";
import { lineLog, SILENT_LOG } from "../../../src/core/log.ts";
import { resolveKey } from "../../../src/server/access/given-keys.ts";
import { addKey, makeKey, readKeyStore, removeKey, withFirstKey } from "../../../src/server/access/key-store.ts";
import { ServerKeys } from "../../../src/server/access/server-keys.ts";
import { resolveServeOptions } from "../../../src/server/settings/resolve.ts";
import { until } from "../../support/wait-until.ts";

let folder: string;
let count = 0;
const newStore = () => join(folder, `state-${count++}`, "keys.json");
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "keys-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const ANN = { name: "ann", may: ["view" as const], cameras: null };

describe("key store: file", () => {
  test("makeKey: 100 bits as five groups of Crockford's base 32, and each key is different", () => {
    const keys = Array.from({ length: 1000 }, makeKey);
    for (const key of keys) expect(key).toMatch(/^[0-9a-hjkmnp-tv-z]{4}(-[0-9a-hjkmnp-tv-z]{4}){4}$/);
    expect(new Set(keys).size).toBe(1000);
    const used = new Set(keys.join("").replaceAll("-", ""));
    expect(used.size).toBe(32);
  });

  test("key store: a key is stored only as a hash, in a file of mode 600", () => {
    const store = newStore();
    const key = addKey(store, ANN);
    const text = readFileSync(store, "utf8");
    expect(text).not.toContain(key);
    expect(text).not.toContain(key.replaceAll("-", ""));
    expect(statSync(store).mode & 0o777).toBe(0o600);
    expect(readKeyStore(store)).toMatchObject([{ name: "ann", may: ["view"], cameras: null }]);
    expect(() => addKey(store, ANN)).toThrow("there is a key 'ann' already");
    removeKey(store, "ann");
    expect(readKeyStore(store)).toEqual([]);
    expect(() => removeKey(store, "ann")).toThrow("there is no key of this name: the store has none");
  });

  test("key store: the first key is made once, and only in an empty store", () => {
    const store = newStore();
    const [first] = withFirstKey(store);
    expect(first?.key).toMatch(/^(\w{4}-){4}\w{4}$/);
    expect(withFirstKey(store)).toEqual([first] as never);
    const other = newStore();
    addKey(other, ANN);
    expect(withFirstKey(other).map(({ name }) => name)).toEqual(["ann"]);
  });

  test.each([
    "",
    "{}",
    "[]",
    '{"keys":[{"name":"a"}]}',
    '{"keys":[{"name":"a","hash":"k7qf","may":[],"cameras":null,"added":""}]}',
  ])("key store: a damaged store is refused and not changed: %s", (text) => {
    const store = join(folder, `damaged-${count++}`);
    writeFileSync(store, text, { mode: 0o600 });
    expect(() => readKeyStore(store)).toThrow(UsageError);
    expect(() => addKey(store, ANN)).toThrow(`${store} is not a key store`);
    expect(readFileSync(store, "utf8")).toBe(text);
  });

  test("key store: a store that others can read is refused", () => {
    const store = newStore();
    addKey(store, ANN);
    chmodSync(store, 0o644);
    expect(() => readKeyStore(store)).toThrow(`run 'chmod 600 ${store}'`);
  });
});

describe("ServerKeys: changes while a server runs", () => {
  test("ServerKeys: an added or removed key counts soon, and the keys of the options stay", async () => {
    const store = newStore();
    const given = resolveKey({ key: "2222-3333-4444-5555-6666", name: "given" });
    using keys = new ServerKeys({ given: [given], store, log: SILENT_LOG });
    let changes = 0;
    keys.onChanged = () => changes++;
    const key = addKey(store, ANN);
    await until(() => keys.ring.authenticate({ key }) !== null, "the change");
    removeKey(store, "ann");
    await until(() => keys.ring.authenticate({ key }) === null, "the change");
    expect(keys.ring.authenticate({ key: "2222 3333 4444 5555 6666" })?.role.name).toBe("given");
    expect(keys.firstKey).toBeNull();
    addKey(store, ANN);
    await until(() => keys.ring.size === 2, "the change");
    rmSync(store);
    await until(() => keys.ring.size === 1, "the change");
    expect(changes).toBe(4);
  });

  test("ServerKeys: other keys of the settings replace the old ones, and those of the store stay", () => {
    const store = newStore();
    const stored = addKey(store, ANN);
    const [old, fresh] = [makeKey(), makeKey()];
    using keys = new ServerKeys({ given: [resolveKey({ key: old, name: "old" })], store, log: SILENT_LOG });
    let changes = 0;
    keys.onChanged = () => changes++;
    const names = () => [old, fresh, stored].map((key) => keys.ring.authenticate({ key })?.role.name ?? null);
    expect(names()).toEqual(["old", null, "ann"]);
    keys.replaceGiven([resolveKey({ key: fresh, name: "fresh" })]);
    expect(names()).toEqual([null, "fresh", "ann"]);
    keys.replaceGiven([resolveKey({ key: fresh, name: "fresh" })]);
    expect(changes).toBe(1);
  });

  test("ServerKeys: a store that becomes unreadable changes no key and logs one line", async () => {
    const store = newStore();
    const key = addKey(store, ANN);
    const lines: string[] = [];
    using keys = new ServerKeys({ given: [], store, log: lineLog((line) => lines.push(line)) });
    await Bun.sleep(300);
    writeFileSync(store, "{");
    await until(() => lines.length > 0, "the change");
    await Bun.sleep(600);
    expect(lines).toEqual([
      expect.stringContaining(
        `the key store cannot be read again, so the old keys stay valid: ${store} is not a key store`,
      ),
    ]);
    expect(keys.ring.authenticate({ key })?.role.name).toBe("ann");
  });
});

describe("resolveServeOptions: servers that need a key", () => {
  const keys = [{ key: "2222-3333-4444-5555-6666" }];
  const needs = (options: object) => resolveServeOptions(options).keys !== null;

  test("resolveServeOptions: a server beyond loopback needs a key unless it is open, and one on loopback if it has keys", () => {
    expect(["127.0.0.1", "localhost", "::1", "127.1.2.3"].map((host) => needs({ host }))).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(
      ["0.0.0.0", "::", "192.0.2.1", "camera.local", "128.0.0.1", "127.0.0.1.example"].map((host) => needs({ host })),
    ).toEqual(Array(6).fill(true));
    expect(needs({ keys })).toBe(true);
    expect(needs({ host: "0.0.0.0", open: true })).toBe(false);
  });

  test("resolveKey: a key without rights may only view", () => {
    expect([...resolveKey({ key: "2222-3333-4444-5555-6666" }).role.may]).toEqual(["view"]);
  });

  test("resolveServeOptions: open with keys, no keys and wrong keys are refused, and no error quotes a key", () => {
    expect(() => needs({ open: true, keys })).toThrow(UsageError);
    expect(() => needs({ host: "::", keyStore: null })).toThrow("needs keys, a key store, or the option open");
    for (const wrong of [
      { key: "secret" },
      { hash: "secret" },
      {},
      { ...keys[0], hash: "secret" },
      { ...keys[0], may: ["control"] },
      { ...keys[0], name: "" },
    ]) {
      let thrown: unknown;
      try {
        needs({ keys: [wrong] });
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBeInstanceOf(UsageError);
      expect(String(thrown)).not.toMatch(/secret|2222/);
    }
  });
});
