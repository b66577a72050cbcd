// The part of the table of settings that describes cameras: their sources, their pictures and the quality of these.

import { parseSetting } from "../../capture/control-values.ts";
import { DEFAULT_FRAMES_PER_SECOND, DEFAULT_SIZE } from "../../capture/open.ts";
import { PIXEL_FORMATS, parseSize, SAMPLINGS } from "../../core/pixel-format.ts";
import type { SettingEntry } from "../../core/setting-table.ts";
import { checkCameraName } from "./camera-name.ts";
import { CAMERA_PRESET, SCREEN_PRESET } from "./preset.ts";
import { checkWebhook } from "./output-values.ts";
import { parseKeep, parseSegmentSeconds } from "./record-values.ts";
import { DEFAULTS, RANGES, WHENS } from "./resolve.ts";
import { parseZone } from "./zone-values.ts";

/** The settings in the order of `--help`. */
export const CAMERA_SETTINGS = [
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
    name: "record",
    scope: "cameras",
    type: { kind: "text" },
    placeholder: "folder",
    help: "record each camera, in its best size and quality, to files in this folder (Motion JPEG in Matroska, nothing is encoded again)",
  },
  {
    name: "record-segment",
    scope: "cameras",
    type: { kind: "parsed", parse: parseSegmentSeconds },
    placeholder: "time",
    default: "10m",
    help: "length of a file, for example 10m or 1h; files begin at round times",
  },
  {
    name: "record-keep",
    scope: "cameras",
    type: { kind: "parsed", parse: parseKeep },
    placeholder: "limits",
    default: "everything",
    help: "age and size of the recordings that are kept, for example 7d,50GB; the oldest files are deleted first",
  },
  {
    name: "record-when",
    scope: "cameras",
    type: { kind: "choice", choices: WHENS },
    placeholder: "what",
    default: "always",
    help: "record everything, or only motion (--motion) and some seconds before and after it",
  },
  {
    name: "record-before",
    scope: "cameras",
    type: { kind: "number", range: RANGES.recordBeforeSeconds },
    placeholder: "s",
    default: DEFAULTS.recordBeforeSeconds,
    help: "with --record-when motion: the seconds before an event that are recorded; they are held in memory",
  },
  {
    name: "record-after",
    scope: "cameras",
    type: { kind: "number", range: RANGES.recordAfterSeconds },
    placeholder: "s",
    default: DEFAULTS.recordAfterSeconds,
    help: "with --record-when motion: the seconds after the last motion that are recorded",
  },
  {
    name: "motion",
    scope: "cameras",
    type: { kind: "switch" },
    help: "detect motion in each camera, also while nobody watches (docs/motion.md)",
  },
  {
    name: "motion-area",
    scope: "cameras",
    type: { kind: "number", range: RANGES.motionAreaPercent },
    placeholder: "percent",
    default: DEFAULTS.motionArea * 100,
    help: "how much of the picture has to move",
  },
  {
    name: "motion-for",
    scope: "cameras",
    type: { kind: "whole number", range: RANGES.motionForMs },
    placeholder: "ms",
    default: DEFAULTS.motionForMs,
    help: "how long it has to move until an event begins",
  },
  {
    name: "motion-quiet",
    scope: "cameras",
    type: { kind: "number", range: RANGES.motionQuietSeconds },
    placeholder: "s",
    default: DEFAULTS.motionQuietSeconds,
    help: "time without motion after which an event ends",
  },
  {
    name: "on-event",
    scope: "cameras",
    type: { kind: "text" },
    repeats: true,
    isFileOnly: true,
    help: 'a program and its arguments, run without a shell when motion starts, for example ["notify-send", "{camera}"] (docs/motion.md)',
  },
  {
    name: "webhook",
    scope: "cameras",
    type: { kind: "parsed", parse: checkWebhook },
    placeholder: "address",
    help: "http or https address to which the starts and ends of motion are posted as JSON",
  },
  {
    name: "zones",
    scope: "camera",
    type: { kind: "parsed", parse: parseZone },
    repeats: true,
    isFileOnly: true,
    help: "the zones in which motion is watched or ignored, each a table with name, rectangle or polygon, and ignore (docs/motion.md)",
  },
] as const satisfies readonly SettingEntry[];
