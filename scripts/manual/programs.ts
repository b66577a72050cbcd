// The programs as the manual pages and the completions of shells show them. The flags come from the tables of settings.

import { CAMERAS_SETTINGS } from "../../src/cli/cameras-settings.ts";
import { CLIP_SETTINGS } from "../../src/cli/clip-settings.ts";
import { DOCTOR_SETTINGS } from "../../src/cli/doctor-settings.ts";
import { KEY_ADD_SETTINGS, KEY_LIST_SETTINGS } from "../../src/cli/key-settings.ts";
import { VIEW_SETTINGS } from "../../src/cli/view-settings.ts";
import type { SettingEntry } from "../../src/core/setting-table.ts";
import { SERVE_SETTINGS } from "../../src/server/settings/table.ts";

export interface ProgramEntry {
  /** The words after `slipstream`, for example `key add`. */
  name: string;
  /** One line without a full stop. */
  summary: string;
  /** The argument in the synopsis, for example `[camera]`, with its explanation. */
  argument?: { shown: string; help: string };
  settings: readonly SettingEntry[];
  /** Further paragraphs. */
  description: readonly string[];
}

export const PROGRAMS: readonly ProgramEntry[] = [
  {
    name: "serve",
    summary: "serve live video to any number of viewers",
    settings: SERVE_SETTINGS,
    description: [
      "Serves the pictures of cameras, screens, files and streams. Each viewer gets as many frames as it can receive, and always the newest one.",
      "The server listens on 127.0.0.1 unless --host names another address. With --host viewers need a key, and TLS encrypts the connections.",
      "SIGHUP makes the server read its settings file again. Viewers whose camera has not changed stay connected. SIGINT and SIGTERM end the server.",
    ],
  },
  {
    name: "view",
    summary: "show the live video of a server",
    argument: {
      shown: "[host[:port][/camera]]",
      help: "The server and one of its cameras, or a link (slips://KEY@HOST). Without it, view uses the server on this machine, or one that it finds on the network.",
    },
    settings: VIEW_SETTINGS,
    description: [
      "Shows what the camera sees now, in a window. Keys in the window: F or F11 fullscreen, I figures, S save the picture, C save the last 30 seconds, Space pause, Q, Esc or Enter quit. With --grid, 1 to 9 and clicks show one camera in the whole window, or all again.",
    ],
  },
  {
    name: "clip",
    summary: "save the last seconds of a camera",
    argument: {
      shown: "host[:port][/camera] length file",
      help: "The server and its camera, or a link (slips://KEY@HOST), the length of the clip, for example 30s, and the new file.",
    },
    settings: CLIP_SETTINGS,
    description: [
      "Saves the last seconds of a camera as a Matroska file with Motion JPEG. The server keeps them in memory if it runs with --past. No file is overwritten.",
    ],
  },
  {
    name: "cameras",
    summary: "list the cameras of this machine",
    argument: { shown: "[camera]", help: "List only this camera: its index, its name or a part of its name." },
    settings: CAMERAS_SETTINGS,
    description: ["Lists the cameras for serve --source, with device, name, formats, sizes and rates."],
  },
  {
    name: "key add",
    summary: "make a key for viewers",
    argument: { shown: "name", help: "A name for the log and for remove." },
    settings: KEY_ADD_SETTINGS,
    description: ["Makes a key, keeps its hash in the key store, and prints the key once."],
  },
  {
    name: "key list",
    summary: "list the keys of viewers",
    settings: KEY_LIST_SETTINGS,
    description: ["Prints the names, rights and dates of the keys in the key store."],
  },
  {
    name: "key remove",
    summary: "remove a key",
    argument: { shown: "name", help: "The name of the key." },
    settings: [],
    description: ["Removes a key. Viewers that use it are disconnected within a second."],
  },
  {
    name: "demo",
    summary: "show a film from a server to a window and a web page",
    settings: [],
    description: [
      "Starts a server with a film of six seconds, which is shown again and again, and a viewer with a window. A line of the log has the address of the web page. Without ffmpeg the test pattern is shown, and without a display the figures of the viewer.",
    ],
  },
  {
    name: "doctor",
    summary: "examine this machine",
    settings: DOCTOR_SETTINGS,
    description: [
      "Tells what this machine has for serve and view, and which command fixes what is missing. Encodes and decodes pictures for a second and tells how many cameras the machine can serve. The exit code is 0 unless something that serve needs is missing.",
    ],
  },
];
