// The table of all settings of `serve`. The flags, the keys of slipstream.toml, --help and docs/options.md come from this table.
//
// A new setting needs an entry here. A new option of serve() also needs a field in options.ts, a default and a range in
// resolve.ts, and a line in `combine` of settings.ts.

import { parseSetting } from "../../capture/control-values.ts";
import { DEFAULT_FRAMES_PER_SECOND, DEFAULT_SIZE } from "../../capture/open.ts";
import { CODEC_NAMES } from "../../codec/codecs.ts";
import { UsageError } from "../../core/errors.ts";
import { PIXEL_FORMATS, parseSize, SAMPLINGS } from "../../core/pixel-format.ts";
import { PROGRAM_SETTINGS } from "../../core/program-settings.ts";
import type { SettingEntry } from "../../core/setting-table.ts";
import { checkCameraName } from "./camera-name.ts";
import { checkHttpName, checkOrigin, checkProxy } from "./http-values.ts";
import { CAMERA_PRESET, SCREEN_PRESET } from "./preset.ts";
import { DEFAULTS, RANGES } from "./resolve.ts";

/** `serve` reads this file from the working directory unless `--config` names another file. */
export const SETTINGS_FILE = "slipstream.toml";

/** The settings in the order of `--help`. */
export const SERVE_SETTINGS = [
  {
    name: "name",
    scope: "camera",
    type: { kind: "parsed", parse: checkCameraName },
    isFileOnly: true,
    default: "the name of the source",
    help: "the camera's name for viewers",
  },
  {
    name: "source",
    scope: "camera",
    type: { kind: "text" },
    placeholder: "what",
    repeats: true,
    default: DEFAULTS.source,
    help: "where frames come from: auto, pattern, webcam, screen, a device, a camera's index or name, a file, a URL, or - for standard input; may be repeated for several cameras",
  },
  {
    name: "device",
    scope: "camera",
    type: { kind: "text" },
    placeholder: "name",
    help: "with --source webcam: the device, for example /dev/video0 or TEST:colourbars",
  },
  {
    name: "certificate",
    scope: "camera",
    type: { kind: "text" },
    placeholder: "file",
    help: "with an https address: a file with the camera's certificate (PEM), which is then trusted even if it is for another name",
  },
  {
    name: "pixel-format",
    scope: "camera",
    type: { kind: "choice", choices: [...PIXEL_FORMATS, "mjpeg"] },
    placeholder: "name",
    default: "rgba for -, the best one for a camera",
    help: "with --source -: the pixel format of the frames; with a camera: the format to request from it",
  },
  {
    name: "set",
    scope: "camera",
    type: { kind: "parsed", parse: parseSetting },
    placeholder: "name=value",
    repeats: true,
    help: "set a control of the camera, for example brightness=128; may be repeated ('bun run cameras --controls' lists the controls)",
  },
  {
    name: "size",
    scope: "cameras",
    type: { kind: "parsed", parse: parseSize },
    placeholder: "WxH",
    default: `the source's own, ${DEFAULT_SIZE.width}x${DEFAULT_SIZE.height} for pattern and webcam`,
    help: "size of the picture",
  },
  {
    name: "fps",
    scope: "cameras",
    type: { kind: "number", range: RANGES.framesPerSecond },
    placeholder: "n",
    default: `the source's own, ${DEFAULT_FRAMES_PER_SECOND} for pattern and webcam`,
    help: "frames a second; with --source pattern 0 draws without a pause",
  },
  {
    name: "sampling",
    scope: "cameras",
    type: { kind: "choice", choices: SAMPLINGS },
    placeholder: "n",
    default: `${CAMERA_PRESET.sampling}, ${SCREEN_PRESET.sampling} for a screen`,
    help: "colour in half the lines and columns (420) or in all of them (444)",
  },
  {
    name: "quality",
    scope: "cameras",
    type: { kind: "whole number", range: RANGES.quality },
    placeholder: "n",
    default: `${CAMERA_PRESET.quality}, ${SCREEN_PRESET.quality} for a screen`,
    help: "JPEG quality, 1 to 100",
  },
  {
    name: "noise",
    scope: "cameras",
    type: { kind: "number", range: RANGES.noise, or: "off" },
    placeholder: "n",
    default: `${CAMERA_PRESET.noise}, ${SCREEN_PRESET.noise} for a screen`,
    help: "largest change of a pixel's levels that is not sent; 0 = send every change, off = always send every pixel",
  },
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
    help: "most bits a second for one viewer, for example 500k or 2M",
  },
  {
    name: "max-total-bitrate",
    scope: "server",
    type: { kind: "parsed", parse: parseBitrate, number: 'bits a second, for example 20000000 or "20M"' },
    placeholder: "rate",
    help: "most bits a second for all viewers together, for example 20M; their addresses share it evenly, and so do the viewers of one address",
  },
  {
    name: "max-viewers",
    scope: "server",
    type: { kind: "whole number", range: RANGES.maxViewers },
    placeholder: "n",
    default: DEFAULTS.maxViewers,
    help: "most viewers in all",
  },
  {
    name: "max-viewers-per-address",
    scope: "server",
    type: { kind: "whole number", range: RANGES.maxViewersPerAddress },
    placeholder: "n",
    default: DEFAULTS.maxViewersPerAddress,
    help: "most viewers from one address (an IPv6 network of 64 bits counts as one); 127.0.0.1 has no such limit",
  },
  {
    name: "max-greetings",
    scope: "server",
    type: { kind: "whole number", range: RANGES.maxGreetings },
    isFileOnly: true,
    default: DEFAULTS.maxGreetings,
    help: "most connections that have not begun the protocol; if there are more, the oldest one is ended",
  },
  {
    name: "max-greetings-per-address",
    scope: "server",
    type: { kind: "whole number", range: RANGES.maxGreetingsPerAddress },
    isFileOnly: true,
    default: DEFAULTS.maxGreetingsPerAddress,
    help: "most connections from one address that have not begun the protocol; 127.0.0.1 has no such limit",
  },
  {
    name: "max-connects-per-second",
    scope: "server",
    type: { kind: "whole number", range: RANGES.connectsPerSecond },
    isFileOnly: true,
    default: DEFAULTS.connectsPerSecond,
    help: "most new connections a second from one address in the long run; ten times as many from 127.0.0.1",
  },
  {
    name: "max-requests-per-second",
    scope: "server",
    type: { kind: "whole number", range: RANGES.requestsPerSecond },
    isFileOnly: true,
    default: DEFAULTS.requestsPerSecond,
    help: "most HTTP requests a second from one address in the long run; ten times as many from 127.0.0.1",
  },
  {
    name: "max-messages-per-second",
    scope: "server",
    type: { kind: "whole number", range: RANGES.messagesPerSecond },
    isFileOnly: true,
    default: DEFAULTS.messagesPerSecond,
    help: "most messages a second from one viewer in the long run; acknowledgements of frames do not count",
  },
  {
    name: "max-waiting-memory",
    scope: "server",
    type: { kind: "whole number", range: RANGES.maxWaitingMiB },
    isFileOnly: true,
    default: DEFAULTS.maxWaitingMiB,
    help: "MiB for pictures that viewers have not acknowledged, in all; beyond it the viewer that is behind the most is disconnected",
  },
  {
    name: "stall-timeout",
    scope: "server",
    type: { kind: "whole number", range: RANGES.stallSeconds },
    isFileOnly: true,
    default: DEFAULTS.stallSeconds,
    help: "seconds after which a viewer is disconnected if it receives no bytes and acknowledges no frame",
  },
  {
    name: "idle-release",
    scope: "cameras",
    type: { kind: "number", range: RANGES.idleReleaseSeconds },
    placeholder: "s",
    default: 0,
    help: "seconds without a viewer after which the source is closed until a viewer comes; 0 = never",
  },
  {
    name: "codec",
    scope: "server",
    type: { kind: "choice", choices: CODEC_NAMES },
    placeholder: "name",
    default: DEFAULTS.codec,
    help: "the encoder: simd is fast, jsquash makes smaller pictures",
  },
  {
    name: "workers",
    scope: "server",
    type: { kind: "whole number", range: RANGES.workers },
    placeholder: "n",
    default: "one for each core, up to 8",
    help: "encoder threads",
  },
  {
    name: "host",
    scope: "server",
    type: { kind: "text" },
    placeholder: "address",
    default: DEFAULTS.host,
    help: "address to listen on; 0.0.0.0 for all addresses of this machine, localhost for 127.0.0.1 and ::1",
  },
  {
    name: "port",
    scope: "server",
    type: { kind: "whole number", range: RANGES.port },
    placeholder: "n",
    default: DEFAULTS.port,
    help: "TCP port; 0 for any free port",
  },
  {
    name: "http",
    scope: "server",
    type: { kind: "whole number", range: RANGES.httpPort },
    placeholder: "port",
    default: `${DEFAULTS.httpPort}, if it is free`,
    help: "TCP port of the web page and of the addresses for other programs; 0 for any free port",
    negation: "no web page",
  },
  {
    name: "http-name",
    scope: "server",
    type: { kind: "parsed", parse: checkHttpName },
    placeholder: "name",
    repeats: true,
    help: "a further host name of the web page, for example that of a proxy before it; may be repeated",
  },
  {
    name: "allow-origin",
    scope: "server",
    type: { kind: "parsed", parse: checkOrigin },
    placeholder: "origin",
    repeats: true,
    help: "let web pages of this origin use the server, for example https://example.org; may be repeated",
  },
  {
    name: "trusted-proxy",
    scope: "server",
    type: { kind: "parsed", parse: checkProxy },
    placeholder: "address",
    repeats: true,
    help: "the address of a proxy that tells the addresses of its clients (X-Forwarded-For); may be repeated",
  },
  {
    name: "tls",
    scope: "server",
    type: { kind: "switch" },
    default: "yes, if it listens beyond this machine or has --tls-cert",
    help: "encrypt connections with TLS",
    negation: "do not encrypt, for networks that already do",
  },
  {
    name: "tls-cert",
    scope: "server",
    type: { kind: "text" },
    placeholder: "file",
    default: "one that the server makes and keeps",
    help: "the server's certificate and those of its issuers (PEM); read again when the file changes",
  },
  {
    name: "tls-key",
    scope: "server",
    type: { kind: "text" },
    placeholder: "file",
    default: "the file of --tls-cert",
    help: "the key of the certificate (PEM)",
  },
  {
    name: "announce",
    scope: "server",
    type: { kind: "switch" },
    default: "yes",
    help: "announce the server on the local network (mDNS), if it listens beyond this machine",
    negation: "do not announce it",
  },
  {
    name: "key-file",
    scope: "server",
    type: { kind: "text" },
    placeholder: "file",
    help: "a file with a key of at least 20 characters that viewers need; no other user may read it",
    conflicts: ["open"],
  },
  {
    name: "open",
    scope: "server",
    type: { kind: "switch" },
    help: "ask for no key: everybody who reaches the port can watch",
  },
  {
    name: "allow-controls",
    scope: "server",
    type: { kind: "switch" },
    help: "let viewers set brightness, exposure and other controls of a camera",
  },
  {
    name: "preview",
    scope: "server",
    type: { kind: "switch" },
    help: "open a window on this machine as well",
  },
  {
    name: "config",
    scope: "program",
    type: { kind: "text" },
    placeholder: "file",
    default: `./${SETTINGS_FILE}, if there is one`,
    help: "read settings from this file",
    negation: "do not read a settings file",
  },
  {
    name: "frames",
    scope: "program",
    type: { kind: "whole number", range: RANGES.frames },
    placeholder: "n",
    help: "end after each camera has captured this number of frames",
  },
  ...PROGRAM_SETTINGS,
] as const satisfies readonly SettingEntry[];

/** Parses a bit rate, for example `500k`, `2M` or `2500000`. Throws UsageError for other text. */
function parseBitrate(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([kM]?)$/.exec(text);
  const bits = Number(match?.[1]) * { "": 1, k: 1e3, M: 1e6 }[match?.[2] as "" | "k" | "M"];
  if (!match || !(bits >= RANGES.maxBitsPerSecond[0])) {
    throw new UsageError(`'${text}' is not a bit rate: write bits a second from 10k up, for example 500k or 2M`);
  }
  return bits;
}
