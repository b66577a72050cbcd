// state/folder.ts: the places of the state folder and the cache folder, for users and for services.

import { expect, test } from "bun:test";
import { homedir } from "node:os";
import { cacheFolder, type StateEnvironment, stateFolder } from "../../src/state/folder.ts";

const cases: [what: string, environment: StateEnvironment, folder: string][] = [
  ["a user", { HOME: "/home/ann" }, "/home/ann/.local/state/slipstream"],
  ["a user with XDG_STATE_HOME", { HOME: "/home/ann", XDG_STATE_HOME: "/data/state" }, "/data/state/slipstream"],
  [
    "a relative XDG_STATE_HOME, which counts as none",
    { HOME: "/home/ann", XDG_STATE_HOME: "state" },
    "/home/ann/.local/state/slipstream",
  ],
  ["an empty XDG_STATE_HOME", { HOME: "/home/ann", XDG_STATE_HOME: "" }, "/home/ann/.local/state/slipstream"],
  [
    "a service with StateDirectory=",
    { STATE_DIRECTORY: "/var/lib/slipstream", INVOCATION_ID: "1", HOME: "/home/ann" },
    "/var/lib/slipstream",
  ],
  [
    "a service with several folders",
    { STATE_DIRECTORY: "/var/lib/slip:/var/lib/b", INVOCATION_ID: "1" },
    "/var/lib/slip",
  ],
  ["a service without a home", { INVOCATION_ID: "1" }, "/var/lib/slipstream"],
  ["a service whose home is /", { INVOCATION_ID: "1", HOME: "/" }, "/var/lib/slipstream"],
  ["the user of the Debian package", { HOME: "/var/lib/slipstream" }, "/var/lib/slipstream"],
  ["a program of a desktop session", { INVOCATION_ID: "1", HOME: "/home/ann" }, "/home/ann/.local/state/slipstream"],
  ["an empty environment", {}, `${homedir()}/.local/state/slipstream`],
];

test.each(cases)("stateFolder: the folder is right for %s", (_, environment, folder) => {
  expect(stateFolder(environment)).toBe(folder);
});

test.each<[what: string, environment: StateEnvironment, folder: string]>([
  ["a user", { HOME: "/home/ann", XDG_STATE_HOME: "/data/state" }, "/home/ann/.cache/slipstream"],
  ["a user with XDG_CACHE_HOME", { HOME: "/home/ann", XDG_CACHE_HOME: "/data/cache" }, "/data/cache/slipstream"],
  [
    "a service with CacheDirectory=",
    { CACHE_DIRECTORY: "/var/cache/slip", STATE_DIRECTORY: "/var/lib/slip" },
    "/var/cache/slip",
  ],
  ["a service without a home", { INVOCATION_ID: "1" }, "/var/cache/slipstream"],
])("cacheFolder: the folder is right for %s", (_, environment, folder) => {
  expect(cacheFolder(environment)).toBe(folder);
});
