// Keys between two machines (network namespaces): the printed link, servers that are found by their announcement, and a server that asks for no key.

import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { firstKeyOf } from "../support/first-key.ts";
import { runToEnd, type Server, startServer, TEST_TIMEOUT_MS } from "../support/programs.ts";
import { type Network, openNetwork, whyNoNetwork } from "../support/two-machines.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const obstacle = whyNoNetwork();
const PATTERN = ["--source", "pattern", "--size", "320x240", "--fps", "20"];
const THREE_FRAMES = ["--display", "none", "--frames", "3"];

let folder = "";
let network: Network;

/** A server on the first machine, with the keys of this name. */
const serve = (keys: string, ...flags: string[]): Promise<Server> =>
  startServer([...PATTERN, "--host", "0.0.0.0", ...flags], {
    through: network.machines[0].through,
    env: { XDG_STATE_HOME: join(folder, keys), SLIPSTREAM_KEY: "" },
  });

/** Runs a viewer on the second machine until it ends. `key` is the value of SLIPSTREAM_KEY. */
const viewWith = (key: string, ...flags: string[]) =>
  runToEnd("view", flags, {
    through: network.machines[1].through,
    env: { XDG_STATE_HOME: join(folder, "viewer"), SLIPSTREAM_KEY: key },
  });

const view = (...flags: string[]) => viewWith("", ...flags);

/** The link to a server whose state is in the folder "server". */
async function linkOf(server: Server): Promise<string> {
  const key = await firstKeyOf(server, join(folder, "server"));
  return `slips://${key}@${network.machines[0].address}:${server.port}`;
}

const keyOf = (link: string) => /\/\/(.*)@/.exec(link)?.[1] ?? "";

const stored = async () =>
  JSON.parse(await readFile(join(folder, "viewer/slipstream/known-servers.json"), "utf8")) as Record<string, object>;

describe.skipIf(obstacle !== null)(`keys on a network${obstacle === null ? "" : ` (skipped: ${obstacle})`}`, () => {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "slipstream-test-"));
    network = openNetwork();
  });

  afterEach(async () => {
    network[Symbol.dispose]();
    await rm(folder, { recursive: true });
  });

  test("view: a link with the key shows the video, and after that neither key nor address is needed", async () => {
    await using server = await serve("server");
    const link = await linkOf(server);
    const first = await view(`${link}/pattern`, ...THREE_FRAMES);
    expect([first.code, first.remarks]).toEqual([0, expect.stringContaining("connected to")]);
    const found = await view(...THREE_FRAMES);
    expect(found.code).toBe(0);
    const { address } = network.machines[0];
    expect(found.remarks).toMatch(new RegExp(`found a server on ${address}:${server.port} \\(needs a key`));
    for (const { remarks } of [first, found]) expect(remarks).not.toContain(keyOf(link));
  });

  test("view: an unknown server that is found tells no name, and does not get the key of another server", async () => {
    const known = await serve("server");
    const link = await linkOf(known);
    expect((await view(link, ...THREE_FRAMES)).code).toBe(0);
    await known.end("SIGTERM");
    await using other = await serve("another");
    const { code, remarks } = await view(...THREE_FRAMES);
    const { address } = network.machines[0];
    expect(code).toBe(1);
    expect(remarks).toContain(`error: ${address}:${other.port} needs a key`);
    expect(remarks).not.toContain("found pattern");
    expect(Object.keys(await stored())).toEqual([`${address}:${known.port}`]);
    await other.end("SIGTERM");
    expect(other.last).toMatchObject({ final: true, refusedBy: { wrongKeys: 0 } });
  });

  test.each([
    ["with TLS", []],
    ["without TLS", ["--no-tls"]],
  ])(
    "view: a server %s that does not ask for the key of SLIPSTREAM_KEY or --key-file is refused and not stored",
    async (_, flags) => {
      const key = "k7qf-2mzd-9x4t-b0hn-5rwv";
      const keyFile = join(folder, "key");
      await writeFile(keyFile, key, { mode: 0o600 });
      await using open = await serve("server", "--open", ...flags);
      const host = `${network.machines[0].address}:${open.port}`;
      for (const how of [THREE_FRAMES, ["--list"]]) {
        const variable = await viewWith(key, host, ...how);
        expect([variable.code, variable.remarks]).toEqual([
          1,
          expect.stringMatching(
            /does not ask for the key of SLIPSTREAM_KEY.*unset SLIPSTREAM_KEY for a server without keys/,
          ),
        ]);
        const file = await view(host, "--key-file", keyFile, ...how);
        expect([file.code, file.remarks]).toEqual([
          1,
          expect.stringMatching(/does not ask for the key of --key-file.*leave out --key-file/),
        ]);
      }
      expect(await Bun.file(join(folder, "viewer/slipstream/known-servers.json")).exists()).toBe(false);
    },
  );

  test("view: refuses a server that does not ask for the key of the link or the stored key, until view --forget", async () => {
    const safe = await serve("server");
    const { port } = safe;
    const link = await linkOf(safe);
    const { address } = network.machines[0];
    expect((await view(link, ...THREE_FRAMES)).code).toBe(0);
    await safe.end("SIGTERM");
    await using open = await serve("server", "--open", "--port", `${port}`);
    for (const which of [link, `${address}:${port}`]) {
      for (const how of [THREE_FRAMES, ["--list"]]) {
        const { code, remarks } = await view(which, ...how);
        expect(code).toBe(1);
        expect(remarks).toMatch(/error: .*does not ask for the key of the (link|store)/);
        expect(remarks).not.toContain(keyOf(link));
      }
    }
    expect((await view("--forget", `${address}:${port}`)).code).toBe(0);
    expect((await view(`${address}:${port}`, ...THREE_FRAMES)).code).toBe(0);
    expect(open.remarks).toContain("is watching");
  });
});
