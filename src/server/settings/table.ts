// The table of all settings of `serve`. The flags, the keys of slipstream.toml, --help and docs/options.md come from this table.
//
// A new setting needs an entry here, or in the part of the table that camera-settings.ts or limit-settings.ts has. A new option
// of serve() also needs a field in options.ts, a default and a range in resolve.ts, and a line in `combine` of settings.ts.

import { CODEC_NAMES } from "../../codec/codecs.ts";
import { PROGRAM_SETTINGS } from "../../core/program-settings.ts";
import type { SettingEntry } from "../../core/setting-table.ts";
import { CAMERA_SETTINGS } from "./camera-settings.ts";
import { checkHttpName, checkOrigin, checkProxy } from "./http-values.ts";
import { LIMIT_SETTINGS } from "./limit-settings.ts";
import { checkMqtt, checkMqttTopic, MQTT_TOPIC } from "./output-values.ts";
import { DEFAULTS, RANGES } from "./resolve.ts";

/** `serve` reads this file from the working directory unless `--config` names another file. */
export const SETTINGS_FILE = "slipstream.toml";

/** The settings in the order of `--help`. */
export const SERVE_SETTINGS = [
  ...CAMERA_SETTINGS,
  ...LIMIT_SETTINGS,
  {
    name: "idle-release",
    scope: "cameras",
    type: { kind: "number", range: RANGES.idleReleaseSeconds },
    placeholder: "s",
    default: 0,
    help: `seconds without a viewer after which the source is closed until a viewer comes; 0 = never; without the setting a camera of another server is closed after ${DEFAULTS.relayIdleReleaseSeconds} s`,
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
    help: "a further host name of the web page, for example that of a proxy in front of it; may be repeated",
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
    name: "mqtt",
    scope: "server",
    type: { kind: "parsed", parse: checkMqtt },
    placeholder: "address",
    help: "publish motion to this MQTT broker, for example mqtt://192.168.1.10, with descriptions for Home Assistant",
  },
  {
    name: "mqtt-topic",
    scope: "server",
    needs: "mqtt",
    type: { kind: "parsed", parse: checkMqttTopic },
    placeholder: "topic",
    default: MQTT_TOPIC,
    help: "first part of all MQTT topics; servers of one broker need different ones",
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
