// The table of all settings of `view`. The flags, --help and docs/options.md come from this table.

import { parseSetting } from "../capture/control-values.ts";
import { parseLink } from "../connect/address.ts";
import { DISPLAYS, RENDERERS } from "../client/screens/screen.ts";
import { DEFAULT_MAX_PIXELS } from "../connect/server-limits.ts";
import { MAX_SIDE_PIXELS, parseSize } from "../core/pixel-format.ts";
import { PROGRAM_SETTINGS } from "../core/program-settings.ts";
import type { SettingEntry, ValuesOf } from "../core/setting-table.ts";

/** The settings of programs that connect to a server. */
export const ACCESS_SETTINGS = [
  {
    name: "key-file",
    scope: "program",
    type: { kind: "text" },
    placeholder: "file",
    help: "file with the key of the server; the key can also be in SLIPSTREAM_KEY or in a link (slips://KEY@HOST), and a key that worked is kept",
  },
  {
    name: "tls-ca",
    scope: "program",
    type: { kind: "text" },
    placeholder: "file",
    default: "the public authorities",
    help: "authorities to trust for the server's certificate (PEM); a certificate that a server made itself needs none",
  },
] as const satisfies readonly SettingEntry[];

/** The settings that ask the server something and end, without pictures. */
const QUESTIONS = ["list", "controls", "set"] as const;

/** The settings in the order of `--help`. */
export const VIEW_SETTINGS = [
  {
    name: "list",
    scope: "program",
    type: { kind: "switch" },
    help: "print the cameras of the server and end",
    conflicts: ["controls", "set", "grid"],
  },
  {
    name: "controls",
    scope: "program",
    type: { kind: "switch" },
    help: "print the controls of the camera and end",
    conflicts: ["grid"],
  },
  {
    name: "set",
    scope: "program",
    type: { kind: "parsed", parse: parseSetting },
    placeholder: "name=value",
    repeats: true,
    help: "set a control of the camera, if the server allows it, and end; may be repeated",
    conflicts: ["grid"],
  },
  {
    name: "grid",
    scope: "program",
    type: { kind: "switch" },
    help: "show all cameras of the server in one window",
  },
  ...ACCESS_SETTINGS,
  {
    name: "forget",
    scope: "program",
    type: { kind: "parsed", parse: (text: string) => parseLink(text).address },
    placeholder: "host[:port]",
    help: "forget the key and the pinned public key of a server, and end",
    conflicts: [...QUESTIONS, "grid"],
  },
  {
    name: "display",
    scope: "program",
    type: { kind: "choice", choices: DISPLAYS },
    placeholder: "name",
    default: "sdl",
    help: "where to show pictures: in a window (sdl) or nowhere (none)",
  },
  {
    name: "renderer",
    scope: "program",
    type: { kind: "choice", choices: RENDERERS },
    placeholder: "name",
    default: "auto",
    help: "how the window draws",
  },
  {
    name: "workers",
    scope: "program",
    type: { kind: "whole number", range: [1, 64] },
    placeholder: "n",
    default: "one for each core, up to 4",
    help: "decoder threads",
  },
  {
    name: "size",
    scope: "program",
    type: { kind: "parsed", parse: parseSize },
    placeholder: "WxH",
    default: "the source's own",
    help: "picture size that is enough; the server then sends no larger pictures, and --output has frames of this size",
  },
  {
    name: "max-pixels",
    scope: "program",
    type: { kind: "whole number", range: [1, MAX_SIDE_PIXELS ** 2] },
    placeholder: "n",
    default: DEFAULT_MAX_PIXELS,
    help: "largest number of pixels of a picture that is accepted from a server, because larger ones need much memory",
  },
  {
    name: "output",
    scope: "program",
    type: { kind: "text" },
    placeholder: "file",
    help: "write shown frames to this file as raw RGBA; - for standard output",
  },
  {
    name: "to",
    scope: "program",
    type: { kind: "text" },
    placeholder: "device",
    help: "give shown pictures to this V4L2 output device, for example /dev/video9 of v4l2loopback, so that other programs see a webcam",
    conflicts: [...QUESTIONS, "grid", "output"],
  },
  {
    name: "frames",
    scope: "program",
    type: { kind: "whole number", range: [1, 2 ** 32 - 1] },
    placeholder: "n",
    help: "end after this number of shown frames",
  },
  {
    name: "seconds",
    scope: "program",
    type: { kind: "number", range: [0.001, 1e9] },
    placeholder: "n",
    help: "end after this number of seconds",
  },
  {
    name: "once",
    scope: "program",
    type: { kind: "switch" },
    help: "end when the connection ends, instead of connecting again",
  },
  {
    name: "wait",
    scope: "program",
    type: { kind: "switch" },
    help: "wait for a server that is not found, a host name that is unknown, and a camera that the server does not have",
    conflicts: QUESTIONS,
  },
  ...PROGRAM_SETTINGS,
] as const satisfies readonly SettingEntry[];

export type ViewFlags = ValuesOf<(typeof VIEW_SETTINGS)[number]>;
