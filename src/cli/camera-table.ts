// Formats the output of `bun run cameras`: each camera with its formats and controls, as an object and as a table.

import { messageOf } from "../core/errors.ts";
import { isSameSize } from "../core/pixel-format.ts";
import type { SourceControl } from "../capture/source.ts";
import { rangeText } from "../capture/control-values.ts";
import { queryCamera, type FoundCamera } from "../capture/camera/find.ts";
import { type CameraFormat, frameFormatOf, rateOf, type SizeRange } from "../capture/v4l2/formats.ts";

/** One camera. `--json` prints this object. */
export interface CameraListing {
  index: number;
  path: string;
  name: string;
  /** The USB port or bus of the camera, or "" when the camera cannot be asked. */
  bus: string;
  formats: FormatReport[];
  /** The controls, if `--controls` was given. */
  controls?: SourceControl[];
  /** The reason why the camera cannot be asked, or null. */
  error: string | null;
}

export interface FormatReport {
  /** V4L2's name of the format, for example `MJPG`. */
  fourcc: string;
  description: string;
  /** The name for `--pixel-format`, or null when only ffmpeg can read the format. */
  pixelFormat: string | null;
  sizes: SizeReport[];
}

export interface SizeReport {
  width: number;
  height: number;
  /** The largest size if the camera offers a range of sizes, or null if it offers one size. */
  upTo: { width: number; height: number } | null;
  /**
   * Frames a second, with the highest first. A range is given by its two ends. The list is empty when the driver does not tell
   * rates.
   */
  framesPerSecond: number[];
}

export function reportCamera({ index, path, card, bus }: FoundCamera, withControls: boolean): CameraListing {
  const camera = { index, path, name: card, bus };
  try {
    const { formats, controls } = queryCamera(path, withControls);
    return { ...camera, formats: formats.map(reportFormat), ...(withControls ? { controls } : {}), error: null };
  } catch (error) {
    return { ...camera, formats: [], ...(withControls ? { controls: [] } : {}), error: messageOf(error) };
  }
}

function reportFormat({ fourcc, description, sizes }: CameraFormat): FormatReport {
  return { fourcc, description, pixelFormat: frameFormatOf(fourcc), sizes: sizes.map(reportSize) };
}

function reportSize({ smallest, largest, intervals }: SizeRange): SizeReport {
  const rates = intervals.flatMap(({ shortest, longest }) => [rateOf(shortest), rateOf(longest)]);
  const rounded = new Set(rates.map((rate) => Math.round(rate * 100) / 100));
  return {
    ...smallest,
    upTo: isSameSize(smallest, largest) ? null : largest,
    framesPerSecond: [...rounded].toSorted((a, b) => b - a),
  };
}

/** Returns the table as lines of text. */
export function describeReports(reports: readonly CameraListing[]): string[] {
  return reports.flatMap((report) => [
    `${report.index}  ${report.name}  ${report.path}${report.bus === "" ? "" : `  ${report.bus}`}`,
    ...(report.error === null ? [] : [`   ${report.error}`]),
    ...columns(report.formats.flatMap(formatRows)),
    ...(report.controls === undefined ? [] : columns(report.controls.flatMap(controlRows))),
  ]);
}

function formatRows({ fourcc, description, pixelFormat, sizes }: FormatReport): string[][] {
  const kind = pixelFormat ?? `${description} (by ffmpeg)`;
  if (sizes.length === 0) return [[fourcc, kind, "sizes unknown", ""]];
  return sizes.map(({ width, height, upTo, framesPerSecond }, line) => [
    line === 0 ? fourcc : "",
    line === 0 ? kind : "",
    `${width}x${height}${upTo === null ? "" : ` to ${upTo.width}x${upTo.height}`}`,
    framesPerSecond.length === 0 ? "" : `${framesPerSecond.join(" ")} fps`,
  ]);
}

function controlRows(control: SourceControl): string[][] {
  const { name, type, value, defaultValue, menu, isReadOnly, isInactive } = control;
  const remarks = [...(isReadOnly ? ["read only"] : []), ...(isInactive ? ["currently without effect"] : [])];
  const isValued = type !== "button";
  const first = [
    name,
    type === "integer" || type === "bitmask" ? rangeText(control) : type === "boolean" ? "0 or 1" : type,
    isValued ? `is ${value ?? "unknown"}` : "",
    `${isValued ? `default ${defaultValue}` : ""}${remarks.length > 0 ? ` (${remarks.join(", ")})` : ""}`.trim(),
  ];
  return [first, ...menu.map((item) => ["", `${item.value} = ${item.label}`, "", ""])];
}

function columns(rows: readonly string[][]): string[] {
  const widths = [0, 1, 2, 3].map((at) => Math.max(0, ...rows.map((row) => row[at]?.length ?? 0)));
  return rows.map((row) => `   ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  ")}`.trimEnd());
}
