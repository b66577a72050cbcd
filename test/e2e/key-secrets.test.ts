// The key of a server is in no log, report, trace, error, argument and announcement. Before a viewer proves a key it is told no name of a camera.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatKeyRecord, recordOfKey } from "../../src/server/access/key-record.ts";
import { CLIP, type Program, runToEnd, startServer, startViewer, TEST_TIMEOUT_MS } from "../support/programs.ts";
import { openNetwork, whyNoNetwork } from "../support/two-machines.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const [FILE_KEY, VARIABLE_KEY, HASHED_KEY, WRONG_KEY] = [
  "k7qf-2mzd-9x4w-hcv3-tb8n",
  "aaaa-bbbb-cccc-dddd-eeee",
  "2222-3333-4444-5555-6666",
  "7777-8888-9999-0000-1111",
] as const;
/** Each key in all forms in which a program could write it. */
const SECRETS = [FILE_KEY, VARIABLE_KEY, HASHED_KEY, WRONG_KEY].flatMap((key) => [key, key.replaceAll("-", "")]);

let top: string;
beforeAll(() => {
  top = mkdtempSync(join(tmpdir(), "slipstream-secrets-"));
});
afterAll(() => rmSync(top, { recursive: true }));

const outputOf = ({ reports, remarks }: Program<unknown>) => JSON.stringify(reports) + remarks;

/** The command lines of a process and of its children. */
const argumentsOf = (pid: number) =>
  Bun.spawnSync(["ps", "-o", "args=", "--pid", `${pid}`, "--ppid", `${pid}`]).stdout.toString();

function expectNoSecret(text: string): void {
  expect(text.length).toBeGreaterThan(20);
  for (const secret of SECRETS) expect(text.toLowerCase()).not.toContain(secret);
}

test("serve and view: no output and no argument contains a key", async () => {
  const file = join(top, "key");
  writeFileSync(file, FILE_KEY, { mode: 0o600 });
  const hash = formatKeyRecord(recordOfKey(HASHED_KEY));
  const settings = `[[keys]]\nname = "hashed"\nhash = "${hash}"\n[[cameras]]\nname = "door"\nsource = ${JSON.stringify(CLIP)}\n`;
  writeFileSync(join(top, "slipstream.toml"), settings);
  const traces = ["serve", "view"].map((name) => join(top, `${name}.json`)) as [string, string];
  const debug = (trace: string) => ["--log-level", "debug", "--trace", trace];
  const env = (key: string) => ({ SLIPSTREAM_KEY: key, XDG_STATE_HOME: join(top, "state") });
  const outputs: string[] = [];
  {
    await using server = await startServer(["--key-file", file, ...debug(traces[0])], {
      env: env(VARIABLE_KEY),
      cwd: top,
    });
    for (const [index, key] of [FILE_KEY, VARIABLE_KEY, HASHED_KEY].entries()) {
      const trace = index === 0 ? debug(traces[1]) : ["--log-level", "debug"];
      const state = { ...env(key), XDG_STATE_HOME: join(top, `viewer-${index}`) };
      await using viewer = startViewer(server.port, ["--frames", "40", ...trace], { env: state });
      await viewer.until("a frame", ({ last }) => (last?.frames ?? 0) > 0);
      outputs.push(argumentsOf(server.child.pid), argumentsOf(viewer.child.pid));
      expect(await viewer.end()).toBe(0);
      outputs.push(outputOf(viewer));
    }
    expect(outputs.join("\n")).toContain("ffmpeg");
    const wrong = { ...env(WRONG_KEY), XDG_STATE_HOME: join(top, "wrong") };
    await using refused = startViewer(server.port, ["--log-level", "debug"], { env: wrong });
    expect(await refused.end()).toBe(1);
    outputs.push(outputOf(refused));
    const list = await runToEnd("key", ["list", "--json"], { env: env(""), rawOutput: true });
    outputs.push(`the keys of the store: ${list.program.bytes.toString()}`);
    await server.end("SIGTERM");
    outputs.push(outputOf(server), ...traces.map((trace) => readFileSync(trace, "utf8")));
  }
  for (const output of outputs) expectNoSecret(output);
});

test.each([
  ["a key file with a short key", "serve", ["--key-file", "SHORT"], {}],
  ["a short key in the environment", "serve", [], { SLIPSTREAM_KEY: "hunter2-hunter2" }],
  ["a key as an argument", "serve", [`--key-file=${FILE_KEY}`], {}],
] as const)("keys: %s ends with one line that does not quote the key", async (_, program, flags, env) => {
  const short = join(top, "short");
  writeFileSync(short, "hunter2-hunter2", { mode: 0o600 });
  const given = flags.map((flag) => (flag === "SHORT" ? short : flag));
  const all = { XDG_STATE_HOME: join(top, "short-state"), ...env };
  const { code, remarks } = await runToEnd(program, ["--source", "pattern", "--port", "0", ...given], { env: all });
  expect(code).toBe(2);
  expect(remarks.trim().split("\n").length).toBe(1);
  expect(remarks).not.toContain("hunter2");
  expectNoSecret(remarks);
});

/** A key that somebody has chosen. It does not look like one that `key add` makes. */
const CHOSEN_KEY = "correct-horse-battery-staple";
const SETTINGS = "misplaced.toml";

test.each([
  ["as the value of an unknown option", "view", ["127.0.0.1:9", `--key=${CHOSEN_KEY}`], "unknown option '--key'"],
  ["as the value of an unknown option", "serve", [`--key=${CHOSEN_KEY}`], "unknown option '--key'"],
  ["with an = and a quote", "view", [`--key=${CHOSEN_KEY}='x'`], "unknown option '--key'"],
  ["as a further argument", "view", ["127.0.0.1:9", CHOSEN_KEY], "too many arguments"],
  ["as a command", "key", [CHOSEN_KEY], "unknown command"],
  ["as the name of a key", "key", ["remove", CHOSEN_KEY], "there is no key of this name"],
  [
    "instead of a file",
    "view",
    ["127.0.0.1:9", "--display", "none", "--key-file", CHOSEN_KEY],
    "the key file does not exist",
  ],
  [
    "instead of a file",
    "serve",
    ["--source", "pattern", "--no-config", "--key-file", CHOSEN_KEY],
    "the key file does not",
  ],
  ["instead of a file", "serve", ["--source", "pattern", "--config", SETTINGS], "the key file does not exist"],
  ["with a / in a link", "view", [`slips://my/${CHOSEN_KEY}@127.0.0.1:9`], "%2F for a / in the key"],
  ["before a / in a link", "view", [`slips://${CHOSEN_KEY}/@127.0.0.1:9`], "%2F for a / in the key"],
  ["before a / in a link", "view", ["--forget", `slips://${CHOSEN_KEY}/@127.0.0.1:9`], "HOST:PORT"],
  ["in a link without a colon", "view", [`slips//${CHOSEN_KEY}@127.0.0.1:9`], "write slips://KEY@HOST:PORT/CAMERA"],
] as const)("keys: a chosen key %s of %s is not quoted (%j)", async (_, program, flags, text) => {
  writeFileSync(join(top, SETTINGS), `key-file = "${CHOSEN_KEY}"\n`);
  const env = { XDG_STATE_HOME: join(top, "chosen-state"), SLIPSTREAM_KEY: "" };
  const { code, remarks } = await runToEnd(
    program,
    flags.map((flag) => (flag === SETTINGS ? join(top, flag) : flag)),
    { env },
  );
  expect([code, remarks]).toEqual([2, expect.stringContaining(text)]);
  expect(remarks).not.toContain("horse");
});

const obstacle = whyNoNetwork();

/** Prints each packet of multicast DNS as one line of text. */
const LISTENER = `
  const socket = require("node:dgram").createSocket({ type: "udp4", reuseAddr: true });
  socket.on("message", (packet) => console.log(packet.toString("latin1").replaceAll("\\n", " ")));
  socket.bind(5353, () => { socket.addMembership("224.0.0.251"); console.log("listening"); });
`;

describe.skipIf(obstacle !== null)(
  `announcements with keys${obstacle === null ? "" : ` (skipped: ${obstacle})`}`,
  () => {
    test("serve: the announcement of a server that needs a key has key=1, no key, and no name of a camera", async () => {
      using network = openNetwork();
      const [there, here] = network.machines;
      const listener = Bun.spawn([...here.through, process.execPath, "-e", LISTENER], { stdout: "pipe" });
      using _ = { [Symbol.dispose]: () => listener.kill("SIGKILL") };
      const packets = listener.stdout.getReader();
      const decoder = new TextDecoder("latin1");
      let heard = "";
      const read = async (until: (text: string) => boolean) => {
        while (!until(heard)) heard += decoder.decode((await packets.read()).value ?? new Uint8Array());
      };
      await read((text) => text.includes("listening"));
      const cwd = mkdtempSync(join(top, "announced-"));
      writeFileSync(
        join(cwd, "slipstream.toml"),
        '[[cameras]]\nname = "nursery"\nsource = "pattern"\nsize = "160x120"\n',
      );
      const env = { XDG_STATE_HOME: join(cwd, "state"), SLIPSTREAM_KEY: VARIABLE_KEY };
      await using server = await startServer(["--host", there.address], { through: there.through, cwd, env });
      await read((text) => text.includes("wire="));
      await server.end("SIGTERM");
      await read((text) => text.split("wire=").length > 2); // the server withdraws its record
      expect(heard).toContain("key=1");
      expect(heard).not.toContain("nursery");
      expectNoSecret(heard);
    });
  },
);
