// slipstream.toml: its settings, what has priority over it, and errors that name line and key.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UsageError } from "../../../src/core/errors.ts";
import { formatKeyRecord, recordOfKey } from "../../../src/server/access/key-record.ts";
import { DEFAULT_ACCESS_LIMITS } from "../../../src/server/access/limits.ts";
import { resolveServeOptions } from "../../../src/server/settings/resolve.ts";
import { combine } from "../../../src/server/settings/settings.ts";
import { parseSettings } from "../../../src/server/settings/settings-file.ts";
import { CLIP, runToEnd, startServer, TEST_TIMEOUT_MS } from "../../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const WHOLE = `# all there is
host = "0.0.0.0"
port = 0
codec = "jsquash"
http = 8080
http-name = ["cams.example.org"]
allow-origin = ["https://example.org"]
trusted-proxy = ["127.0.0.1"]
workers = 3
max-latency = 0
max-bitrate = "2M"
max-viewers = 12
max-connects-per-second = 5
stall-timeout = 20
preview = false
announce = false
allow-controls = true
quality = 60
noise = "off"
idle-release = 1.5

[[cameras]]
name = "door"
source = "/dev/video0"
size = "1280x720"
fps = 29.97
quality = 80
sampling = 444
set = { brightness = 128, "white_balance_automatic" = false }

[[cameras]]
source = "webcam"
device = "TEST:colourbars"
noise = 0

[[cameras]]
source = "-"
pixel-format = "nv12"
idle-release = 0
`;

describe("combine: settings of the command line and of the settings file", () => {
  test("combine: a file uses the flags' names, and a camera's own settings have priority over those for all", () => {
    const options = combine({}, parseSettings(WHOLE, "x.toml"));
    const { cameras, ...server } = resolveServeOptions(options);
    expect(options.preview).toBe(false);
    expect(server).toEqual({
      host: "0.0.0.0",
      port: 0,
      codec: "jsquash",
      workers: 3,
      frames: null,
      mqtt: null,
      http: {
        port: 8080,
        isDefaultPort: false,
        names: ["cams.example.org"],
        allowedOrigins: ["https://example.org"],
        trustedProxies: ["127.0.0.1"],
      },
      tls: { files: null },
      announce: false,
      keys: { given: [], store: expect.stringMatching(/\/slipstream\/keys\.json$/) },
      allowControls: true,
      maxLatencyMs: null,
      maxBitsPerSecond: 2_000_000,
      access: { ...DEFAULT_ACCESS_LIMITS, maxViewers: 12, connectsPerSecond: 5, stallSeconds: 20 },
    });
    const plain = {
      name: null,
      device: null,
      certificate: null,
      pixelFormat: null,
      settings: [],
      size: null,
      framesPerSecond: null,
    };
    const forAll = {
      quality: 60,
      sampling: "420",
      noise: null,
      idleReleaseSeconds: 1.5,
      record: null,
      past: null,
      motion: null,
    } as const;
    expect(cameras).toEqual([
      {
        ...plain,
        ...forAll,
        name: "door",
        source: "/dev/video0",
        quality: 80,
        sampling: "444",
        folder: ".",
        writtenAt: "x.toml:24: cameras[0].source",
        settings: [
          { name: "brightness", value: "128", writtenAt: "x.toml:29: cameras[0].set.brightness" },
          {
            name: "white_balance_automatic",
            value: "false",
            writtenAt: "x.toml:29: cameras[0].set.white_balance_automatic",
          },
        ],
        size: { width: 1280, height: 720 },
        framesPerSecond: 29.97,
      },
      {
        ...plain,
        ...forAll,
        source: "webcam",
        device: "TEST:colourbars",
        noise: 0,
        folder: ".",
        writtenAt: "x.toml:32: cameras[1].source",
      },
      {
        ...plain,
        ...forAll,
        source: "-",
        pixelFormat: "nv12",
        idleReleaseSeconds: null,
        folder: ".",
        writtenAt: "x.toml:37: cameras[2].source",
      },
    ]);
  });

  test("combine: the command line has priority over the file for all cameras, and --source replaces the cameras of the file", () => {
    const file = parseSettings(WHOLE, "x.toml");
    const { cameras, port } = combine({ quality: 5, fps: 0, port: 7 }, file);
    expect(port).toBe(7);
    expect(cameras.map(({ quality, framesPerSecond }) => [quality, framesPerSecond])).toEqual(Array(3).fill([5, 0]));
    const [door] = combine({ set: [{ name: "brightness", value: "7" }] }, file).cameras;
    expect(door?.settings?.map(({ name, value }) => `${name}=${value}`)).toEqual([
      ...["brightness=128", "white_balance_automatic=false", "brightness=7"],
    ]);
    const other = combine({ source: ["pattern", "auto"] }, file).cameras;
    expect(other.map(({ source, name, quality }) => [source, name, quality])).toEqual([
      ["pattern", undefined, 60],
      ["auto", undefined, 60],
    ]);
  });

  test("combine: settings that are not given have the defaults that --help names", async () => {
    const { cameras, workers: _, ...server } = resolveServeOptions(combine({}, {}));
    expect(server).toEqual({
      host: "127.0.0.1",
      port: 10050,
      codec: "simd",
      frames: null,
      mqtt: null,
      http: { port: 10080, isDefaultPort: true, names: [], allowedOrigins: [], trustedProxies: [] },
      tls: null,
      announce: true,
      keys: null,
      allowControls: false,
      maxLatencyMs: 250,
      maxBitsPerSecond: null,
      access: DEFAULT_ACCESS_LIMITS,
    });
    expect(cameras).toEqual([
      {
        name: null,
        source: "auto",
        device: null,
        certificate: null,
        pixelFormat: null,
        size: null,
        framesPerSecond: null,
        settings: [],
        quality: 75,
        sampling: "420",
        noise: 2,
        idleReleaseSeconds: null,
        record: null,
        past: null,
        motion: null,
      },
    ]);
    const [screen] = resolveServeOptions(combine({ source: ["screen:1.0"] }, { quality: 50 })).cameras;
    expect(screen).toMatchObject({ quality: 50, sampling: "444", noise: 0 });
    const { program } = await runToEnd("serve", ["--help"], { rawOutput: true });
    const help = program.bytes.toString().replaceAll(/\s+/g, " ");
    for (const value of [
      "auto",
      "rgba for -, the best one for a camera",
      "75, 90 for a screen",
      "420, 444 for a screen",
      "2, 0 for a screen",
      "250",
      "0",
      "simd",
      "127.0.0.1",
      "10050",
    ]) {
      expect(help).toContain(`(default: ${value})`);
    }
  });

  test("combine: only one camera can read standard input, whether it is set on the command line or in a file", () => {
    const message = "only one camera can read standard input";
    expect(() => combine({ source: ["-", "pattern", "-"] }, {})).toThrow(new UsageError(message));
    const file = parseSettings('[[cameras]]\nsource = "-"\n[[cameras]]\nname = "b"\nsource = "-"', "x.toml");
    expect(() => combine({}, file)).toThrow(new UsageError(`x.toml:5: cameras[1].source: ${message}`));
    expect(combine({ source: ["-"] }, file).cameras).toHaveLength(1);
  });

  test("combine: a flag that would do nothing is refused, and a key of the file is not", () => {
    const source = ["pattern"];
    const refusal = (name: string, needed: string) =>
      new UsageError(`--${name} does nothing without --${needed}: add it`);
    expect(() => combine({ source, recordWhen: "motion" }, {})).toThrow(refusal("record-when", "record"));
    expect(() => combine({ source, record: "a", motionFor: 5 }, {})).toThrow(refusal("motion-for", "motion"));
    expect(() => combine({ source, mqttTopic: "a" }, {})).toThrow(refusal("mqtt-topic", "mqtt"));
    const file = parseSettings(
      '[[cameras]]\nsource = "pattern"\n[[cameras]]\nsource = "pattern"\nrecord = "a"',
      "x.toml",
    );
    expect(combine({ recordAfter: 5 }, file).cameras[1]?.record?.afterSeconds).toBe(5);
    expect(combine({ source }, { recordWhen: "motion" }).cameras).toHaveLength(1);
  });

  test("combine: a pixel format on the command line applies to the cameras that support it", () => {
    const formats = (...source: string[]) =>
      combine({ source, pixelFormat: "nv12" }, {}).cameras.map(({ pixelFormat }) => pixelFormat);
    expect(formats("pattern", "-", CLIP, "c920", "rtsp://a/b")).toEqual([
      undefined,
      "nv12",
      undefined,
      "nv12",
      undefined,
    ]);
    expect(formats("pattern", CLIP)).toEqual(["nv12", "nv12"]); // with this setting the source refuses to open
  });

  test("parseSettings: accepts the example in docs/usage.md", () => {
    const page = readFileSync(new URL("../../../docs/usage.md", import.meta.url), "utf8");
    const example = /```toml\n([^`]*)```/.exec(page)?.[1] ?? "";
    expect(combine({}, parseSettings(example, "usage.md")).cameras.length).toBeGreaterThan(1);
  });
});

test("parseSettings: skips a byte order mark", () => {
  expect(parseSettings("\ufeffport = 7\n", "x.toml").port).toBe(7);
  expect(() => parseSettings("\ufeffport = 7\nfps = -1", "x.toml")).toThrow("x.toml:2: fps: must be");
  expect(() => parseSettings("\ufeffport = 7\nfps =", "x.toml")).toThrow("x.toml:2: this is not TOML");
});

describe("parseSettings: names the line and the key of an error", () => {
  test.each([
    ["port = 0\nhost =\n", "x.toml:2: this is not TOML: "],
    ['host = "a"\nhost = "b"\n', "x.toml:2: this is not TOML: "],
    ["port = 0\nhost =\n\n# who\nfps = 3\n", "x.toml:2: this is not TOML: "],
    ["port = 0\n= 2", "x.toml:2: this is not TOML: "],
    ["cameras = [\nnope\n]", "x.toml:2: this is not TOML: "],
    ["[[cameras]\nfps = 3", "x.toml:1: this is not TOML: "],
    ["\n\nfps = 1001", "x.toml:3: fps: must be a number from 0 to 1000"],
    ["fps = nan", "x.toml:1: fps: must be a number from 0 to 1000"],
    ['fps = "30"', "x.toml:1: fps: must be a number from 0 to 1000"],
    ["quality = 7.5", "x.toml:1: quality: must be a whole number from 1 to 100"],
    ["port = 65536", "x.toml:1: port: must be a whole number from 0 to 65535"],
    ['noise = "of"', 'x.toml:1: noise: must be a number from 0 to 64, or "off"'],
    ['codec = "h264"', 'x.toml:1: codec: must be one of "simd", "jsquash"'],
    ["preview = 1", "x.toml:1: preview: must be true or false"],
    ["host = 2026-01-01", "x.toml:1: host: must be text"],
    ['host = ""', "x.toml:1: host: must not be empty"],
    ['max-bitrate = "9k"', "x.toml:1: max-bitrate: '9k' is not a bit rate: "],
    ["max-bitrate = true", "x.toml:1: max-bitrate: must be bits a second"],
    ['size = "wide"', "x.toml:1: size: 'wide' is not a size: "],
    ['colour = "red"', "x.toml:1: colour: there is no such setting; the settings here are size, fps, "],
    ["max_latency = 3", "x.toml:1: max_latency: there is no such setting; did you mean max-latency?"],
    ["qualty = 3", "x.toml:1: qualty: there is no such setting; did you mean quality?"],
    ['"the host" = 1', 'x.toml:1: "the host": there is no such setting; '],
    ['source = "pattern"', "x.toml:1: source: belongs under [[cameras]]"],
    ["port = 1\n[camera]\nfps = 3", "x.toml:2: camera: there is no such setting; "],
    ["port = 1\n[cameras]\nfps = 3", "x.toml:2: cameras: must be a list of tables: write [[cameras]]"],
    ["cameras = []", "x.toml:1: cameras: must have at least one entry"],
    ["cameras = [\n  {source = 'a'},\n  3 ]", "x.toml:3: cameras[1]: must be a table"],
    ['cameras = [\n{source = "a"},\n{source = "b", fps = -1}]', "x.toml:3: cameras[1].fps: must be a number from 0 to"],
    ['[[cameras]]\nsource = "a"\n\n[[cameras]]\nname = "b"', "x.toml:4: cameras[1].source: is missing"],
    [
      '[[cameras]]\nsource = "a"\n[[cameras]]\nsource = "b"\nsize = "1x1"\n\nfps = 2000',
      "x.toml:7: cameras[1].fps: must be a number from 0 to 1000",
    ],
    ['[[cameras]]\nsource = "a"\nport = 1', "x.toml:3: cameras[0].port: belongs before the first [[cameras]]"],
    [
      '[[cameras]]\nsource = "a"\ncolour = 1',
      "x.toml:3: cameras[0].colour: there is no such setting; the settings here are name, source",
    ],
    ['[[cameras]]\nsource = "a"\nsize.width = 1', "x.toml:3: cameras[0].size: must be text"],
    ['[[cameras]]\nsource = "a"\n[cameras.size]\nwidth = 1', "x.toml:3: cameras[0].size: must be text"],
    ['[[cameras]]\nsource = "a"\nname = "a\\tb"', "x.toml:3: cameras[0].name: 'a\tb' is not a valid camera name"],
    [
      '[[cameras]]\nsource = "a"\nname = "b"\n[[cameras]]\nname = "b"\nsource = "a"',
      "x.toml:5: cameras[1].name: 'b' is already the name of another camera",
    ],
    [`cameras = [${'{source = "a"},'.repeat(65)}]`, "x.toml:1: cameras: must have 64 entries at most"],
    [
      '[[cameras]]\nsource = "a"\nset = { "a b" = 1 }',
      `x.toml:3: cameras[0].set."a b": is not the name of a control: 'bun run cameras --controls' lists the names`,
    ],
    [
      '[[cameras]]\nsource = "a"\n[cameras.set]\nfocus = 1\nbrightness = ""',
      "x.toml:5: cameras[0].set.brightness: must not",
    ],
    ['[[cameras]]\nsource = "a"\nset.brightness = " "', "x.toml:3: cameras[0].set.brightness: must not be empty"],
    ['[[cameras]]\nsource = "a"\nset.brightness = [1]', "x.toml:3: cameras[0].set.brightness: must be a number, true"],
    ['[[cameras]]\nsource = "a"\nset = 3', "x.toml:3: cameras[0].set: must be a table"],
    [
      '[[cameras]]\nsource = "a"\nset = ["brightness=3"]',
      "x.toml:3: cameras[0].set: must be a table, for example { brightness = 128 }",
    ],
    ['[[cameras]]\nsource = "a"\nset = 2026-01-01', "x.toml:3: cameras[0].set: must be a table"],
    ["port = 0\n__proto__ = 1", "x.toml:2: __proto__: there is no such setting"],
    ["port = 0\n[__proto__]\nfps = 3", "x.toml:2: __proto__: there is no such setting"],
    ['[[cameras]]\nsource = "a"\n__proto__ = {fps = 3}', "x.toml:3: cameras[0].__proto__: there is no such setting"],
    [
      '[[cameras]]\nsource = "a"\nset.constructor = 3',
      "x.toml:3: cameras[0].set.constructor: there is no such setting",
    ],
  ])("parseSettings: refuses %j", (text, message) => {
    expect(() => parseSettings(text, "x.toml")).toThrow(UsageError);
    expect(() => parseSettings(text, "x.toml")).toThrow(message);
  });
});

describe("the program serve with a settings file", () => {
  const folder = mkdtempSync(join(tmpdir(), "slipstream-settings-"));
  const path = join(folder, "slipstream.toml");
  const good = '[[cameras]]\nname = "door"\nsource = "pattern"\nsize = "320x240"\n[[cameras]]\nsource = "pattern"\n';

  test("serve: reads the file in its working directory or that of --config, and with --no-config no file", async () => {
    writeFileSync(path, good);
    {
      await using server = await startServer([], { cwd: folder });
      expect(server.remarks).toContain("reading settings from ./slipstream.toml");
      expect(server.last?.cameras?.map(({ name }) => name)).toEqual(["door", "pattern"]);
    }
    {
      await using server = await startServer(["--config", path, "--size", "640x360"]);
      await server.until("frames", ({ last }) => last?.cameras?.every(({ width }) => width === 640) ?? false);
    }
    await using server = await startServer(["--no-config", "--source", "pattern"], { cwd: folder });
    expect(server.last?.cameras).toBeUndefined();
  });

  test("serve: relative paths start at the folder of the file, and errors name the position of the camera in the file", async () => {
    const camera = (source: string) => writeFileSync(path, `[[cameras]]\nname = "door"\nsource = "${source}"\n`);
    copyFileSync(CLIP, join(folder, "clip.mp4"));
    for (const source of ["clip.mp4", "./clip.mp4"]) {
      camera(source);
      await using server = await startServer(["--config", path]);
      await server.until("frames", ({ last }) => (last?.frames ?? 0) > 0);
    }
    camera("README.md"); // this file is in the folder in which the server starts, and must not be found
    expect(await runToEnd("serve", ["--config", path])).toMatchObject({
      code: 2,
      remarks: expect.stringContaining(`error: ${path}:3: cameras[0].source: 'README.md' is neither a file `),
    });
    camera("./none.mp4");
    expect(await runToEnd("serve", ["--config", path])).toMatchObject({
      code: 1,
      remarks: `error: ${path}:3: cameras[0].source: cannot read ${folder}/none.mp4: there is no such file or device\n`,
    });
  });

  test("serve: ends with code 2 and one line when the file is wrong or missing", async () => {
    writeFileSync(path, `${good}fps = -1\n`);
    const wrong = await runToEnd("serve", ["--config", path]);
    expect([wrong.code, wrong.remarks]).toEqual([
      2,
      `error: ${path}:7: cameras[1].fps: must be a number from 0 to 1000\n`,
    ]);
    const isFolder = await runToEnd("serve", ["--config", folder]);
    const message = `error: cannot read ${folder}: it is a folder: name a file in it, for example slipstream.toml\n`;
    expect([isFolder.code, isFolder.remarks]).toEqual([2, message]);
    rmSync(folder, { recursive: true });
    const missing = await runToEnd("serve", ["--config", path]);
    expect([missing.code, missing.remarks]).toEqual([2, `error: cannot read ${path}: there is no such file\n`]);
  });
});

describe("settings file: limits", () => {
  const deep = 3_000;
  test.each([
    ["a table's name", `[${"a.".repeat(deep)}a]`, 1],
    ["a key", `fps = 30\n${"a . ".repeat(deep)}a = 1`, 2],
    ["inline tables", `a = ${"{a = ".repeat(deep)}1${"}".repeat(deep)}`, 1],
    ["lists", `# a list\n\na = ${"[\n".repeat(20)}${"]".repeat(20)}`, 11],
  ])("settings file: refuses nested %s before parsing", (_, toml, line) => {
    expect(() => parseSettings(toml, "x.toml")).toThrow(
      new UsageError(`x.toml:${line}: tables and lists are nested too deeply`),
    );
  });

  test("settings file: brackets and dots in strings and comments do not start tables", () => {
    const dots = "a.b.c.d.e.f.g.h.i.j.k.l";
    const toml = `# ${"[".repeat(20)} ${dots} = 1
host = "${dots}" # ${"{".repeat(20)}
[[cameras]]
source = '${dots}${"[".repeat(20)}'
name = "a\\"[[[[[[[[[[[["
`;
    const { host, cameras } = parseSettings(toml, "x.toml");
    expect(host).toBe(dots);
    expect(cameras?.[0]?.name).toBe('a"[[[[[[[[[[[[');
  });

  test.each([
    ['size = "http://admin:hunter2@camera/v"', "'http://camera/v' is not a size"],
    ['name = "http://admin:hunter2@camera/v\\u0001"', "is not a valid camera name"],
    ['"http://admin:hunter2@camera/v" = 1', '"http://camera/v": there is no such setting'],
    ['set = { "http://camera/v?pwd=hunter2" = 1 }', '"http://camera/v": is not the name of a control'],
    ["fps = http://admin:hunter2@camera/v", "this is not TOML"],
  ])("settings file: the error for %s does not quote the password", (line, text) => {
    const parse = () => parseSettings(`[[cameras]]\nsource = "pattern"\n${line}\n`, "x.toml");
    expect(parse).toThrow(text);
    expect(parse).not.toThrow("hunter2");
  });

  test("settings file: refuses a pipe without waiting, and refuses a file that is too large", async () => {
    const folder = mkdtempSync(join(tmpdir(), "settings-"));
    try {
      const pipe = join(folder, "pipe.toml");
      expect(Bun.spawnSync(["mkfifo", pipe]).success).toBe(true);
      const blocked = await runToEnd("serve", ["--config", pipe]);
      expect([blocked.code, blocked.remarks]).toEqual([2, `error: cannot read ${pipe}: it is not a regular file\n`]);
      const large = join(folder, "large.toml");
      writeFileSync(large, "#".repeat(300_000));
      const refused = await runToEnd("serve", ["--config", large]);
      expect([refused.code, refused.remarks]).toEqual([
        2,
        `error: cannot read ${large}: it has 300000 bytes, more than 262144\n`,
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

test("parseSettings: a table __proto__ does not change other objects", () => {
  expect(() => parseSettings("[__proto__]\nfps = 3", "x.toml")).toThrow(UsageError);
  expect(({} as Record<string, unknown>)["fps"]).toBeUndefined();
});

describe("[[keys]] of the settings file", () => {
  const HASH = formatKeyRecord(recordOfKey("k7qf-2mzd-9x4w-hcv3-tb8n"));
  const table = (more: string) => `[[keys]]\nname = "ann"\nhash = "${HASH}"\n${more}`;

  test("parseSettings: [[keys]] are keys of the server, with their rights, or the right to view", () => {
    const file = parseSettings(
      table('may = ["view", "control"]\ncameras = ["door"]\n[[keys]]\nname = "ben"\nhash = ').concat(`"${HASH}"`),
      "x.toml",
    );
    const { keys } = resolveServeOptions(combine({}, file));
    expect(keys?.given.map(({ role }) => role)).toEqual([
      { name: "ann", may: new Set(["view", "control"]), cameras: new Set(["door"]) },
      { name: "ben", may: new Set(["view"]), cameras: null },
    ]);
  });

  test("combine: --open has priority over keys in the file, and --key-file over open in the file", () => {
    const file = parseSettings(`open = true\n${table("")}`, "x.toml");
    expect(combine({ open: true }, file)).toMatchObject({ open: true, keys: [], keyFile: undefined });
    expect(combine({}, file)).toMatchObject({ open: true, keys: [] });
    expect(combine({ keyFile: "k" }, file)).toMatchObject({ open: false, keyFile: "k" });
  });

  test("combine: a relative key-file starts at the folder of the settings file", () => {
    expect(parseSettings('key-file = "a/key"', "x.toml", "/etc/slipstream").keyFile).toBe("/etc/slipstream/a/key");
  });

  test.each([
    [
      '[[keys]]\nname = "a"\nkey = "k7qf-2mzd-9x4w-hcv3-tb8n"',
      "x.toml:3: keys[0].key: does not belong here: write its hash, which 'bun run key add NAME --settings' prints",
    ],
    ['[[keys]]\nname = "a"', "x.toml:1: keys[0].hash: is missing"],
    [
      '[[keys]]\nname = "a"\nhash = "k7qf-2mzd-9x4w-hcv3-tb8n"',
      "x.toml:3: keys[0].hash: this is not the hash of a key: 'bun run key add NAME --settings' prints one",
    ],
    [table("level = 1"), "x.toml:4: keys[0].level: there is no such setting; there are name, hash, may, cameras"],
    [table('may = ["control"]'), 'x.toml:4: keys[0].may: must be ["view"] or ["view", "control"]'],
    [table('may = ["all"]'), 'x.toml:4: keys[0].may[0]: must be ["view"] or ["view", "control"]'],
    [table("cameras = []"), "x.toml:4: keys[0].cameras: must name a camera"],
    [`${table("")}\n${table("")}`, "x.toml:6: keys[1].name: 'ann' is already the name of another key"],
    ["keys = 1", "x.toml:1: keys: must be a list of tables: write [[keys]] before each key's settings"],
  ])("parseSettings: %j is refused, and the error does not quote the key", (source, message) => {
    expect(() => parseSettings(source, "x.toml")).toThrow(new UsageError(message));
  });

  test.each([
    '"KEY" = 1',
    "KEY = 1",
    "[KEY]\na = 1",
    '[[cameras]]\nsource = "a"\n"KEY" = 1',
    '[[cameras]]\nsource = "a"\nset = { "KEY" = [] }',
    '[[keys]]\nname = "a"\nhash = "a"\n"KEY" = 1',
    '"KEY" = 1\n"KEY" = 2',
    '[[cameras]]\nsource = "a"\nname = "KEY"\n[[cameras]]\nsource = "b"\nname = "KEY"',
  ])("parseSettings: an error in %j does not quote the key", (source) => {
    for (const key of ["k7qf-2mzd-9x4w-hcv3-tb8n", "k7qf2mzd9x4whcv3tb8n"]) {
      let text = "";
      try {
        parseSettings(source.replaceAll("KEY", key), "x.toml");
      } catch (error) {
        text = String(error);
      }
      expect(text).toMatch(/^UsageError: x\.toml:\d: /);
      expect(text).not.toContain("k7qf");
    }
  });
});
