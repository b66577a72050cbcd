// The findings of the doctor that depend on files, with files of the tests.

import { afterAll, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { examineFirewall } from "../../src/doctor/network.ts";
import { examineFfmpeg } from "../../src/doctor/programs.ts";
import { coresOfGroup, examineState } from "../../src/doctor/machine.ts";

const FOLDER = mkdtempSync(join(tmpdir(), "slipstream-test-"));
afterAll(() => rmSync(FOLDER, { recursive: true }));
const ports = { port: 10050, http: 10080 };

function fileWith(name: string, text: string): string {
  const path = join(FOLDER, name);
  writeFileSync(path, text);
  return path;
}

test.skipIf(process.platform !== "linux")(
  "firewall: ufw and firewalld are found, with the commands that open the ports",
  () => {
    const none = join(FOLDER, "none");
    const ufw = fileWith("ufw.conf", "# comment\nENABLED=yes\nLOGLEVEL=low\n");
    const [withUfw] = examineFirewall(ports, { ufw, firewalld: none });
    expect(withUfw).toMatchObject({ part: "firewall", condition: "limited" });
    expect(withUfw?.mend).toMatch(/ufw allow 10050\/tcp && .*ufw allow 10080\/tcp && .*ufw allow 5353\/udp$/);
    const firewalld = join(FOLDER, "firewalld");
    mkdirSync(firewalld);
    const off = fileWith("ufw-off.conf", "ENABLED=no\n");
    const [withFirewalld] = examineFirewall(ports, { ufw: off, firewalld });
    expect(withFirewalld?.mend).toContain("--add-port=10050/tcp --add-port=10080/tcp --add-service=mdns");
  },
);

test.each([
  ["4.4.2-0ubuntu0.22.04.1", "limited"],
  ["n5.0.1", "limited"],
  ["5.1.9-0+deb12u1", "good"],
  ["10.0", "good"],
  ["N-109468-gd39b34123d", "good"],
])("ffmpeg: release %s is %s", (version, condition) => {
  const path = fileWith("ffmpeg", `#!/bin/sh\necho 'ffmpeg version ${version} Copyright'\n`);
  chmodSync(path, 0o755);
  expect(examineFfmpeg(path)).toMatchObject([{ condition, text: expect.stringContaining(`ffmpeg ${version} `) }]);
});

test("cores: a control group that limits the processor leaves a part of the cores", () => {
  expect(coresOfGroup(fileWith("unlimited", "max 100000\n"))).toBeNull();
  expect(coresOfGroup(fileWith("limited", "150000 100000\n"))).toBe(1.5);
  expect(coresOfGroup(join(FOLDER, "none"))).toBeNull();
});

test("state: a folder that does not exist yet is judged by the folder that will contain it", () => {
  expect(examineState(join(FOLDER, "later", "slipstream"))).toMatchObject([{ condition: "good" }]);
  const file = fileWith("file", "");
  const [inFile] = examineState(join(file, "slipstream"));
  expect(inFile).toMatchObject({ condition: "limited", text: expect.stringContaining(`${file} is not a folder`) });
});

// Root may open every camera, so another user asks.
const CAN_BECOME_ANOTHER = process.getuid?.() === 0;

test.skipIf(!CAN_BECOME_ANOTHER)(
  "groups: the command names the user of the system, whatever the variable USER says",
  () => {
    const groups = fileWith("group", "root:x:0:\nvideo:x:44:other\n");
    const users = fileWith("passwd", "root:x:0:0::/root:/bin/sh\ncamera-user:x:4242:4242::/:/bin/sh\n");
    const module = join(import.meta.dir, "../../src/doctor/cameras.ts");
    const finding = (uid: number) => {
      const script = `
      import { examineGroups } from ${JSON.stringify(module)};
      process.setuid(${uid});
      console.log(JSON.stringify(examineGroups(${JSON.stringify(groups)}, ${JSON.stringify(users)})));`;
      const { stdout } = Bun.spawnSync([process.execPath, "-e", script], { env: { ...process.env, USER: "somebody" } });
      return JSON.parse(stdout.toString())[0];
    };
    chmodSync(FOLDER, 0o755);
    expect(finding(4242)).toMatchObject({ text: "camera-user is not in the group 'video', which may open cameras" });
    expect(finding(4242).mend).toContain("usermod -a -G video camera-user, then");
    expect(finding(4343)).toMatchObject({ text: "this user is not in the group 'video', which may open cameras" });
    expect(finding(4343).mend).toContain("usermod -a -G video $(id -un), then");
  },
);
