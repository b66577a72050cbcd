// state/private-file.ts: files that only their owner may read. Real files and processes.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UsageError } from "../../src/core/errors.ts";
import { changePrivateFile, readPrivateFile, writePrivateFile } from "../../src/state/private-file.ts";

let top: string;
beforeAll(() => {
  top = mkdtempSync(join(tmpdir(), "private-"));
});
afterAll(() => rmSync(top, { recursive: true }));

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);
const MODULE = join(import.meta.dir, "../../src/state/private-file.ts");

describe("private file: reading and writing", () => {
  test("private file: it is written with mode 600 into a new folder with mode 700, whatever the umask", () => {
    const path = join(top, "new/deep/keys");
    const before = process.umask(0);
    try {
      writePrivateFile(path, "one\n");
      writePrivateFile(path, "two\n");
    } finally {
      process.umask(before);
    }
    expect(readPrivateFile(path)).toBe("two\n");
    expect([modeOf(path), modeOf(join(top, "new/deep"))]).toEqual(["600", "700"]);
    expect(readdirSync(join(top, "new/deep"))).toEqual(["keys"]);
  });

  test("private file: reading a missing file returns null, even if its folder is missing or is a file", () => {
    writeFileSync(join(top, "a-file"), "");
    expect(["none", "none/keys", "a-file/keys"].map((path) => readPrivateFile(join(top, path)))).toEqual([
      null,
      null,
      null,
    ]);
  });

  test.each(["640", "604", "620", "660", "602", "644"])("mode %s: refused with what to do", (mode) => {
    const path = join(top, `mode-${mode}`);
    writeFileSync(path, "secret");
    chmodSync(path, Number.parseInt(mode, 8));
    expect(() => readPrivateFile(path)).toThrow(
      new UsageError(`${path} may be read by other users (mode ${mode}): run 'chmod 600 ${path}'`),
    );
  });

  test("private file: a write into a folder that others may change is refused", () => {
    const folder = join(top, "shared");
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    expect(() => writePrivateFile(join(folder, "keys"), "secret")).toThrow(`run 'chmod 700 ${folder}'`);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("private file: a file that is too large, or not a regular file, is refused at once", () => {
    const fifo = join(top, "fifo");
    Bun.spawnSync(["mkfifo", "-m", "600", fifo]);
    expect(() => readPrivateFile(fifo)).toThrow("it is not a regular file");
    expect(() => readPrivateFile(top)).toThrow(/not a regular file|it is a folder/);
    const large = join(top, "large");
    writeFileSync(large, new Uint8Array(1024 * 1024 + 1), { mode: 0o600 });
    expect(() => readPrivateFile(large)).toThrow("more than 1048576");
  });

  const isRoot = process.geteuid?.() === 0;
  test.if(isRoot)("private file: one that root writes belongs to the owner of the folder", () => {
    const folder = join(top, "of-a-service");
    const path = join(folder, "keys");
    mkdirSync(folder, { mode: 0o700 });
    chownSync(folder, 65534, 65534); // nobody
    changePrivateFile(path, () => "text");
    const { uid, gid, mode } = statSync(path);
    expect([uid, gid, mode & 0o777]).toEqual([65534, 65534, 0o600]);
    expect(readPrivateFile(path)).toBe("text");
    expect(statSync(`${path}.lock`)).toMatchObject({ uid: 65534, gid: 65534 }); // the service can take the lock, too
  });

  test("private file: a folder that cannot be made gives an error of one line", () => {
    writeFileSync(join(top, "in-the-way"), "");
    const path = join(top, "in-the-way/keys");
    const error = new UsageError(`cannot write ${path}: its folder cannot be made`);
    expect(() => writePrivateFile(path, "")).toThrow(error);
    expect(() => changePrivateFile(path, () => "")).toThrow(error);
  });
});

describe("private file: changes by several processes", () => {
  test("private file: several processes lose no change", async () => {
    const path = join(top, "counted");
    const script = `
      const { changePrivateFile } = await import(${JSON.stringify(MODULE)});
      for (let i = 0; i < 25; i++) changePrivateFile(${JSON.stringify(path)}, (text) => String(Number(text ?? 0) + 1));
    `;
    const writers = Array.from({ length: 4 }, () =>
      Bun.spawn([process.execPath, "-e", script], { stdio: ["ignore", "ignore", "pipe"] }),
    );
    for (const writer of writers) {
      expect(await new Response(writer.stderr).text()).toBe("");
      expect(await writer.exited).toBe(0);
    }
    expect(readPrivateFile(path)).toBe("100");
  });

  /** Starts a program that holds the lock of a file for an hour, and waits until it has the lock. */
  async function startHolder(path: string): Promise<Bun.Subprocess> {
    const script = `
      const { changePrivateFile } = await import(${JSON.stringify(MODULE)});
      changePrivateFile(${JSON.stringify(path)}, () => {
        require("node:fs").writeSync(1, "locked");
        Bun.sleepSync(3_600_000);
        return "never";
      });
    `;
    const holder = Bun.spawn([process.execPath, "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    for await (const _ of holder.stdout) break;
    return holder;
  }

  test("private file: the lock of a killed program is free at once", async () => {
    const path = join(top, "locked");
    const holder = await startHolder(path);
    holder.kill("SIGKILL");
    await holder.exited;
    changePrivateFile(path, () => "new");
    expect(readPrivateFile(path)).toBe("new");
  });

  test("private file: a lock that another program keeps gives an error, and nothing is written", async () => {
    const path = join(top, "kept-by-another");
    const holder = await startHolder(path);
    try {
      expect(() => changePrivateFile(path, () => "new")).toThrow(
        `another program has kept ${path}.lock locked for 5 s`,
      );
      expect(readPrivateFile(path)).toBeNull();
    } finally {
      holder.kill("SIGKILL");
      await holder.exited;
    }
  });

  test("private file: a change of null does not change the file, and an error releases the lock", () => {
    const path = join(top, "kept");
    writePrivateFile(path, "old");
    changePrivateFile(path, () => null);
    expect(() =>
      changePrivateFile(path, () => {
        throw new RangeError("no");
      }),
    ).toThrow(RangeError);
    expect(readPrivateFile(path)).toBe("old");
    changePrivateFile(path, (text) => `${text} and new`);
    expect(readPrivateFile(path)).toBe("old and new");
    expect(
      readdirSync(top)
        .filter((name) => /^kept(\.|$)/.test(name))
        .toSorted(),
    ).toEqual(["kept", "kept.lock"]);
  });
});
