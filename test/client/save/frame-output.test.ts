// openFrameOutput: frames on standard output arrive whole, whatever the pipe and its reader are like.

import { expect, test } from "bun:test";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { openLibc } from "../../../src/system/open-libc.ts";
import { openSystemPipe } from "../../support/system-pipe.ts";

const libc = openLibc({ fcntl: { args: ["i32", "i32", "i32"], returns: "i32" } });
/** Constants from uapi/asm-generic/fcntl.h. */
const F_SETFL = 4;
const O_NONBLOCK = 0o4000;

const FRAME_BYTES = 300_000;
/** Writes three frames when a byte comes on standard input. */
const SCRIPT = `
  import { openFrameOutput } from ${JSON.stringify(join(import.meta.dir, "../../../src/client/save/frame-output.ts"))};
  const output = await openFrameOutput("-");
  await Bun.stdin.stream().getReader().read();
  for (const frame of [1, 2, 3]) await output.write(new Uint8Array(${FRAME_BYTES}).fill(frame));
  process.exit();
`;

test.skipIf(libc === null)("frame output: a pipe that another program has made non-blocking", async () => {
  using pipe = openSystemPipe();
  const child = Bun.spawn([process.execPath, "-e", SCRIPT], { stdio: ["pipe", pipe.writingEnd, "pipe"] });
  libc?.fcntl(pipe.writingEnd, F_SETFL, O_NONBLOCK); // both processes have this end in common
  pipe.closeWriting();
  child.stdin.write("\n");
  child.stdin.flush();
  await Bun.sleep(50); // the pipe is full
  const parts: Uint8Array[] = [];
  for await (const part of createReadStream("", { fd: pipe.readingEnd, autoClose: false })) parts.push(part);
  expect(await new Response(child.stderr).text()).toBe("");
  expect(await child.exited).toBe(0);
  const wanted = Buffer.concat([1, 2, 3].map((frame) => Buffer.alloc(FRAME_BYTES, frame)));
  expect(Buffer.concat(parts).equals(wanted)).toBe(true);
});
