// Reads the first key of a server from its key store. A server prints this key on a terminal only.

import { join } from "node:path";
import { readKeyStore } from "../../src/server/access/key-store.ts";
import type { Server } from "./programs.ts";

/** Returns the first key of a server that has this state home (XDG_STATE_HOME). */
export async function firstKeyOf(server: Server, stateHome: string): Promise<string> {
  await server.until("the line for viewers", ({ remarks }) => remarks.includes("bun run key list --show"));
  const [first] = readKeyStore(join(stateHome, "slipstream/keys.json"));
  if (first?.key === undefined) throw new Error("the server has no first key");
  return first.key;
}
