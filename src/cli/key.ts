// `bun run key`: adds, lists and removes the keys of this machine's servers.

import { join } from "node:path";
import { Command } from "commander";
import { UsageError } from "../core/errors.ts";
import { VERSION } from "../core/version.ts";
import { checkKeyName } from "../server/access/given-keys.ts";
import { formatKeyRecord, recordOfKey } from "../server/access/key-record.ts";
import {
  addKey,
  KEY_STORE_FILE,
  makeKey,
  type NewKey,
  readKeyStore,
  removeKey,
  type StoredKey,
} from "../server/access/key-store.ts";
import { stateFolder } from "../state/folder.ts";
import { addFlags, parsed } from "./flags.ts";
import { KEY_ADD_SETTINGS, KEY_LIST_SETTINGS, type KeyAddFlags, type KeyListFlags } from "./key-settings.ts";
import { printAnswer } from "./output.ts";
import { asProgram, runMain } from "./program.ts";

const command = asProgram(new Command("bun run key"), VERSION).description(
  "Adds, lists and removes the keys that viewers need. Servers that listen beyond this machine take a change within a second.",
);

await runMain(async (signal) => {
  const store = join(stateFolder(), KEY_STORE_FILE);
  const print = (text: string) => printAnswer(text, signal);
  addFlags(asProgram(command.command("add"), VERSION), KEY_ADD_SETTINGS)
    .description("makes a key, keeps its hash, and prints the key once")
    .argument("<name>", "a name for the log and for remove", parsed(checkKeyName))
    .action(async (name: string, flags: KeyAddFlags) => {
      const facts: NewKey = {
        name,
        may: flags.control ? ["view", "control"] : ["view"],
        cameras: flags.camera ?? null,
      };
      const key = flags.settings ? makeKey() : addKey(store, facts);
      const hash = formatKeyRecord(recordOfKey(key));
      if (flags.json) await print(JSON.stringify({ ...facts, key, hash }));
      else await print(flags.settings ? describeSettings(key, hash, facts) : describeNew(key, store));
    });
  addFlags(asProgram(command.command("list"), VERSION), KEY_LIST_SETTINGS)
    .description("prints the names, rights and dates of the keys in the key store")
    .action(async (flags: KeyListFlags) => {
      const keys = readKeyStore(store).map(({ key, hash: _, ...facts }) =>
        flags.show && key !== undefined ? { ...facts, key } : facts,
      );
      const none = `there is no key in ${store}: 'bun run key add NAME' adds one`;
      await print(flags.json ? JSON.stringify(keys) : keys.length === 0 ? none : describeKeys(keys));
    });
  asProgram(command.command("remove"), VERSION)
    .description("removes a key: viewers that use it are disconnected")
    .argument("<name>")
    .action(async (name: string) => {
      removeKey(store, name);
      await print(`the key '${name}' is removed`);
    });
  if (process.argv.length <= 2)
    throw new UsageError("write add, list or remove after 'bun run key' (--help shows more)");
  await command.parseAsync();
});

function describeNew(key: string, store: string): string {
  return [
    `key      ${key}`,
    `viewers  bun run view slips://${key}@HOST:PORT`,
    `kept in  ${store} (only its hash: this key is not shown again)`,
  ].join("\n");
}

function describeSettings(key: string, hash: string, { name, may, cameras }: NewKey): string {
  const list = (values: readonly string[]) => `[${values.map((value) => JSON.stringify(value)).join(", ")}]`;
  return [
    `# the key is ${key}: give it to viewers, and do not write it into this file`,
    "[[keys]]",
    `name = ${JSON.stringify(name)}`,
    `hash = ${JSON.stringify(hash)}`,
    `may = ${list(may)}`,
    ...(cameras === null ? [] : [`cameras = ${list(cameras)}`]),
  ].join("\n");
}

function describeKeys(keys: readonly Omit<StoredKey, "hash">[]): string {
  const longest = Math.max(...keys.map(({ name }) => name.length));
  return keys
    .map(({ name, may, cameras, added, key }) =>
      [
        name.padEnd(longest),
        may.join(" and "),
        cameras === null ? "all cameras" : cameras.join(", "),
        `added ${added.slice(0, 10)}`,
        ...(key === undefined ? [] : [key]),
      ].join("  "),
    )
    .join("\n");
}
