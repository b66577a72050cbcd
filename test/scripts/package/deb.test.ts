// The Debian package with a small program in the place of the real one: its contents, and what dpkg and systemd say.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { buildDeb } from "../../../scripts/package/deb.ts";
import { readSettingsFile } from "../../../src/server/settings/settings-file.ts";
import { TEST_TIMEOUT_MS } from "../../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const FILES = join(import.meta.dir, "../../../scripts/package/deb");
const hasDpkg = Bun.which("dpkg-deb") !== null;
const hasSystemd = Bun.which("systemd-analyze") !== null;

let folder: string;
let deb: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "slipstream-test-"));
  if (hasDpkg) deb = build("first");
});
afterAll(() => rmSync(folder, { recursive: true }));

function build(name: string): string {
  const own = join(folder, name);
  mkdirSync(own);
  const program = join(own, "program");
  writeFileSync(program, "#!/bin/sh\nexit 0\n");
  return buildDeb({ program, architecture: "amd64", licences: "", folder: own, epochSeconds: 1_790_000_000 });
}

function run(...command: string[]): string {
  const { stdout, stderr } = Bun.spawnSync(command, {
    env: { ...process.env, LC_ALL: "C.UTF-8" },
    stdout: "pipe",
    stderr: "pipe",
  });
  return `${stdout.toString()}${stderr.toString()}`;
}

describe.skipIf(!hasDpkg)("package", () => {
  test("it has the program, the service, the pages and the completions, and all files belong to root", () => {
    const lines = run("dpkg-deb", "--contents", deb).trim().split("\n");
    const paths = lines.map((line) => line.split(/\s+/)[5]);
    for (const path of [
      "./usr/bin/slipstream",
      "./lib/systemd/system/slipstream.service",
      "./usr/lib/sysusers.d/slipstream.conf",
      "./etc/slipstream/slipstream.toml",
      "./usr/share/man/man1/slipstream-serve.1.gz",
      "./usr/share/man/man5/slipstream.toml.5.gz",
      "./usr/share/bash-completion/completions/slipstream",
      "./usr/share/zsh/vendor-completions/_slipstream",
      "./usr/share/fish/vendor_completions.d/slipstream.fish",
    ]) {
      expect(paths).toContain(path);
    }
    for (const line of lines) expect(line).toContain(" root/root ");
    expect(run("dpkg-deb", "--info", deb, "conffiles")).toBe("/etc/slipstream/slipstream.toml\n");
    expect(run("dpkg-deb", "--field", deb, "Package", "Architecture")).toBe(
      "Package: slipstream\nArchitecture: amd64\n",
    );
  });

  test("the same input gives the same bytes", () => {
    expect(readFileSync(build("second")).equals(readFileSync(deb))).toBe(true);
  });
});

test("apt purge removes the state of the service, and keeps recordings", () => {
  const root = join(folder, "purged");
  const state = join(root, "var/lib/slipstream");
  const recording = "recordings/door/door_2026-11-29_08-10-00.mkv";
  const files = ["keys.json", "keys.json.lock", "known-servers.json", "tls-key.pem", "tls-certificate.pem", recording];
  for (const file of files) {
    mkdirSync(dirname(join(state, file)), { recursive: true });
    writeFileSync(join(state, file), "");
  }
  // In this PATH there are no programs of dpkg and systemd.
  const tools = join(folder, "tools");
  mkdirSync(tools);
  for (const tool of ["rm", "rmdir"]) symlinkSync(Bun.which(tool) as string, join(tools, tool));
  const purge = () => {
    const { exitCode, stdout, stderr } = Bun.spawnSync(["/bin/sh", join(FILES, "postrm"), "purge"], {
      env: { PATH: tools, DPKG_ROOT: root },
      stdout: "pipe",
      stderr: "pipe",
    });
    return [exitCode, stdout.toString(), stderr.toString()];
  };
  expect(purge()).toEqual([0, expect.stringContaining(`in ${state}, for example recordings, are kept`), ""]);
  expect(readdirSync(state, { recursive: true, encoding: "utf8" }).toSorted()).toEqual([
    "recordings",
    "recordings/door",
    recording,
  ]);
  rmSync(join(state, "recordings"), { recursive: true });
  expect([purge(), existsSync(state), purge()]).toEqual([[0, "", ""], false, [0, "", ""]]);
});

describe.skipIf(!hasSystemd)("service", () => {
  const unit = join(FILES, "slipstream.service");

  test("systemd judges that it is protected", () => {
    const [, exposure] = /Overall exposure level for slipstream.service: ([\d.]+)/.exec(
      run("systemd-analyze", "security", "--offline=true", "--no-pager", unit),
    ) ?? [undefined, "none"];
    expect(Number(exposure)).toBeLessThanOrEqual(2.5);
  });

  test("systemd knows all its settings", () => {
    const complaints = run("systemd-analyze", "verify", "--man=no", unit).split("\n");
    // The program is not installed here.
    expect(
      complaints.filter((line) => line.includes("slipstream.service") && !line.includes("not executable")),
    ).toEqual([]);
  });
});

test("the settings file of the package can be read, also with its examples", () => {
  expect(readSettingsFile(join(FILES, "slipstream.toml"))).toEqual({ cameras: undefined } as never);
  const text = readFileSync(join(FILES, "slipstream.toml"), "utf8").replace(/^#(?! |$)/gm, "");
  const path = join(folder, "with-examples.toml");
  writeFileSync(path, text);
  expect(readSettingsFile(path)).toMatchObject({
    host: "0.0.0.0",
    cameras: [{ name: "door", source: "/dev/video0", fps: 30 }],
  });
});
