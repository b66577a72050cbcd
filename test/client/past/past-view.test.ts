// The past in a viewer when the answer of the server cannot be used.

import { expect, setDefaultTimeout, test } from "bun:test";
import { PastView } from "../../../src/client/past/past-view.ts";
import { BUN_RUNTIME } from "../../../src/codec/bun/runtime.ts";
import { Arena } from "../../../src/codec/memory/arena.ts";
import { CodecPool } from "../../../src/codec/threads/pool.ts";
import { lineLog } from "../../../src/core/log.ts";
import { writeClipPart } from "../../../src/protocol/clip.ts";
import { MessageType } from "../../../src/protocol/wire.ts";
import { askedServer, listenAsOlderServer } from "../../support/older-server.ts";
import { TEST_TIMEOUT_MS } from "../../support/programs.ts";
import { until } from "../../support/wait-until.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text));

test.each([
  ["without pictures", { outcome: "end", text: "", bytes: bytesOf("") }, "the server has sent a clip without pictures"],
  ["that is not one", { outcome: "part", text: "", bytes: bytesOf("RIFF") }, "the clip is not a Matroska file"],
] as const)("PastView: a clip %s is reported, and the next press of Left asks again", async (_, part, reason) => {
  const server = listenAsOlderServer("yard", new Map([[MessageType.clipAsked, [writeClipPart(part)]]]));
  const arena = Arena.create();
  const ignore = () => undefined;
  const events = { onIdle: ignore, onBroken: ignore, onRestarted: ignore };
  const pool = new CodecPool({ runtime: BUN_RUNTIME, arena, codec: "simd", threads: 1, ...events });
  const lines: string[] = [];
  const past = new PastView({
    ...{ server: askedServer(server.port), arena, pool, maxPixels: 1_000_000 },
    log: lineLog((line) => lines.push(line)),
    stopped: new AbortController().signal,
    show: () => lines.push("shown"),
  });
  past.back();
  await until(() => lines.length > 0, "the report");
  const report = `the past is not shown: ${reason}, press Left to ask again`;
  expect(lines).toEqual([report]);
  past.back();
  await until(() => lines.length > 1, "the second report");
  expect(lines).toEqual([report, report]);
  server.close();
  await pool.close();
});
