// The tables of limits in SECURITY.md say what the code does.

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { DEFAULT_MAX_PIXELS, OTHERS, STREAMS } from "../../../src/connect/server-limits.ts";
import { MAX_BYTES_PER_PIXEL } from "../../../src/protocol/tile-check.ts";
import { MAX_TILES } from "../../../src/protocol/tile-list.ts";
import { MAX_WAITING_BYTES } from "../../../src/client/decode/tile-streams.ts";

import { ARENA_BYTES, ARENA_BYTES_PER_PIXEL } from "../../../src/client/session.ts";
import { MAX_UNREAD_MESSAGES } from "../../../src/protocol/peer.ts";
import { MAX_OTHER_MESSAGE_BYTES, MAX_SERVER_MESSAGE_BYTES } from "../../../src/protocol/wire.ts";
import {
  CONNECTS_BURST,
  DEFAULT_ACCESS_LIMITS,
  LIMIT_NAMES,
  MESSAGES_BURST,
} from "../../../src/server/access/limits.ts";
import { FIRST_PAUSE_AFTER } from "../../../src/server/access/lock-out.ts";

const MIB = 2 ** 20;

/** The rows of the table whose header begins with these cells. */
function tableOf(...header: string[]): string[][] {
  const lines = readFileSync(new URL("../../../SECURITY.md", import.meta.url), "utf8").split("\n");
  const cells = (line: string) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim());
  const begins = (line: string) => header.every((cell, index) => cells(line)[index] === cell);
  const at = lines.findIndex((line) => begins(line) && cells(line).length === header.length);
  const rows = lines.slice(at + 2);
  return rows
    .slice(
      0,
      rows.findIndex((line) => !line.startsWith("|")),
    )
    .map(cells);
}

test("SECURITY.md: the limits of a server are those of the code, each with its counter", () => {
  const limits = DEFAULT_ACCESS_LIMITS;
  const rate = (perSecond: number, burst: number) => `${perSecond}/s, ${perSecond * burst} at once`;
  const expected: Record<string, string> = {
    viewers: `${limits.maxViewers}`,
    viewersPerAddress: `${limits.maxViewersPerAddress}`,
    greetings: `${limits.maxGreetings} (see below)`,
    greetingsPerAddress: `${limits.maxGreetingsPerAddress}`,
    connects: rate(limits.connectsPerSecond, CONNECTS_BURST),
    requests: rate(limits.requestsPerSecond, CONNECTS_BURST),
    messages: rate(limits.messagesPerSecond, MESSAGES_BURST),
    waiting: `${limits.maxWaitingMiB} MiB`,
    stalled: `${limits.stallSeconds} s`,
    wrongKeys: `${FIRST_PAUSE_AFTER}, then pauses`,
  };
  const rows = tableOf("what", "at most", "in `refusedBy`");
  expect(Object.fromEntries(rows.map(([, most, counter]) => [counter?.replaceAll("`", ""), most]))).toEqual(expected);
  expect(Object.keys(expected)).toEqual([...LIMIT_NAMES]);
});

test("SECURITY.md: the limits of a viewer are those of the code", () => {
  const rate = ({ perSecond, burst }: typeof STREAMS) => `${perSecond}/s, ${burst} at once`;
  const spaced = (count: number) => count.toLocaleString("en").replaceAll(",", " ");
  expect(tableOf("what", "at most").map(([, most]) => most)).toEqual([
    `${spaced(DEFAULT_MAX_PIXELS)} (\`--max-pixels\`)`,
    spaced(MAX_TILES),
    `${MAX_BYTES_PER_PIXEL} for each of its pixels`,
    `${MAX_SERVER_MESSAGE_BYTES / MIB} MiB, and ${MAX_OTHER_MESSAGE_BYTES / MIB} MiB`,
    rate(STREAMS),
    rate(OTHERS),
    `${MAX_UNREAD_MESSAGES}`,
    `${ARENA_BYTES / MIB} MiB, and ${ARENA_BYTES_PER_PIXEL} bytes for each pixel of \`--max-pixels\``,
    `${MAX_WAITING_BYTES / MIB} MiB`,
  ]);
});
