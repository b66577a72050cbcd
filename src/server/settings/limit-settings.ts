// The part of the table of settings that limits what viewers get and may do.

import { UsageError } from "../../core/errors.ts";
import type { SettingEntry } from "../../core/setting-table.ts";
import { DEFAULTS, RANGES } from "./resolve.ts";

/** The settings in the order of `--help`. */
export const LIMIT_SETTINGS = [
  {
    name: "max-latency",
    scope: "server",
    type: { kind: "number", range: RANGES.maxLatencyMs },
    placeholder: "ms",
    default: DEFAULTS.maxLatencyMs,
    help: "largest age of a viewer's picture; if its link is too slow for that, the viewer gets lower quality, then a smaller size, then fewer frames; 0 = any age",
  },
  {
    name: "max-bitrate",
    scope: "server",
    type: { kind: "parsed", parse: parseBitrate, number: 'bits a second, for example 2000000 or "2M"' },
    placeholder: "rate",
    help: "largest bit rate for one viewer, in bits a second, for example 500k or 2M",
  },
  {
    name: "max-total-bitrate",
    scope: "server",
    type: { kind: "parsed", parse: parseBitrate, number: 'bits a second, for example 20000000 or "20M"' },
    placeholder: "rate",
    help: "largest bit rate for all viewers together, in bits a second, for example 20M; their addresses share it evenly, and so do the viewers of one address",
  },
  {
    name: "max-viewers",
    scope: "server",
    type: { kind: "whole number", range: RANGES.maxViewers },
    placeholder: "n",
    default: DEFAULTS.maxViewers,
    help: "largest number of viewers",
  },
  {
    name: "max-viewers-per-address",
    scope: "server",
    type: { kind: "whole number", range: RANGES.maxViewersPerAddress },
    placeholder: "n",
    default: DEFAULTS.maxViewersPerAddress,
    help: "largest number of viewers from one address (an IPv6 network of 64 bits counts as one); 127.0.0.1 has no such limit",
  },
  {
    name: "max-greetings",
    scope: "server",
    type: { kind: "whole number", range: RANGES.maxGreetings },
    isFileOnly: true,
    default: DEFAULTS.maxGreetings,
    help: "largest number of connections that have not begun the protocol; if there are more, the oldest one is ended",
  },
  {
    name: "max-greetings-per-address",
    scope: "server",
    type: { kind: "whole number", range: RANGES.maxGreetingsPerAddress },
    isFileOnly: true,
    default: DEFAULTS.maxGreetingsPerAddress,
    help: "largest number of connections from one address that have not begun the protocol; 127.0.0.1 has no such limit",
  },
  {
    name: "max-connects-per-second",
    scope: "server",
    type: { kind: "whole number", range: RANGES.connectsPerSecond },
    isFileOnly: true,
    default: DEFAULTS.connectsPerSecond,
    help: "largest number of new connections a second from one address, on average; ten times as many from 127.0.0.1",
  },
  {
    name: "max-requests-per-second",
    scope: "server",
    type: { kind: "whole number", range: RANGES.requestsPerSecond },
    isFileOnly: true,
    default: DEFAULTS.requestsPerSecond,
    help: "largest number of HTTP requests a second from one address, on average; ten times as many from 127.0.0.1",
  },
  {
    name: "max-messages-per-second",
    scope: "server",
    type: { kind: "whole number", range: RANGES.messagesPerSecond },
    isFileOnly: true,
    default: DEFAULTS.messagesPerSecond,
    help: "largest number of messages a second from one viewer, on average; acknowledgements of frames do not count",
  },
  {
    name: "max-waiting-memory",
    scope: "server",
    type: { kind: "whole number", range: RANGES.maxWaitingMiB },
    isFileOnly: true,
    default: DEFAULTS.maxWaitingMiB,
    help: "largest memory in MiB for pictures that viewers have not acknowledged, for all viewers together; beyond it the viewer that is furthest behind is disconnected",
  },
  {
    name: "stall-timeout",
    scope: "server",
    type: { kind: "whole number", range: RANGES.stallSeconds },
    isFileOnly: true,
    default: DEFAULTS.stallSeconds,
    help: "seconds after which a viewer is disconnected if it receives no bytes and acknowledges no frame",
  },
] as const satisfies readonly SettingEntry[];

/** Parses a bit rate, for example `500k`, `2M` or `2500000`. Throws UsageError for other text. */
function parseBitrate(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([kM]?)$/.exec(text);
  const bits = Number(match?.[1]) * { "": 1, k: 1e3, M: 1e6 }[match?.[2] as "" | "k" | "M"];
  if (!match || !(bits >= RANGES.maxBitsPerSecond[0])) {
    throw new UsageError(`'${text}' is not a bit rate: write at least 10k bits a second, for example 500k or 2M`);
  }
  return bits;
}
